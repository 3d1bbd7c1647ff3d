"""What a machine is, as tools see it: operations, observations, rules, claims, and the data in which machines differ.

Whatever is generic (the prover, the explorers, the judge of histories, the fuzzer, the renderers) reads a machine from
here, so it works for every machine without knowing which one it has. A difference between two machines that a tool
needs is a field here, never a comparison with a machine's name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from latchproof_spec.calls import CallClaims
from latchproof_spec.claims import Account, Claim, Eventuality, Property
from latchproof_spec.model import Model
from latchproof_spec.step import Rule

Situation: TypeAlias = Literal[
    "stray error", "wrong error", "wrong reading", "missed refusal", "mistaken refusal", "missed error", "wrong index",
    "early return", "failed unasked", "error after release", "cancelled instead of failed", "harmed by a cancellation",
    "cancelled unasked", "stranded", "index not delivered", "error not delivered", "release not delivered",
    "wrongly broken or mended", "endless step", "effect of a cancelled call", "refusal not delivered",
]  # fmt: skip
"""What a history can show that no configuration allows; see `Machine.blame`."""


@dataclass(frozen=True, eq=False)
class Fact:
    """What the host tells an operation about the call that it is for, in addition to the call's arguments.

    `read(call)` reads it off the call, which has `parked` and `released`, plain or symbolic; without `read` the host
    may say either, and every tool tries both. `premise(fact, parked)` is what it implies about how many tasks are
    parked.
    """

    name: str
    sentence: str
    read: Callable[[Any], Any] | None = None
    premise: Callable[[Any, Any], bool] = lambda fact, parked: True


IS_PARKED: Final = Fact(
    "is_parked",
    "Whether the task is parked; else it was already released.",
    read=lambda call: call.parked,
    premise=lambda is_parked, parked: not is_parked or parked > 0,
)
"""What every withdrawal is told."""

HAS_ARRIVED: Final = Fact(
    "has_arrived",
    "Whether the call was counted; else its task was cancelled when it made the call.",
    read=lambda call: call.parked or call.released,
)
"""What a withdrawal is told, too, where a call that is not made yet may be withdrawn."""


@dataclass(frozen=True, eq=False, repr=False)
class Operation:
    """An operation of a machine: its name, its function, and what a call gives it.

    `function` is called with the machine's constants, its state, the call's arguments, the host's facts, and a policy.
    `parameters` maps each argument's name to `int` or `bool`. `optional` operations may be absent from other classes.
    `waits` says whether the call may block. `withdraw` is not a call: the host makes it, for a task whose cancellation
    is requested. `also_called` are names that other libraries have for it.
    """

    name: str
    function: Callable[..., tuple[Any, ...]]
    parameters: Mapping[str, type] = field(default_factory=dict)
    facts: tuple[Fact, ...] = ()
    waits: bool = False
    optional: bool = False
    also_called: tuple[str, ...] = ()

    @property
    def gives_back(self) -> str:
        """No call takes anything that its task has to give back."""
        return ""

    @property
    def inputs(self) -> dict[str, type]:
        """All that a call gives the function, by name: its arguments, then what the host tells."""
        return {**self.parameters, **{one.name: bool for one in self.facts}}

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True, eq=False)
class Observation:
    """A property that a caller may read: its value in a state.

    `counts_released(policy)` says whether a policy lets it count calls that were parked, or completed a generation, and
    have not ended, whatever they end with.
    """

    read: Callable[..., Any]
    counts_released: Callable[[Any], bool] = lambda policy: False


@dataclass(frozen=True)
class Programs:
    """Bounds of the programs that a check tries.

    `arguments`      constructor arguments.
    `at_once`        how many calls may be under way at once.
    `calls`          how many calls there are in all.
    `cancellations`  how many requests to cancel one.
    `early`          whether a task may also be cancelled before it makes a call that waits.
    `waits_only`     whether only calls that wait are made.
    `numbers`        what a parameter that is an int is given.
    `beside`         how many calls are made on a second instance, which must not affect the first.
    `again`          whether a task may call again in a later step, or after its call was cancelled.
    `in_except`      whether a call may also be made while an exception is handled.
    `eager`          whether the tasks that the target starts are eager, on hosts that have such tasks.
    """

    arguments: tuple[int, ...]
    at_once: int
    calls: int
    cancellations: int
    waits_only: bool = False
    numbers: tuple[int, ...] = ()
    beside: int = 0
    early: bool = False
    again: bool = False
    in_except: bool = False
    eager: bool = False


@dataclass(frozen=True)
class ModelBounds:
    """Bounds of an exported model: the constructor's argument, how many tasks use it, which calls, and how many.

    `highest_count` is the highest number that is an argument of a call. Calls are unbounded unless `calls` is given.
    """

    argument: int
    tasks: int
    highest_count: int = 3
    calls: int | None = None
    operations: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Bounds:
    """The default bounds of the tools for one machine.

    `programs`  what a check tries, by host; "" stands for every host that is not named.
    `model`     of the exported models.
    `mutants`   constructor arguments with which mutants are explored and scheduled.
    `quick`     those of a quick run.
    `page`      constructor arguments that a report can step through.
    """

    programs: Mapping[str, tuple[Programs, ...]]
    model: ModelBounds
    mutants: tuple[int, ...]
    quick: tuple[int, ...]
    page: tuple[int, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Variant:
    """A policy that needs a state of its own: a model, which is made with the machine's argument.

    It permits what is usually a fault, so a class is judged by it only where its name is asked for. Histories are
    judged by it; nothing is proved of it.

    `exercise`   what gives each claim a chance to fail, as a machine's rules do: "wait() waits", "wait() returns",
                 "wait() ends other calls", "wait() raises BrokenBarrierError", "wait() is withdrawn", or "wait() is
                 cancelled after it took effect".
    `sentences`  what a claim says under it, where the machine's sentence is not true of it.
    `blame`      which claim a history breaks, where it differs from the machine's.
    """

    name: str
    model: type[Model]
    exercise: Mapping[Claim, tuple[str, ...]]
    sentences: Mapping[Claim, str] = field(default_factory=dict)
    blame: Mapping[Situation, Claim] = field(default_factory=dict)

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True, eq=False, repr=False)
class Machine:
    """A machine: how it is made, its state, its operations, rules, observations and claims, and data for tools.

    `title` is the name of our own class, which stands at `shell` (MODULE:CLASS). `create` takes the constructor's
    argument, which is called `parameter` (`parameters` is its plural), and returns `(constants, state, rule)`; a rule
    that refuses comes with a state that must not be used. `state` maps the names of the state's variables to their
    types; `parked` names the one that counts the parked tasks. `observations` are the properties that a caller may
    read, and `phases` the states of its diagram, each a function of constants and state. `methods` lists every method
    of our own class, and every function beside it, with what it does: it makes an operation or reads a part of the
    state, which are given by name, or it "makes it", "shows the state", "does nothing", "refuses", "is an error", "is
    part of others", or "is another name of" another one.

    What is claimed of it stands in `invariants`, `step_properties`, `history_properties`, `accounts`, `readings`,
    `censuses` and `eventualities` (see `claims`), and in `call_claims` (see `calls`). `exercise` maps each claim to the
    IDs of the rules that give it a chance to fail: a run that fires none of them says nothing about the claim.

    `policies` differ in more than their names. `aliases` maps other names by which one may be asked for to its own.
    `variants` are the policies that need a state of their own, `only_named` those without one that a check judges only
    if it is asked to. `led(policy)` is the policy for a class whose calls tell only whether they lead, in place of an
    index; a policy that is for such classes stays the same.
    `blame` says which claim a history breaks, by what it shows; a situation that cannot arise is not in it.
    `reaches_released(rule, policy)` says whether a policy lets a rule fail calls that are released with an index.
    `compiled_from` is the file of the model that it was compiled from, "" for a machine of the specification.
    `freedoms` maps each axis of a policy that no rule shows to the words before its value. `needed_to_release(argument,
    operations)` is how many calls, and how many of them at once, it takes until a waiting call returns; `release` names
    that event.
    """

    name: str
    title: str
    shell: str
    parameter: str
    parameters: str
    constants: tuple[str, ...]
    state: Mapping[str, type]
    create: Callable[[Any], tuple[tuple[Any, ...], tuple[Any, ...], Rule]]
    operations: tuple[Operation, ...]
    withdraw: Operation
    observations: Mapping[str, Observation]
    methods: Mapping[str, str]
    phases: Mapping[str, Callable[..., bool]]
    rules: tuple[Rule, ...]
    policies: tuple[Any, ...]
    exercise: Mapping[Claim, tuple[str, ...]]
    invariants: tuple[Property, ...]
    step_properties: tuple[Property, ...]
    history_properties: tuple[Property, ...]
    accounts: tuple[Account, ...]
    readings: tuple[Property, ...]
    censuses: tuple[Property, ...]
    eventualities: tuple[Eventuality, ...]
    call_claims: CallClaims
    blame: Mapping[Situation, Claim]
    bounds: Bounds
    release: str
    needed_to_release: Callable[[int, tuple[str, ...]], tuple[int, int]]
    variants: tuple[Variant, ...] = ()
    reaches_released: Callable[[Rule, Any], bool] = lambda rule, policy: False
    freedoms: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    only_named: tuple[str, ...] = ()
    led: Callable[[Any], Any] | None = None
    parked: str = "parked"
    compiled_from: str = ""

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The claims about it, in the order of their numbers."""
        return tuple(sorted(self.exercise, key=lambda claim: claim.number))

    @property
    def source(self) -> str:
        """The file with its functions and rules, from the root of the specification; or that of its model."""
        return self.compiled_from or self.create.__module__.replace(".", "/") + ".py"

    @property
    def smallest(self) -> int:
        """The smallest argument that the constructor does not refuse: 0 for a count, 1 for a number of parties."""
        return next(argument for argument in (0, 1) if not self.create(argument)[2].refuses)

    @property
    def parked_at(self) -> int:
        """The place in the state of the number of parked tasks."""
        return list(self.state).index(self.parked)

    @property
    def withdraws_early(self) -> bool:
        """Whether a call may be withdrawn before it takes effect, by the rules: else that is no step."""
        return HAS_ARRIVED in self.withdraw.facts

    @property
    def gives_index(self) -> bool:
        """Whether a call that waits returns an index."""
        return any(rule.queue == "indexed" for rule in self.rules)

    @property
    def every_operation(self) -> tuple[Operation, ...]:
        """The operations that are calls, then the withdrawal."""
        return (*self.operations, self.withdraw)

    @property
    def usual_policies(self) -> tuple[Any, ...]:
        """The policies that a check judges if it is not asked for one."""
        return tuple(one for one in self.policies if one.name not in self.only_named)

    def policy(self, name: str) -> Any:
        """Return the policy of that name, or of which that is another name; raise KeyError if there is none."""
        return {one.name: one for one in self.policies}[self.aliases.get(name, name)]

    def names_of(self, policy: Any) -> tuple[str, ...]:
        """Return the name of a policy, then its other names."""
        return policy.name, *(alias for alias, name in self.aliases.items() if name == policy.name)

    def __repr__(self) -> str:
        return self.name
