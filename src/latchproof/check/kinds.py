"""What a target is checked as: one of the two machines, whose rules judge it, or a model.

A check asks a `Kind` for whatever differs between them. What is asked of a machine stands here; that of a model in
`latchproof.check.model_kind`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Protocol

from latchproof.check.importing import TargetError
from latchproof.check.machine_specification import MachineSpecification, compares
from latchproof.check.model_specification import VariantSpecification
from latchproof.check.reach import applicable_rules
from latchproof_spec.machine import Machine, Variant
from latchproof_spec.machines import MACHINES, sentence_of

if TYPE_CHECKING:
    from latchproof.check.automaton import Automata, Specifications
    from latchproof.check.specification import Invocation, Specification
    from latchproof.check.values import Compared
    from latchproof_spec.claims import Claim
    from latchproof_spec.machine import Programs


def a(name: str) -> str:
    """Return the name of a kind with its article.

    >>> a("latch"), a("event")
    ('a latch', 'an event')
    """
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


class Operation(Protocol):
    """An operation of a kind: what a program may call."""

    @property
    def name(self) -> str:
        """The name of the method."""

    @property
    def parameters(self) -> Mapping[str, type]:
        """The type of each parameter: int or bool."""

    @property
    def waits(self) -> bool:
        """Whether its calls may block."""

    @property
    def optional(self) -> bool:
        """Whether a class may lack it."""

    @property
    def also_called(self) -> tuple[str, ...]:
        """Names that other libraries have for it."""

    @property
    def gives_back(self) -> str:
        """The operation by which a task gives back what it has taken by this one; "" if it takes nothing."""


class Interface(Protocol):
    """What a class that is checked as a kind may have: its operations, and what a caller may read."""

    @property
    def name(self) -> str:
        """The name of the kind, as `--kind` takes it."""

    @property
    def operations(self) -> Sequence[Operation]: ...

    @property
    def observations(self) -> Collection[str]: ...


class Kind(Interface, Protocol):
    """What a target is checked as.

    `parameter` names the constructor's argument, an int; it is "" if the constructor takes none, and the argument is 0
    then. `policies` are all by which a class may be judged, `usual_policies` those that are tried if none is named, and
    `variants` those that need a state of their own. `release` names the event that lets a waiting call return.
    """

    @property
    def is_a_model(self) -> bool:
        """Whether a model judges it, and not the rules of a machine."""

    @property
    def model_name(self) -> str:
        """FILE:CLASS or MODULE:CLASS of a model, "" for a kind that is shipped."""

    @property
    def parameter(self) -> str: ...

    @property
    def objects(self) -> Mapping[str, tuple[int, str]]:
        """Where a factory returns several objects: which has an operation or reading, and under which name there."""

    @property
    def smallest(self) -> int:
        """The smallest argument that the constructor does not refuse."""

    @property
    def claims(self) -> Sequence[Claim]:
        """What a history of it may break."""

    @property
    def policies(self) -> Sequence[Any]: ...

    @property
    def usual_policies(self) -> Sequence[Any]: ...

    @property
    def variants(self) -> Sequence[Variant]: ...

    @property
    def release(self) -> str: ...

    @property
    def gives_index(self) -> bool:
        """Whether a call that waits returns an index, or tells who leads."""

    @property
    def withdraws_early(self) -> bool:
        """Whether a call may be withdrawn before it takes effect in a way that a reader can tell."""

    def make(self, factory: Callable[..., Any], argument: int) -> Any:
        """Return what a class or a factory makes of the argument."""

    def driven_as(self, made: Any) -> Any:
        """Return the object whose methods are called, for what a factory has made."""

    def maker(self, factory: Callable[..., Any]) -> Callable[[int], Any]:
        """Return what makes the object whose methods are called, of the argument."""

    def policy(self, name: str) -> Any:
        """Return the policy or variant of that name; raise TargetError if there is none."""

    def in_order(self, policy: Any) -> Any | None:
        """Return the policy that also demands first come, first served, where a policy leaves that open.

        It is judged as well, and whether it is satisfied is told: that is a property of a class, not a fault.
        """

    @property
    def specifications(self) -> Specifications:
        """What `specification` has returned so far. All targets of a kind share it, and so the automata."""

    @property
    def automata(self) -> Automata:
        """The automata of the specifications, as far as they were walked."""

    def specification(self, policy: Any, argument: int, compared: Compared) -> Specification:
        """Return what histories of an instance made with `argument` are judged by under a policy."""

    def constants(self, argument: int) -> Mapping[str, object]:
        """Return what can be read and never changes."""

    def refuses(self, argument: int) -> str:
        """Return why the constructor refuses an argument; "" if it does not."""

    def programs(self, host: str) -> tuple[Programs, ...]:
        """Return the default bounds on a host."""

    def needed_to_release(self, argument: int, operations: tuple[str, ...]) -> tuple[int, int]:
        """Return how many calls, and how many of them at once, it takes until a waiting call returns."""

    def claims_under(self, policy: Any) -> Sequence[Claim]:
        """Return the claims that are made under a policy."""

    def exercised(self, policy: Any, rules: Set[str]) -> Collection[Claim]:
        """Return the claims, of those that are made under a policy, that these rules give a chance to fail."""

    def in_reach(self, specification: Specification, calls: Sequence[Invocation], *, cancels: bool) -> Set[str]:
        """Return the rules of a specification that such calls can apply at all, with cancellations or without."""

    def compares(self, policy: Any, compared: Compared) -> bool:
        """Return whether the values that waiting calls return are compared under a policy."""

    def blamed_for(self, situation: str) -> Claim | None:
        """Return which claim a history breaks that shows a situation; None if that cannot arise."""

    def sentence(self, claim: str, policy: str) -> str:
        """Return what the claim of that ID says under the policy of that name."""

    def made_with(self, *arguments: int) -> str:
        """Return constructor arguments with their name, as "parties 2, 3"; "" where there are none."""


@dataclass(frozen=True)
class MachineKind:
    """A machine, which judges by its rules; the names are those of `latchproof_spec.machine.Machine`."""

    machine: Machine
    model_name: str = ""
    specifications: Specifications = field(default_factory=dict, init=False, compare=False, repr=False)
    automata: Automata = field(default_factory=dict, init=False, compare=False, repr=False)
    is_a_model: Final = False

    @property
    def name(self) -> str:
        return self.machine.name

    @property
    def parameter(self) -> str:
        return self.machine.parameter

    @property
    def objects(self) -> Mapping[str, tuple[int, str]]:
        return {}

    @property
    def smallest(self) -> int:
        return self.machine.smallest

    @property
    def operations(self) -> Sequence[Operation]:
        return self.machine.operations

    @property
    def observations(self) -> Collection[str]:
        return self.machine.observations

    @property
    def claims(self) -> Sequence[Claim]:
        return self.machine.claims

    @property
    def policies(self) -> Sequence[Any]:
        return self.machine.policies

    @property
    def usual_policies(self) -> Sequence[Any]:
        return self.machine.usual_policies

    @property
    def variants(self) -> Sequence[Variant]:
        return self.machine.variants

    @property
    def release(self) -> str:
        return self.machine.release

    @property
    def gives_index(self) -> bool:
        return self.machine.gives_index

    @property
    def withdraws_early(self) -> bool:
        return self.machine.withdraws_early

    def make(self, factory: Callable[..., Any], argument: int) -> Any:
        return factory(argument)

    def driven_as(self, made: Any) -> Any:
        return made

    def maker(self, factory: Callable[..., Any]) -> Callable[[int], Any]:
        return factory

    def policy(self, name: str) -> Any:
        variants = {one.name: one for one in self.machine.variants}
        if name in variants:
            return variants[name]
        try:
            return self.machine.policy(name)
        except KeyError:
            names = ", ".join(one.name for one in (*self.machine.policies, *self.machine.variants))
            raise TargetError(f"there is no policy {name!r} for {a(self.name)}; there are {names}") from None

    def in_order(self, policy: Any) -> Any | None:
        return None

    def specification(self, policy: Any, argument: int, compared: Compared) -> Specification:
        if isinstance(policy, Variant):
            return VariantSpecification(self.machine, policy, argument, compared=compared)
        return MachineSpecification(self.machine, policy, argument, compared=compared)

    def constants(self, argument: int) -> Mapping[str, object]:
        return _constants(self.machine, argument)

    def refuses(self, argument: int) -> str:
        rule = self.machine.create(argument)[2]
        return rule.message.format(repr(argument)) if rule.refuses else ""

    def programs(self, host: str) -> tuple[Programs, ...]:
        programs = self.machine.bounds.programs
        return programs.get(host, programs[""])

    def needed_to_release(self, argument: int, operations: tuple[str, ...]) -> tuple[int, int]:
        return self.machine.needed_to_release(argument, operations)

    def claims_under(self, policy: Any) -> Sequence[Claim]:
        exercise = self._exercise(policy)
        return [claim for claim in self.claims if claim in exercise]

    def exercised(self, policy: Any, rules: Set[str]) -> Collection[Claim]:
        return [claim for claim, one in self._exercise(policy).items() if not rules.isdisjoint(one)]

    def in_reach(self, specification: Specification, calls: Sequence[Invocation], *, cancels: bool) -> Set[str]:
        return applicable_rules(specification, calls, cancels=cancels)

    def _exercise(self, policy: Any) -> Mapping[Claim, tuple[str, ...]]:
        return policy.exercise if isinstance(policy, Variant) else self.machine.exercise

    def compares(self, policy: Any, compared: Compared) -> bool:
        return compares(self.machine, policy, compared)

    def blamed_for(self, situation: str) -> Claim | None:
        return {str(one): claim for one, claim in self.machine.blame.items()}.get(situation)

    def sentence(self, claim: str, policy: str) -> str:
        return sentence_of(claim, self.name, policy)

    def made_with(self, *arguments: int) -> str:
        return f"{self.parameter} {', '.join(map(str, arguments))}"

    def __repr__(self) -> str:
        return self.name


MACHINE_KINDS: dict[str, MachineKind] = {name: MachineKind(machine) for name, machine in MACHINES.items()}
"""The kinds that are judged by rules, by their names."""


@lru_cache
def _constants(machine: Machine, argument: int) -> Mapping[str, object]:
    """Return the constants of a machine that is made with an argument; every run asks for them."""
    values, *_ = machine.create(argument)
    return dict(zip(machine.constants, values, strict=True))
