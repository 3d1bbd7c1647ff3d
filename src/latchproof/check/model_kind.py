"""A model (see `latchproof_spec.model`) as a kind that a target is checked as.

Which ones there are, and which of them a class is, belongs to `latchproof.check.kind_of`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property
from inspect import iscoroutinefunction, signature
from typing import Any, Final

from latchproof.check.automaton import Automata, Specifications
from latchproof.check.history import shown
from latchproof.check.importing import TargetError
from latchproof.check.kinds import Operation, a
from latchproof.check.model_parts import ModelPolicy, observations_of, operations_in, policies_of, takes_argument
from latchproof.check.model_specification import ModelSpecification
from latchproof.check.several import Several
from latchproof.check.specification import Invocation, Specification
from latchproof.check.values import Compared
from latchproof_spec.claims import Claim
from latchproof_spec.findings import BLAME, FINDINGS, exercised_by, finding_of
from latchproof_spec.machine import Programs, Variant
from latchproof_spec.model import Model, ModelError

ARGUMENTS = (0, 1, 2)
"""Constructor arguments that are tried where a model has an argument, as far as it does not refuse them."""

USUAL = Programs((), at_once=3, calls=4, cancellations=1, numbers=(1, 2))
"""The bounds for a model whose own are not known."""

HIGHEST = 8
"""The highest constructor argument of which it is found out whether it is the smallest that is not refused."""


@dataclass(frozen=True)
class ModelKind:
    """A model of that name; `model_name` is FILE:CLASS or MODULE:CLASS of one that is not shipped.

    `bounds` are the default ones by host, "" for every host that is not named; empty, they are the usual ones.
    `classes` are names of well-known classes of this kind, as "asyncio.Lock".
    """

    name: str
    model: type[Model]
    model_name: str = ""
    bounds: Mapping[str, tuple[Programs, ...]] = field(default_factory=dict, hash=False)
    classes: tuple[str, ...] = ()
    driven: Callable[[Any], Any] | None = None
    """What makes an object that is driven of what the factory returns."""
    specifications: Specifications = field(default_factory=dict, init=False, compare=False, repr=False)
    automata: Automata = field(default_factory=dict, init=False, compare=False, repr=False)
    is_a_model: Final = True

    @cached_property
    def parameter(self) -> str:
        return next(iter(signature(self.model).parameters)) if takes_argument(self.model) else ""

    @property
    def objects(self) -> Mapping[str, tuple[int, str]]:
        return self.model.objects

    @cached_property
    def smallest(self) -> int:
        return next((one for one in range(HIGHEST + 1) if not self.refuses(one)), 0)

    @cached_property
    def operations(self) -> Sequence[Operation]:
        return operations_in(self.model)

    @cached_property
    def observations(self) -> Collection[str]:
        return tuple(one.name for one in observations_of(self.model, self.smallest))

    @property
    def claims(self) -> Sequence[Claim]:
        return FINDINGS

    @cached_property
    def policies(self) -> tuple[ModelPolicy, ...]:
        return policies_of(self.model, self.name)

    @property
    def usual_policies(self) -> tuple[ModelPolicy, ...]:
        return self.policies

    @property
    def variants(self) -> Sequence[Variant]:
        return ()

    @property
    def release(self) -> str:
        return "a call to continue"

    @property
    def gives_index(self) -> bool:
        return False

    @property
    def withdraws_early(self) -> bool:
        return False

    def make(self, factory: Callable[..., Any], argument: int) -> Any:
        return factory(argument) if self.parameter else factory()

    def consists_of(self, made: Any) -> bool:
        """Return whether it is several objects, as many as the model has."""
        return isinstance(made, tuple | list) and len(made) == self._number_of_objects

    @property
    def _number_of_objects(self) -> int:
        """How many objects a factory makes; an operation that is not said to be of another is of the first."""
        return 1 + max((place for place, _ in self.model.objects.values()), default=0)

    def driven_as(self, made: Any) -> Any:
        if self.model.objects:
            if not self.consists_of(made):
                number = self._number_of_objects
                raise TargetError(
                    f"{a(self.name)} consists of {number} objects, and {shown(made)} is not that; name a factory "
                    "function that returns them as a tuple"
                )
            return Several(made, self.model.objects)
        return made if self.driven is None else self._wrapped(made)

    def _wrapped(self, made: Any) -> Any:
        """Return the object that is driven in place of another one, which it enters and awaits."""
        assert self.driven is not None
        waiting = [one.name for one in self.operations if one.waits]
        if not hasattr(made, "__aenter__") or not all(iscoroutinefunction(getattr(made, one, None)) for one in waiting):
            raise TargetError(
                f"{a(self.name)} is entered by `async with`, and its {waiting[0]}() is a coroutine function; that of "
                f"{type(made).__qualname__} is not: write a small class around it"
            )
        return self.driven(made)

    def maker(self, factory: Callable[..., Any]) -> Callable[[int], Any]:
        return lambda argument: self.driven_as(self.make(factory, argument))

    def policy(self, name: str) -> ModelPolicy:
        known = {one.name: one for policy in self.policies for one in (policy, policy.in_order) if one is not None}
        if name in known:
            return known[name]
        names = ", ".join(map(repr, known))
        raise TargetError(f"there is no policy {name!r} for {a(self.name)}; there are {names}")

    def in_order(self, policy: Any) -> ModelPolicy | None:
        found: ModelPolicy | None = policy.in_order
        return found

    def specification(self, policy: Any, argument: int, compared: Compared) -> Specification:
        return ModelSpecification(policy.model, argument, fair=policy.fair, name=policy.name)

    def constants(self, argument: int) -> Mapping[str, object]:
        return {}

    def refuses(self, argument: int) -> str:
        try:
            ModelSpecification(self.model, argument, fair=False)
        except ModelError:
            raise
        except Exception as error:
            return f"the model refuses {self.made_with(argument)}, with {type(error).__name__}"
        return ""

    def programs(self, host: str) -> tuple[Programs, ...]:
        if self.bounds:
            return self.bounds.get(host, self.bounds[""])
        arguments = ARGUMENTS if self.parameter else (0,)
        accepted = tuple(one for one in arguments if not self.refuses(one)) or (self.smallest,)
        return (Programs(accepted, USUAL.at_once, USUAL.calls, USUAL.cancellations, numbers=USUAL.numbers),)

    def needed_to_release(self, argument: int, operations: tuple[str, ...]) -> tuple[int, int]:
        return 1, 1

    def claims_under(self, policy: Any) -> Sequence[Claim]:
        return FINDINGS

    def exercised(self, policy: Any, rules: Set[str]) -> Collection[Claim]:
        return {claim for rule in rules for claim in exercised_by(rule)}

    def in_reach(self, specification: Specification, calls: Sequence[Invocation], *, cancels: bool) -> Set[str]:
        """Return what calls may do as far as their operations tell: each may return, and some may wait."""
        waiting = {one.name for one in specification.operations if one.waits}
        names = {call.operation for call in calls}
        found = {f"{name}() returns" for name in names} | {f"{name}() waits" for name in names & waiting}
        return found | ({f"{name}() is withdrawn" for name in names & waiting} if cancels else set())

    def compares(self, policy: Any, compared: Compared) -> bool:
        return True

    def blamed_for(self, situation: str) -> Claim | None:
        return {str(one): claim for one, claim in BLAME.items()}.get(situation)

    def sentence(self, claim: str, policy: str) -> str:
        return finding_of(claim).sentence

    def made_with(self, *arguments: int) -> str:
        return f"{self.parameter} {', '.join(map(str, arguments))}" if self.parameter else ""

    def __repr__(self) -> str:
        return self.name
