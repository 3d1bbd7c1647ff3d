"""A second opinion on which claim a history breaks: that of the smallest mutant of the specification that allows it.

`verify.attribution` compares the event that no configuration allows with what was due. Here the history is put to every
mutant of the specification instead: if a small fault of the specification would have allowed it, then the claims which
that fault breaks are those that the history breaks. It names a cause and not only a claim, and it is slower by as many
times as there are mutants. Where no mutant allows the history, it is not linearizable by anything near the
specification, and there is no second opinion.

What the kit reports is the attribution: of the faulty histories in tests/verify/test_history.py this one agrees with it
about five in nine, has nothing to say of every fourth, and where the two differ it is mostly the one that errs, for
of several small faults that allow a history the first is as good as any. That test names each difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from latchproof.verify.history import Event, Judge
from latchproof.verify.mutant_judge import judge_by_numbers
from latchproof_spec.machines import MACHINES, Machine
from latchproof_spec.mutants import Mutant, mutants

if TYPE_CHECKING:
    from typing import Final

NOT_LINEARIZABLE: Final = "not linearizable"


@dataclass(frozen=True)
class Opinion:
    """The mutants with the fewest edits that allow a history, in their order, and the claims that the first breaks."""

    mutants: tuple[Mutant, ...]
    claims: frozenset[str]

    def __str__(self) -> str:
        if not self.mutants:
            return NOT_LINEARIZABLE
        return f"{' '.join(sorted(self.claims))}, as {self.mutants[0].id}"


def second_opinion(
    machine: Machine, policy: Any, argument: int, events: Iterable[Event], *, strict: bool = False
) -> Opinion:
    """Which small faults would have allowed the history; none, if the original allows it.

    >>> from latchproof.verify.history import Begin, End
    >>> latch = MACHINES["latch"]
    >>> events = [Begin(0, "count_down", (False,)), End(0, "returned"), Begin(1, "wait"), End(1, "returned")]
    >>> str(second_opinion(latch, latch.policies[0], 2, events))
    'C3, as latch.wait: if count > 0 -> if False'
    """
    events = list(events)
    if _allows(machine, policy, argument, events, strict):
        return Opinion((), frozenset())
    smallest: list[Mutant] = []
    for mutant in _candidates(machine.name):
        if smallest and mutant.edits > smallest[0].edits:
            break
        if not mutant.machine.create(argument)[2].refuses and _allows(mutant.machine, policy, argument, events, strict):
            smallest.append(mutant)
    claims = judge_by_numbers(smallest[0], policy) if smallest else frozenset[str]()
    return Opinion(tuple(smallest), claims)


@cache
def _candidates(name: str) -> tuple[Mutant, ...]:
    """The mutants of the operations, those of the fewest edits first."""
    return tuple(sorted((one for one in mutants(MACHINES[name]) if one.is_of_functions), key=lambda one: one.edits))


def _allows(machine: Machine, policy: Any, argument: int, events: Sequence[Event], strict: bool) -> bool:
    judge = Judge(machine, policy, argument, strict=strict)
    return all(judge.step(event) is None for event in events)
