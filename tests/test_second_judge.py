"""What the second judge is told of histories; that it agrees with the first is for `make coq`, which compiles it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from proofs.second_judge import ERRORS, Histories, Node, RecordingJudge, compare

from latchproof.check.history import Begin, End, Event, Observe, Request, Rest, Stray, TimePasses
from latchproof.check.machine_specification import MachineSpecification
from latchproof.export.coq_theorems import CoqError
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Machine
from latchproof_spec.step import BrokenBarrierError

COQ = Path(__file__).resolve().parents[1] / "proofs" / "coq"


def lines(machine: Machine, policy: str, argument: int, *events: Event) -> list[tuple[str, bool | None]]:
    """Return what is told of one history."""
    RecordingJudge.histories = Histories()
    judge = RecordingJudge(MachineSpecification(machine, machine.policy(policy), argument))
    for event in events:
        judge.step(event)
    return [line for line in RecordingJudge.histories.lines() if line[0] != "<"]


def test_each_kind_of_event_is_told() -> None:
    """The machine, its policy, whether calls lead, whether values are compared, and the argument come first."""
    somebodys = type("BrokenBarrierError", (Exception,), {})
    events = Begin(0, "wait"), Request(0), End(0, "cancelled"), Begin(1, "abort"), End(1, "returned"), Begin(2, "wait")
    rest = End(2, "raised", error=somebodys()), Begin(3, "wait", cancelled=True), TimePasses(1.0)
    assert lines(BARRIER, "java", 2, *events, *rest) == [
        ("n 0 2 0 1 2", None),
        ("b 0 0 0 0 0 0", True),
        ("r 0", True),
        ("e 0 2", True),
        ("b 1 1 0 0 0 0", True),
        ("e 1 0 2 0 -1", True),
        ("b 2 0 0 0 0 0", True),
        ("e 2 1 0 6", True),
        ("b 3 0 0 0 0 1", True),
        ("t", True),
    ]


def test_arguments_are_told() -> None:
    """A bool is a flag of count_down, and no count for set_count."""
    calls = Begin(0, "count_down", (True,)), Begin(1, "set_count", (2,)), Begin(2, "set_count", (True,))
    told = [line for line, _ in lines(LATCH, "keeps", 1, *calls)]
    assert told == ["n 1 1 0 1 1", "b 0 1 1 0 0 0", "b 1 2 0 1 2 0", "b 2 2 0 0 0 0"]


@pytest.mark.parametrize(
    ("error", "names"),
    [
        (BrokenBarrierError(), ["BrokenBarrierError"]),
        (RuntimeError(), ["RuntimeError", "LatchInUseError", "ZeroLatchError"]),
        (type("ZeroLatchError", (Exception,), {})(), ["ZeroLatchError"]),
        (UnicodeError(), ["ValueError"]),
        (RecursionError(), []),
        (KeyError(), []),
    ],
)
def test_an_error_counts_as_those_of_its_family(error: Exception, names: list[str]) -> None:
    *_, (told, _) = lines(LATCH, "latchproof", 1, Begin(0, "count_down"), End(0, "raised", error=error))
    assert told == " ".join(["e 0 1 0", *(str(ERRORS.index(name)) for name in names)])


def test_judging_continues_without_what_read_wrong() -> None:
    """The reading is told as it was, and refused; and then as the first judge continues with it."""
    wrong = Observe((("n_waiting", 2), ("broken", False)))
    told = lines(BARRIER, "latchproof", 2, wrong, Stray("a loop's error"), wrong, Rest(), Begin(0, "wait"), Rest())
    assert told[1:] == [
        ("o 1 0 2 2 1 0", False),
        ("o 2 1 0", True),
        ("o 2 1 0", True),
        ("s", True),
        ("b 0 0 0 0 0 0", True),
        ("s", True),
    ]
    assert RecordingJudge.histories.left_out == {"Stray events": 1}


def test_a_difference_is_found(tmp_path: Path) -> None:
    """A judge that allows everything differs where the first one refuses."""
    program = tmp_path / "allows_everything"
    program.write_text(f"#!{sys.executable}\nimport sys\nfor line in sys.stdin:\n    line[0] in 'n<' or print(1)\n")
    program.chmod(0o755)
    lines(BARRIER, "latchproof", 1, Begin(0, "wait"), End(0, "returned", 0), Rest())
    assert compare(RecordingJudge.histories, program) == []
    lines(BARRIER, "latchproof", 1, Begin(0, "wait"), End(0, "returned", 1))
    (difference,) = compare(RecordingJudge.histories, program)
    assert str(difference).endswith("and the second allows: n 0 0 0 1 1 / b 0 0 0 0 0 0 / e 0 0 0 1 -1")


def test_what_the_first_judge_says_once_and_not_again_is_kept() -> None:
    histories = Histories()
    first = histories.follow(Node(), ("s",), allowed=True)
    assert histories.contradictions == []
    before = Node()
    histories.follow(before, ("s",), allowed=True)
    histories.follow(before, ("s",), allowed=False)
    assert histories.contradictions == ["the first judge allows s once, and refuses it another time"]
    assert first.after == {}


def test_each_event_needs_an_answer(tmp_path: Path) -> None:
    program = tmp_path / "answers_twice"
    program.write_text(f"#!{sys.executable}\nimport sys\nfor line in sys.stdin:\n    line[0] in 'n<' or print('1 1')\n")
    program.chmod(0o755)
    lines(BARRIER, "latchproof", 1, Begin(0, "wait"))
    with pytest.raises(CoqError, match="was told of 1 events, and answers 2 times"):
        compare(RecordingJudge.histories, program)


def test_numbers_are_those_of_the_program() -> None:
    """Errors, operations and observations go by their places in the tables, which Judges.v repeats."""
    text = " ".join((COQ / "Judges.v").read_text(encoding="utf-8").split())
    assert f"[{'; '.join(ERRORS)}]" in text
    assert "0 => Barrier.Wait | 1 => Barrier.Abort | _ => Barrier.Reset" in text
    assert "0 => Latch.Wait | 1 => Latch.CountDown flag | _ => Latch.SetCount n" in text
    assert [one.name for one in BARRIER.operations] == ["wait", "abort", "reset"]
    assert [one.name for one in LATCH.operations] == ["wait", "count_down", "set_count"]
    assert list(BARRIER.observations) == ["parties", "n_waiting", "broken"]
    assert list(LATCH.observations) == ["count", "is_open", "n_waiting"]
