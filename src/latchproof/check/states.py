"""The states that runs come to: those that were met, and how they are recognized.

What a state is made of belongs to `latchproof.check.run`, and how objects are compared to
`latchproof.check.sandbox.fingerprint`.
"""

from collections.abc import Sequence
from typing import Any

from latchproof.check.harness import Calls
from latchproof.check.sandbox.fingerprint import Fingerprinter
from latchproof.check.target import Call


class SeenStates:
    """The states that the runs of a walk have met, each with the fewest steps to it.

    Without `merge` they are recognized within one run only.
    """

    def __init__(self, *, merge: bool) -> None:
        self.merge = merge
        self.steps: dict[bytes, int] = {}
        self.failure: str | None = None
        """The type of object that has no fingerprint, if one was met."""

    def has(self, fingerprint: bytes, steps: int) -> bool:
        """Return whether another run met the state in no more steps; if not, note that this one has."""
        if not self.merge:
            return False
        fewest = self.steps.get(fingerprint)
        if fewest is not None and fewest <= steps:
            return True
        self.steps[fingerprint] = steps
        return False


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
        rank = played.ranks.get(bound.get("number", -1))
        return played.is_other, number, bound["cancelled"], handled, rank, held, played.numbers.get(task)

    return Fingerprinter(frames={Calls.play.__code__: name, Calls.handling.__code__: lambda bound: ()})
