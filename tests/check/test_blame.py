"""What explains a history, and who is blamed at rest: rules of the blame that whole histories seldom tell apart."""

from __future__ import annotations

import pytest

from latchproof.check.blame import Scene
from latchproof.check.history import Begin, End, Event, Rest, TimePasses
from latchproof.check.judge import Judge
from latchproof.check.machine_specification import MachineSpecification
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.latch.machine import LATCH


@pytest.mark.parametrize(
    ("before", "weaker", "explains", "explains_more"),
    [
        ({"broken"}, set(), True, True),
        ({"broken"}, {"broken"}, True, False),
        ({"broken"}, {"broken", "n_waiting"}, False, False),
        ({"broken"}, {"n_waiting"}, False, False),
        (set(), set(), True, False),
        ({"broken"}, None, False, False),
    ],
)
def test_a_weaker_specification_explains_what_it_reads_no_worse(
    before: set[str], weaker: set[str] | None, explains: bool, explains_more: bool
) -> None:
    """To explain more, it must allow a reading that was wrong; and in no case may it make another one wrong."""
    specification = MachineSpecification(BARRIER, BARRIER.policies[0], 2)
    scene = Scene(specification, frozenset(), (), (), set(), False, before, lambda _: weaker)
    assert scene.explains("wrongly broken or mended") is explains
    assert scene.explains("wrongly broken or mended", more=True) is explains_more


def test_a_timer_that_did_not_end_a_call_does_not_hide_that_it_was_released() -> None:
    judge = Judge(MachineSpecification(LATCH, LATCH.policies[0], 1))
    before: list[Event] = [Begin(0, "wait"), Rest(), TimePasses(60), Begin(1, "count_down"), End(1, "returned")]
    assert [judge.step(event) for event in before] == [None] * len(before)
    finding = judge.step(Rest())
    assert finding is not None
    assert finding.seen == "nothing can run any more, and wait() of call 1 has not ended"
    assert finding.claim == LATCH.blame["release not delivered"].id


def test_a_call_is_told_by_its_number_in_the_history() -> None:
    """The second call is the only one under way."""
    judge = Judge(MachineSpecification(LATCH, LATCH.policies[0], 1))
    before: list[Event] = [Begin(0, "count_down"), End(0, "returned"), Begin(1, "wait")]
    assert [judge.step(event) for event in before] == [None] * len(before)
    finding = judge.step(Rest())
    assert finding is not None
    assert finding.seen == "nothing can run any more, and wait() of call 2 has not ended"
