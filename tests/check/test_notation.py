"""Schedules as short strings."""

from __future__ import annotations

import pytest

from latchproof.check.notation import compact, is_notation, parse
from latchproof.check.target import TargetError
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Machine
from latchproof_spec.machines import MACHINES

WORDS = (
    "eager tasks", "call set_count(-1)", "call wait()", "pass", "run", "cancel 1", "call count_down(True)",
    "reversed", "run", "then wait()", "other set_count(2)", "other wait()", "comes round", "time passes", "run",
    "stays", "again 12 count_down(True)", "again 1 wait()", "except set_count(0)", "then except wait()",
    "except wait()",
)  # fmt: skip


def test_there_and_back() -> None:
    assert compact(3, WORDS) == "3:*s(-1)w|.-1c(True)~.>w@s(2)@w_^.=+12c(True)+1w?s(0)>?w?w"
    assert parse(compact(3, WORDS), LATCH) == (3, WORDS)


def test_defaults_are_not_written_down() -> None:
    assert compact(1, ["call wait()", "return", "in order", "run"]) == "1:w."


@pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
def test_initials_tell_operations_apart(machine: Machine) -> None:
    names = [operation.name for operation in machine.operations]
    assert len({name[0] for name in names}) == len(names)


@pytest.mark.parametrize("text", ["2:w.", "0:", "3:s(2)-1"])
def test_what_is_a_schedule(text: str) -> None:
    assert is_notation(text)


@pytest.mark.parametrize("text", ["trace.json", "./2:w", "2", "x:w", "2:w w"])
def test_what_is_none(text: str) -> None:
    assert not is_notation(text)
    with pytest.raises(TargetError, match="is not a schedule"):
        parse(text, BARRIER)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2:w.x", "'x' in the schedule means nothing for a barrier; calls: w wait, a abort, r reset"),
        ("2:w.-", "'-' in the schedule means nothing"),
        ("2:s(2)", r"'s\(2\)' in the schedule means nothing for a barrier"),
        ("2:w(()", r"\(\(\) in the schedule is not a list of arguments"),
        ("2:w(x)", r"\(x\) in the schedule is not a list of arguments"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    with pytest.raises(TargetError, match=said):
        parse(text, BARRIER)
