"""The model with identities, replayed: in each small world, each step must come to what the functions do there plainly.

What it means for a call to be parked, released, done or gone is written down by hand in `identities`, as terms. Here it
is written down a second time, as a few lines about a few calls, with the operations and `step.apply` run on plain
numbers and tuples. From a new machine every world of a few calls is reached by these lines. In each of them every call
tries every operation: the model must have a step for it, and the step must lead to the same world; and the model must
have no step for a call that can make none. So a rule by which one call makes another leave, or an order that was only
ever that of arrival, is noticed.

Only small worlds are compared: of `CALLS` calls, constructor arguments up to as many, and arguments up to `HIGHEST`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import permutations, product
from typing import Any, Final, NamedTuple

from latchproof.prove.evaluate import Values, evaluator
from latchproof.prove.identities import CONTINUE, Identities, Transition
from latchproof.prove.paths import all_of, term, unchecked
from latchproof.prove.sequences import INDEX, NOTHING, PLAIN, errors_of
from latchproof.prove.world import FACETS, NUMBER, ONE, PLACE, TRIP, World, new_world
from latchproof_spec.machine import Machine, Operation
from latchproof_spec.step import ANY_INDEX, apply

CALLS: Final = 3
"""How many calls are made, at most, in the worlds that are compared."""

HIGHEST: Final = 2
"""The highest number that is an argument of a call; the lowest is -1."""


_INDEXED, _PLACE, _TRIP, _NUMBER = map(str, (INDEX, PLACE, TRIP, NUMBER))
_PLAIN = str(PLAIN)


class One(NamedTuple):
    """One call in a plain world. `parked` and `released` are what the host may read off it."""

    phase: str = "Fresh"
    position: int = 0
    arrival: int = 0
    given: str = "nothing"
    index: int = 0  # type: ignore[assignment] # a tuple has a method of that name
    generation: int = 0
    waits: bool = False

    @property
    def parked(self) -> bool:
        """Whether it is parked."""
        return self.phase == "Parked"

    @property
    def released(self) -> bool:
        """Whether it was released, and has not run since."""
        return self.phase == "Released"


@dataclass(frozen=True)
class Plain:
    """A plain world: the machine's constants and state, how many generations have tripped, and every call.

    `clock` is how many calls have been made.
    """

    constants: tuple[Any, ...]
    state: tuple[Any, ...]
    calls: tuple[One, ...]
    tripped: int = 0
    clock: int = 0

    @cached_property
    def begun(self) -> int:
        """How many calls are not fresh any more: the one of that number is the next."""
        return sum(one.phase != "Fresh" for one in self.calls)

    @cached_property
    def queue(self) -> tuple[int, ...]:
        """The parked calls by their places."""
        return tuple(
            sorted((c for c, one in enumerate(self.calls) if one.parked), key=lambda c: self.calls[c].position)
        )


def made(
    here: Plain, machine: Machine, operation: Operation, policy: Any, who: int, inputs: tuple[Any, ...]
) -> Iterator[tuple[Plain, tuple[int, ...]]]:
    """Yield the world after a call has made an operation; and in which order indices were given, if that is open."""
    *state, rule = operation.function(*here.constants, *here.state, *inputs, policy=policy)
    queue, resumed = apply(rule, here.queue, who)
    calls, clock = list(here.calls), here.clock + (operation is not machine.withdraw)
    if operation is machine.withdraw:
        calls[who] = calls[who]._replace(phase="Left")
    else:
        calls[who] = calls[who]._replace(arrival=here.clock, waits=operation.waits)
    for place, call in enumerate(queue):
        calls[call] = calls[call]._replace(phase="Parked", position=place)
    is_open = any(told == ANY_INDEX for _, told in resumed)
    for order in permutations(range(len(resumed))) if is_open else [tuple(range(len(resumed)))]:
        after, trips = calls.copy(), False
        for place, (call, told) in enumerate(resumed):
            one = after[call]._replace(phase="Done" if call == who else "Released", given=_given(told))
            if isinstance(told, int):
                one, trips = one._replace(index=order[place] if is_open else told, generation=here.tripped), True
            after[call] = one
        yield replace(here, state=tuple(state), calls=tuple(after), tripped=here.tripped + trips, clock=clock), order


def _given(told: object) -> str:
    """Return the name of what a call is given, as the model has it."""
    return _INDEXED if isinstance(told, int) else told.__name__ if isinstance(told, type) else _PLAIN


def continued(here: Plain, who: int) -> Plain:
    """Return the world after a released call has continued."""
    calls = list(here.calls)
    calls[who] = calls[who]._replace(phase="Done")
    return replace(here, calls=tuple(calls))


def differences(machine: Machine) -> list[str]:
    """Return where the model of a machine takes a step that the functions do not, or lacks one, under each policy."""
    found: list[str] = []
    with unchecked():
        for policy in machine.policies:
            replay = Replay(machine, Identities(machine, policy))
            for argument in range(-1, CALLS + 1):
                constants, state, rule = machine.create(argument)
                if not rule.refuses:
                    start = Plain(constants, state, (One(),) * CALLS)
                    found += replay.differences(start, HIGHEST)
    return list(dict.fromkeys(found))


class Replay:
    """The model with identities of a machine under a policy, in a form that can be replayed."""

    def __init__(self, machine: Machine, model: Identities) -> None:
        self._machine = machine
        self._policy = model.policy
        self._names = {str(one): str(one) for one in (NOTHING, PLAIN, INDEX, *errors_of(machine.rules))}
        self._steps: dict[str, list[_Step]] = {}
        for one in model.steps:
            self._steps.setdefault(one.operation, []).append(_Step(one))
        self._conditions = {
            name: evaluator([all_of(step.transition.condition) for step in steps])
            for name, steps in self._steps.items()
        }

    def differences(self, start: Plain, highest: int) -> Iterator[str]:
        """Yield what differs in each world that can be reached from one, up to the names of calls not made yet."""
        yield from self._of_new(start)
        reached, waiting = {start}, [start]
        while waiting:
            here = waiting.pop()
            values = self._values(here)
            # calls that are not made yet differ by their names alone: the next one stands for all
            for who in range(min(here.begun + 1, len(here.calls))):
                for name, inputs, after in self._tried(here, who, highest):
                    yield from self._compared(here, values, who, name, inputs, after)
                    new = [one for one, _ in after if one not in reached]
                    reached.update(new)
                    waiting += new

    def _tried(
        self, here: Plain, who: int, highest: int
    ) -> Iterator[tuple[str, dict[str, Any], list[tuple[Plain, tuple[int, ...]]]]]:
        """Yield each operation, and continuing, with each choice of inputs, and every world that a call makes by it.

        There is none if it cannot: a call is made once, and one that has ended is not withdrawn.
        """
        one = here.calls[who]
        for operation in self._machine.every_operation:
            is_call = operation is not self._machine.withdraw
            fresh = one.phase == "Fresh"
            early = fresh and self._machine.withdraws_early
            able = fresh if is_call else one.parked or one.released or early
            domains: list[Any] = [
                (False, True) if kind is bool else range(-1, highest + 1) for kind in operation.parameters.values()
            ]
            for fact in operation.facts:
                may_be = [told for told in (False, True) if fact.premise(told, len(here.queue))]
                domains.append([fact.read(one)] if fact.read else may_be)
            for inputs in product(*domains):
                after = made(here, self._machine, operation, self._policy, who, inputs) if able else ()
                yield operation.name, dict(zip(operation.inputs, inputs, strict=True)), list(after)
                if not able:  # whatever it is given
                    break
        yield CONTINUE, {}, [(continued(here, who), ())] if one.released else []

    def _compared(
        self,
        here: Plain,
        values: dict[str, Any],
        who: int,
        name: str,
        inputs: dict[str, Any],
        after: list[tuple[Plain, tuple[int, ...]]],
    ) -> Iterator[str]:
        told = {**values, "who": who, **inputs}
        where = f"{self._machine.name} {name}, {self._policy.name}"
        able = [
            step for step, can in zip(self._steps[name], self._conditions[name](told), strict=True) if can
        ] if name in self._steps else []  # fmt: skip
        if not after and able:
            yield f"{where}: the model lets a call that is {here.calls[who].phase} make it"
        if after and not able:
            yield f"{where}: the model has no step for a call that is {here.calls[who].phase}"
        for step in able:
            for world, order in after:
                told["chosen"], told["unchosen"] = order.__getitem__, order.index
                if differs := step.difference(told, world):
                    yield f"{where} {step.transition.rule}: {differs}"

    def _of_new(self, start: Plain) -> Iterator[str]:
        """Yield how the model's new machine differs."""
        world = new_world(self._machine, start.constants, start.state)
        if differs := _World(world).difference(self._values(start), start):
            yield f"a new {self._machine.name}, {self._policy.name}: {differs}"

    def _values(self, here: Plain) -> dict[str, Any]:
        """Return the values of all symbols in a plain world."""
        calls = (*here.calls, One())  # the last is "no-call", and any that a ghost might name
        indexed = {(one.generation, one.index): c for c, one in enumerate(calls) if one.given == _INDEXED}
        queue = dict(enumerate(here.queue))
        found: dict[str, Any] = {
            **self._names,
            "no-call": -1,
            "tripped": here.tripped,
            "clock": here.clock,
            "owner": lambda place: queue.get(place, -1),
            "holder": lambda generation, index: indexed.get((generation, index), -1),
            **dict(zip(self._machine.constants, here.constants, strict=True)),
            **dict(zip(self._machine.state, here.state, strict=True)),
        }
        for facet, values in zip(FACETS, zip(*calls, strict=True), strict=True):
            found[facet] = values.__getitem__
        return found


