"""The states that runs come to: those that were met, and how they are recognized.

A state has three parts: the fingerprint of everything that the target can notice from there on; the place of each
judge, which is a node of its automaton; and how many of the calls and cancellations within the bounds were made so far.
What a fingerprint is made of belongs to `latchproof.check.run`, and how objects are compared to
`latchproof.check.sandbox.fingerprint`.

A run ends at a state if one that was met before stands for it. That one has the same fingerprint, so the target does
the same from there. No more calls and cancellations led to it, so each run that can be made from here was made from
there. For each judge one of two things must hold as well:

- Below the earlier state no failure was found, and here the judge allows at least what it allowed there. Then nothing
  would be found here either. So it does not matter which calls overlapped on the way, nor how many steps it took.
- The judge's place is the same, as many calls and cancellations led here, and no fewer steps. That is required if a
  failure was found below the earlier state: fewer steps would make a smaller counterexample, and the failure may need
  calls that are not left here. It is also required while the walk has not left that state.

Below a state are the runs through it, and those that stand for the runs that were left out or cut short there.
"""

from collections.abc import Container, Mapping, Sequence
from operator import le
from types import MappingProxyType
from typing import Any

from latchproof.check.choices import Below, State
from latchproof.check.harness import Calls
from latchproof.check.judge import Judge
from latchproof.check.sandbox.fingerprint import Fingerprinter
from latchproof.check.target import Call

NOTHING: Mapping[State, Below] = MappingProxyType({})
"""What is known of the states that were left, if that is nothing."""


class SeenStates:
    """The states that the runs of a walk have met, each with the fewest steps to it.

    Without `merge` they are recognized within one run only. The `judges` say whether one state stands for another.
    """

    def __init__(self, *, merge: bool, judges: Sequence[Judge] = ()) -> None:
        self.merge = merge
        self.failure: str | None = None
        """The type of object that has no fingerprint, if one was met."""
        self._judges = judges
        self._met: dict[bytes, dict[State, int]] = {}

    def stands_for(
        self, state: State, steps: int, passed: Container[State] = (), below: Mapping[State, Below] = NOTHING
    ) -> State | None:
        """Return a state that was met, and from which as much is found; if there is none, note this one.

        `below` has what came of the states that were left. What is found from a state that this run has just `passed`
        is not known yet.
        """
        if not self.merge:
            return None
        met = self._met.setdefault(state.fingerprint, {})
        for other, fewest in met.items():
            if other not in passed and self._finds_no_more(state, other, below.get(other), as_soon=fewest <= steps):
                return other
        met[state] = steps
        return None

    def _finds_no_more(self, state: State, other: State, below: Below | None, *, as_soon: bool) -> bool:
        """Return whether nothing is found from a state that is not found from another one, by as few steps."""
        if not all(map(le, other.spent, state.spent)):
            return False
        as_soon = as_soon and other.spent == state.spent
        for judge, place, there in zip(self._judges, state.places, other.places, strict=True):
            if place == -1:  # the judge has a finding, and judges no more
                continue
            if below is not None and judge.specification.name not in below.failed:
                if not judge.allows_as_much(place, there):
                    return False
            elif not (as_soon and place == there):
                return False
        return as_soon or bool(self._judges)


def fingerprinter_of(calls: Sequence[Call]) -> Fingerprinter:
    """Return a fingerprinter that knows the harness's own frames: which call each makes, and how far it is."""
    numbers = {call: number for number, call in enumerate(calls)}

    def name(bound: dict[str, Any]) -> tuple[Any, ...]:
        played: Calls = bound["self"]
        call = bound["call"]  # None in a task that may call again
        task = bound["handle"][0] if bound["handle"] else None
        call = played.later.get(task, call)  # what it makes when it is resumed
        number = None if call is None else numbers[call]
        handled = type(bound["handled"]).__name__
        held = tuple((one.given_back_by, one.arguments, one.value) for one in played.holdings.of(task))
        return played.is_other, number, bound["cancelled"], handled, held, played.numbers.get(task)

    return Fingerprinter(frames={Calls.play.__code__: name, Calls.handling.__code__: lambda bound: ()})
