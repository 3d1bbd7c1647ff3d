"""What the judge asks of a specification.

The judge keeps every configuration that a history so far allows, and knows nothing of what is specified. A
`Specification` tells it how a history may begin, how a call takes effect, and what may be seen. `MachineSpecification`
is one for the machines of `latchproof_spec`; a test judges a lock of ten lines through another.

Only what a judge of histories needs belongs here. Whatever knows of rules and policies belongs to an implementation.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from latchproof.check.history import End


class Operation(Protocol):
    """An operation to drive.

    A program calls it with each of its bounds' numbers for a parameter that is an int, and with both for a bool.
    """

    @property
    def name(self) -> str:
        """The name of the method."""

    @property
    def parameters(self) -> Mapping[str, type]:
        """The type of each parameter."""

    @property
    def waits(self) -> bool:
        """Whether its calls may block."""


class Invocation(NamedTuple):
    """A call that has begun: its operation and arguments, and its task if the specification tells tasks apart.

    `cancelled` says that its task was cancelled before the call began. `types` are those of the arguments: True equals
    1, and is another argument.
    """

    operation: str
    arguments: tuple[Any, ...]
    task: int
    cancelled: bool
    types: tuple[type, ...]


class Ending(NamedTuple):
    """What a call that took effect, or was released, may end with.

    `returns`  the values that it may return (see COMPARED): None if they are not compared, () if it may not return.
    `raises`   the classes of the errors that it may raise.
    `by`       the operation whose effect gave it: the call's own, or another.
    `rule`     the ID of the rule that gave it.
    `led`      whether a call is told only whether it leads: the value 0 if it does, and any other value if not.
    `binding`  whether the call may not end cancelled any more.
    `own`      what the specification itself has to know of the call.
    `generation`, `taken`  calls of one generation return each value once: `taken` holds those already returned. 0 where
               there are no generations, -1 for the latest, -2 for the one before.
    """

    returns: tuple[object, ...] | None = None
    raises: tuple[type[BaseException], ...] = ()
    by: str = ""
    rule: str = ""
    led: bool = False
    binding: bool = False
    own: Any = None
    generation: int = 0
    taken: frozenset[object] = frozenset()

    @property
    def fails(self) -> bool:
        """Whether it can only raise."""
        return self.returns == ()

    def refuses(self, operation: str) -> bool:
        """Return whether it is a refusal of the operation that was called."""
        return self.fails and self.by == operation

    def __str__(self) -> str:
        if self.returns is None:
            return "to return"
        if self.fails:
            return f"to raise {self.raises[0].__name__}"
        if self.led:
            free = {one != 0 for one in self.returns if one not in self.taken}
            leads, follows = "to lead", "not to lead"
            if free == {False}:
                return f"{leads}: no other call of its generation does"
            return f"{follows}: another call of its generation leads" if free == {True} else f"{leads} or {follows}"
        if self.generation:
            return f"to return one of {self.returns[0]}..{self.returns[-1]} that its generation has not given yet"
        return f"to return {' or '.join(map(repr, self.returns))}"


class Fate(NamedTuple):
    """What has become of a call that has begun.

    `kind`: "new", it has not taken effect; "parked", it waits; "ends", it may end with `ending`; "withdrawn", it can
    only end cancelled.
    """

    kind: Literal["new", "parked", "ends", "withdrawn"]
    ending: Ending | None = None

    def __str__(self) -> str:
        if self.ending is not None:
            return str(self.ending)
        return {"new": "to take effect", "parked": "to stay parked", "withdrawn": "to end cancelled"}[self.kind]


NEW = Fate("new")
PARKED = Fate("parked")
WITHDRAWN = Fate("withdrawn")

COMPARED = (bool, int, float, str)
"""Types of the values, None apart, that a call may have to return or that an observation may have to read."""

GONE = -1
"""Stands in a queue for a call that has ended: a faulty specification may leave it there."""


class Configuration(NamedTuple):
    """One way in which the history so far may have come about.

    `state` is the specification's own. `queue` holds parked calls in order of arrival, as far as the specification
    keeps it, and `fates` each call under way with its fate, in order of the calls.
    """

    state: Any
    queue: tuple[int, ...] = ()
    fates: tuple[tuple[int, Fate], ...] = ()

    def fate(self, call: int) -> Fate:
        """Return the fate of a call under way."""
        for other, fate in self.fates:
            if other == call:
                return fate
        raise KeyError(call)

    def with_fate(self, call: int, fate: Fate) -> Configuration:
        """Return the configuration with another fate for a call."""
        return self._replace(fates=in_order({**dict(self.fates), call: fate}))


def in_order(fates: Mapping[int, Fate]) -> tuple[tuple[int, Fate], ...]:
    """Return fates as a configuration holds them."""
    return tuple(sorted(fates.items()))  # no two are of one call, so fates themselves are not compared


class Specification(Protocol):
    """What is allowed; a class that inherits from it needs to say only how it differs from the defaults.

    `name`        by which findings are kept: that of a policy, for example.
    `operations`  those to drive.
    `tells_tasks_apart`  whether an effect depends on the task that calls, as that of releasing a lock does.

    Calls are numbered by their order among those under way, and `calls` holds their invocations in that order.
    """

    name: str
    operations: Sequence[Operation]
    tells_tasks_apart: bool = False

    def start(self) -> Iterable[Configuration]:
        """Return the configurations in which a history may begin."""

    def effects(
        self, here: Configuration, call: int, calls: Sequence[Invocation]
    ) -> Iterable[tuple[Configuration, str]]:
        """Return each configuration to which the effect of a call may lead, and the ID of the rule that is applied.

        The call is new, or parked: nothing is returned for a parked call that only an effect of another call can
        release. An effect may change the fate of every call. In the judge's strict form only new calls take effect.
        """

    def withdrawals(
        self, here: Configuration, call: int, calls: Sequence[Invocation]
    ) -> Iterable[tuple[Configuration, str]]:
        """Return the same for a requested cancellation of a call that is new, parked, or may end."""
        if here.fate(call) == NEW:
            yield here.with_fate(call, WITHDRAWN), ""
        elif here.fate(call) == PARKED:
            queue = tuple(other for other in here.queue if other != call)
            yield here._replace(queue=queue).with_fate(call, WITHDRAWN), ""

    def may_stay(self, here: Configuration, call: int) -> bool:
        """Return whether a parked call may stay parked when nothing can run."""
        return True

    def may_stay_cancelled(self, here: Configuration, call: int) -> bool:
        """Return whether that is so for a call whose cancellation was requested."""
        return False

    def readings(self, here: Configuration, name: str) -> Collection[Any] | None:
        """Return the values that an observation may read; None if it may read any."""
        raise KeyError(name)

    def reason_to_wait(self, before: Iterable[Configuration], call: int) -> str:
        """Return why a call has to wait in these configurations, to follow "though"; "" if there is no more to say."""
        return ""

    def variables(self, here: Configuration) -> Mapping[str, Any]:
        """Return the variables of the state by their names, to be shown."""
        return {"state": here.state}

    def matches(self, ending: Ending, event: End) -> bool:
        """Return whether a call that may end with `ending` may return or raise as it did."""
        if event.how == "raised":
            return isinstance(event.error, ending.raises)
        return is_one_of(event.value, ending)

    def given(self, ending: Ending, event: End) -> object:
        """Return which of the ending's values a call returned that may end so; None if that is not compared."""
        return event.value

    def may_fail_with(self, error: BaseException) -> bool:
        """Return whether a call that waits can be made to fail with such an error by another call."""
        return False

    def may_refuse_with(self, operation: str, error: BaseException) -> bool:
        """Return whether a call of the operation can be refused with such an error, in this case or in another."""
        return False

    def weaker(self) -> Mapping[str, Specification]:
        """Return specifications that allow more, each by the situation that a history shows which only it allows.

        The same objects are returned each time.
        """
        return {}

    def blame(self, situation: str) -> str:
        """Return what a finding is called that shows a situation (see `latchproof_spec.machine.Situation`)."""
        return situation


def reads_so(value: object, readings: Collection[Any] | None) -> bool:
    """Return whether an observation that may read as one of these does so; True is not 1."""
    return readings is None or any(type(value) is type(one) and value == one for one in readings)


def is_one_of(value: object, ending: Ending) -> bool:
    """Return whether a call with this ending may return the value; True is not 1."""
    if ending.returns is None:
        return True
    return any(type(value) is type(one) and value == one for one in ending.returns if one not in ending.taken)