class _World:
    """A world of the model, as functions of the values of all symbols."""

    def __init__(self, world: World) -> None:
        numbers = (*world.constants, *world.state)
        self._numbers = evaluator([*map(term, numbers), world.tripped, world.clock])
        self._facets = evaluator([getattr(world, facet)(ONE) for facet in FACETS])
        self._owner = evaluator([world.owner(PLACE)])
        self._holder = evaluator([world.holder(TRIP, NUMBER)])

    def difference(self, values: Values, plain: Plain) -> str:
        """Return how it differs from a plain world, in what matters of either; "" if they are the same."""
        numbers = (*plain.constants, *plain.state, plain.tripped, plain.clock)
        if self._numbers(values) != numbers:
            return f"the numbers are {self._numbers(values)}, and plainly {numbers}"
        told = dict(values)
        for call, one in enumerate(plain.calls):
            told["one"] = call
            found = One(*self._facets(told))
            if _meant(found) != _meant(one):
                return f"call {call} is {_meant(found)}, and plainly {_meant(one)}"
            if one.parked:
                told[_PLACE] = one.position
                owner = self._owner(told)
                if owner != (call,):
                    return f"the owner of place {one.position} is call {owner[0]}, and plainly {call}"
            if one.given == _INDEXED:
                told[_TRIP], told[_NUMBER] = one.generation, one.index
                holder = self._holder(told)
                if holder != (call,):
                    return f"the holder of an index is call {holder[0]}, and plainly {call}"
        return ""


class _Step(_World):
    """A step of the model."""

    def __init__(self, transition: Transition) -> None:
        super().__init__(transition.after)
        self.transition = transition
        self._refines = evaluator([transition.projected, transition.apart])

    def difference(self, values: Values, plain: Plain) -> str:
        """Return how what it comes to differs from a plain world."""
        told = dict(values)
        # as many places can be of interest as there are calls
        for told["one"], told[_PLACE] in product(range(len(plain.calls)), repeat=2):
            if self._refines(told) != (True, True):
                return "it does not refine the function's step"
        return super().difference(values, plain)


def _meant(one: One) -> One:
    """Return a call without what does not matter of it: the place of one that is not parked, and the like."""
    if one.phase == "Fresh":
        return One(given=one.given)
    if one.given != _INDEXED:
        one = one._replace(index=0, generation=0)
    return one if one.parked else one._replace(position=0)
