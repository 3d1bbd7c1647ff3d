"""The states that runs come to: those that were met, and how they are recognized.

A state has three parts: the fingerprint of everything that the target can notice from there on; the place of each
judge, which is a node of its automaton; and how many of the calls and cancellations within the bounds were made so far.
What a fingerprint is made of belongs to `latchproof.check.run`, and how objects are compared to
`latchproof.check.sandbox.fingerprint`.

A run ends at a state if one that was met before stands for it. That one has the same fingerprint, so the target does
the same from there. What else is required depends on what is to be found:

- **Whether** a policy is broken: no more calls and cancellations led to the earlier state, and each judge allows here
  at least what it allows there. Then a run from there breaks each policy that the same run from here breaks. It does
  not matter which calls overlapped on the way, how many steps it took, or whether the walk has left the earlier state.
  States may stand for each other in a circle, and still no failure is lost. Of the states that the walk continues from,
  take one with the shortest path to a failure. The first action leads to a state with a shorter path. The walk
  continues from that one too, or from another that stands for it, with a path as short. So the shortest path has no
  action: the failure was found.
- **Everything** that is broken, each claim by its smallest failure: each judge's place is the same, as many calls and
  cancellations led here, and no fewer steps. A place that allows more may break another claim, and fewer steps would
  make a smaller failure.

A state that this run has passed, with nothing but steps since, never stands for another: what comes round to the same
state is rest, and that is found out by going on.
"""

from collections.abc import Container, Sequence
from operator import le
from typing import Any

from latchproof.check.choices import State
from latchproof.check.harness import Calls
from latchproof.check.judge import Judge
from latchproof.check.sandbox.fingerprint import Fingerprinter
from latchproof.check.target import Call


class SeenStates:
    """The states that the runs of a walk have met, each with the fewest steps to it.

    Without `merge` they are recognized within one run only. The `judges` say whether one state stands for another:
    with `only_whether` if it leads to as many broken policies, else only if it leads to the same failures.
    """

    def __init__(self, *, merge: bool, judges: Sequence[Judge] = (), only_whether: bool = False) -> None:
        self.merge = merge
        self.failure: str | None = None
        """The type of object that has no fingerprint, if one was met."""
        self._judges = judges
        self._only_whether = only_whether
        self._met: dict[bytes, dict[State, int]] = {}

    def stands_for(self, state: State, steps: int, passed: Container[State] = ()) -> State | None:
        """Return a state that was met, and from which as much is found; if there is none, note this one.

        A state that this run has `passed` does not count if as many calls and cancellations led to it.
        """
        if not self.merge:
            return None
        met = self._met.setdefault(state.fingerprint, {})
        for other, fewest in met.items():
            if other.spent == state.spent:
                stands = other not in passed and (self._only_whether or fewest <= steps)
            else:
                stands = self._only_whether and all(map(le, other.spent, state.spent))
            if stands and self._allows_as_much(state, other):
                return other
        met[state] = steps
        return None

    def _allows_as_much(self, state: State, other: State) -> bool:
        """Return whether no judge finds more from a state than from another one; in full, whether each finds the same.

        A judge that has a finding judges no more.
        """
        return all(
            place in (-1, there) or (self._only_whether and judge.allows_as_much(place, there))
            for judge, place, there in zip(self._judges, state.places, other.places, strict=True)
        )


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
