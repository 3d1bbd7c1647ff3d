"""What is printed where there is a terminal, and where there is none."""

from __future__ import annotations

import dataclasses
import io
import re
import time
from typing import Any

import pytest
from rich.console import Console

from latchproof import CountdownLatch
from latchproof.check.checker import check
from latchproof.check.sandbox.watch import StepLimits
from latchproof.check.target import adapt
from latchproof.check.tree import Walk
from latchproof.show.lanes import lanes
from latchproof.show.ledger import print_ledger
from latchproof.show.printing import print_table, say
from latchproof.show.progress import Bar, Stages
from latchproof.show.verdict import print_verdict
from latchproof.verify.evidence import Cell
from latchproof.verify.kinds import KINDS
from latchproof.verify.ledger import Ledger
from latchproof_spec.machine import Programs
from latchproof_spec.machines import CLAIMS, MACHINES
from tests.check import samples

GREEN, RED, YELLOW, DIM = "\x1b[32m", "\x1b[1;31m", "\x1b[33m", "\x1b[2m"


def printed(show: Any, *arguments: Any, terminal: bool = True, width: int = 160) -> str:
    # the colours are those of a plain terminal, whatever this one is
    colours: Any = "standard" if terminal else None
    console = Console(width=width, force_terminal=terminal, color_system=colours, _environ={})
    with console.capture() as capture:
        show(console, *arguments)
    return capture.get()


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("holds 12", f"{GREEN}holds 12\x1b[0m"),
        ("fails 3", f"{RED}fails 3\x1b[0m"),
        ("inconclusive", f"{YELLOW}inconclusive\x1b[0m"),
        ("not_run", f"{DIM}not_run\x1b[0m"),
    ],
)
def test_a_cell_is_coloured_by_its_status(cell: str, shown: str) -> None:
    assert shown in printed(print_table, ("claim", "state"), [("C1", cell)])


def test_other_cells_are_not_coloured_and_never_markup() -> None:
    table = printed(print_table, ("claim", "state"), [("C1", "[red]words[/red]"), ("C2", "upholds")])
    assert "[red]words[/red]" in table
    assert not any(colour in table for colour in (GREEN, RED, YELLOW, DIM))


def test_without_a_terminal_a_table_is_aligned_text() -> None:
    table = printed(print_table, ("claim", "state"), [("C1", "holds [red]"), ("C10", "x")], terminal=False)
    assert table == "claim  state\nC1     holds [red]\nC10    x\n"


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (15, ["claim  holds", "─" * 15, "C1     is shown"]),
        (14, ["claim holds", "─" * 14, "C1    is shown"]),  # a smaller gap, so that no cell is folded
        (13, ["claim  holds", "─" * 12, "C1     is", "       shown"]),
    ],
)
def test_a_table_is_folded_only_if_no_smaller_gap_avoids_that(width: int, lines: list[str]) -> None:
    table = printed(print_table, ("claim", "holds"), [("C1", "is shown")], width=width)
    assert [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in table.splitlines()] == lines


def test_a_line_is_printed_as_it_stands() -> None:
    line = "[bold]x[/bold] " * 30
    assert printed(say, line, width=40, terminal=False) == f"{line}\n"


@pytest.mark.parametrize("terminal", [True, False])
def test_a_name_never_becomes_an_emoji(terminal: bool) -> None:
    """As "emo.py:Lock" would, and what a target's error says."""
    text = "emo.py:Key: :Lock: :key: holds :lock:"
    assert text in printed(say, text, terminal=terminal)
    assert text in printed(print_table, ("claim", ":key:"), [("C1", text), (f"holds {text}", "x")], terminal=terminal)


@pytest.mark.parametrize(
    ("factory", "schedules", "colour"),
    [(samples.PlainLatch, 9999, GREEN), (samples.PlainLatch, 1, YELLOW), (samples.HastyLatch, 9999, RED)],
)
def test_a_verdict_is_coloured_by_what_it_says(factory: Any, schedules: int, colour: str) -> None:
    shapes = (Programs((1,), at_once=2, calls=3, cancellations=1),)
    verdict = check(adapt(factory), policy="latchproof", programs=shapes, schedules=schedules)
    assert f"{colour}verdict " in printed(print_verdict, verdict)


def test_where_there_is_no_terminal_a_line_says_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("latchproof.show.progress.TELL_SECONDS", 0.05)
    with Bar(Console(force_terminal=False), [1, 1], StepLimits(cpu=3, block=7)) as progress:
        progress(0, Walk(7, fraction=0.5))
        time.sleep(0.4)
    out, err = capsys.readouterr()
    first, second, *_ = err.splitlines()
    assert out == ""
    assert first == "latchproof: 7 schedules after 0 s"
    assert second == (
        "latchproof: 7 schedules after 0 s; each step takes at most 3 s of CPU time and 7 s of blocking, or is stopped"
    )


def test_on_a_terminal_a_bar_says_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("latchproof.show.progress.TELL_SECONDS", 0.01)
    with Bar(Console(force_terminal=True, file=io.StringIO()), [1], StepLimits()):
        time.sleep(0.1)
    assert capsys.readouterr() == ("", "")


def test_where_there_is_no_terminal_a_line_names_the_stage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("latchproof.show.progress.TELL_SECONDS", 0.05)
    with Stages(Console(force_terminal=False), "loading the solvers") as stages:
        time.sleep(0.1)
        stages("gathering: proved")
        time.sleep(0.1)
    out, err = capsys.readouterr()
    assert out == ""
    assert list(dict.fromkeys(err.splitlines())) == [
        "latchproof: loading the solvers; 0 s elapsed", "latchproof: gathering: proved; 0 s elapsed",
    ]  # fmt: skip


def test_calls_share_a_column_where_there_is_no_room_for_one_each() -> None:
    (trace,) = check(adapt(samples.ForgetfulLatch), policy="latchproof", programs=(Programs((1,), 2, 3, 1),)).traces
    begins = [{"kind": "begin", "call": n, "operation": "count_down", "arguments": []} for n in range(4, 9)]
    lines = lanes(dataclasses.replace(trace, events=(*begins, *trace.events)), width=58)
    assert lines[0].split() == ["step", "call", "what", "happens", "state"]
    assert ["1", "4", "count_down()"] in [line.split() for line in lines]
    assert max(map(len, lines)) <= 58
    assert lines[-1].endswith("<- not allowed")


def test_a_verdict_of_several_claims_shows_each() -> None:
    shapes = (Programs((2,), at_once=2, calls=3, cancellations=1),)
    verdict = check(adapt(samples.CountingLatch), policy="latchproof", programs=shapes)
    text = printed(print_verdict, verdict, terminal=False)
    assert len(verdict.reported.failures) > 1
    for claim in verdict.reported.failures:
        sentence = next(one.sentence for one in CLAIMS if one.id == claim)
        assert f"{claim} is broken: {sentence}\n\n  seen:     " in text
    assert text.count("  seen:     ") == text.count("  allowed:  ") == len(verdict.reported.failures)


@pytest.mark.parametrize(
    ("strict", "form"), [(True, ", strict form: 1 call, 0 cancellations, 2 steps"), (False, ": 1 call, 0 cancell")]
)
def test_a_verdict_says_its_form(strict: bool, form: str) -> None:
    shapes = (Programs((1,), at_once=1, calls=1, cancellations=0),)
    verdict = check(adapt(samples.HastyLatch), policy="latchproof", programs=shapes, strict=strict)
    assert f"HastyLatch(1) on asyncio, policy latchproof{form}" in printed(print_verdict, verdict, terminal=False)


def test_a_verdict_without_a_policy_shows_each() -> None:
    shapes = (Programs((1,), at_once=1, calls=2, cancellations=0, numbers=(0,)),)
    text = printed(print_verdict, check(adapt(CountdownLatch), programs=shapes), terminal=False)
    assert "\npolicy    latchproof: satisfied\n" in text
    assert "\npolicy    aiologic: breaks C10; judged no further\n" in text


def test_the_policy_whose_runs_are_shown_is_said() -> None:
    shapes = (Programs((2,), at_once=2, calls=3, cancellations=1),)
    verdict = check(adapt(samples.CountingLatch), programs=shapes)
    text = printed(print_verdict, verdict, terminal=False)
    assert verdict.satisfied == ()
    assert text.count("; its runs are shown\n") == 1
    assert f"\npolicy    {verdict.reported.policy}: breaks {', '.join(verdict.reported.failures)}; its runs are" in text


def test_the_schedules_that_runs_stand_for_are_told_only_if_they_are_more() -> None:
    shapes = (Programs((1,), at_once=1, calls=2, cancellations=0),)
    verdict = check(adapt(CountdownLatch), policy="latchproof", programs=shapes)
    for covered, is_told in ((verdict.schedules, False), (verdict.schedules + 1, True)):
        text = printed(print_verdict, dataclasses.replace(verdict, covered=covered), terminal=False)
        assert (f"covers at least {covered} schedules" in text) == is_told
        assert "stopped early at a state or order already explored" in text


def test_the_ledger_has_its_parts_set_apart() -> None:
    cells = [
        Cell(claim.id, "holds", "", (), "a bound", 1, 0.1, kind.name, "units", "again")
        for claim in CLAIMS
        for kind in KINDS
    ]
    blocks = printed(print_ledger, Ledger(cells, seconds=1.0), terminal=False).split("\n\n")
    assert [block.split()[0] for block in blocks] == ["claim", "C1", "proved", "rule", "every"]
    rules = sum(len(machine.rules) for machine in MACHINES.values())
    sizes = [len(block.splitlines()) for block in blocks]
    assert (sizes[:3], sizes[4]) == ([18, 16, 2 * len(KINDS)], 1)
    assert sizes[3] > rules  # a row for each, its heading, and what is said of them


def test_progress_never_goes_back(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Pieces of one job are done at the same time, and each reports what it has done itself."""
    monkeypatch.setattr("latchproof.show.progress.TELL_SECONDS", 0.05)
    with Bar(Console(force_terminal=False), [1], StepLimits()) as progress:
        progress(0, Walk(schedules=30))
        progress(0, Walk(schedules=20))
        time.sleep(0.2)
    said = capsys.readouterr().err
    assert "30 schedules after" in said
    assert "20 schedules" not in said


def test_each_wrong_reading_has_a_line() -> None:
    """It would be replaced by what is read in the next step, if nothing else is seen there."""
    (trace,) = check(adapt(samples.GreedyBarrier), policy="latchproof", programs=(Programs((2,), 2, 1, 0),)).traces
    begin, *_, last = trace.events
    readings = [{"kind": "observe", "values": {"n_waiting": value}} for value in (1, 0, 2)]
    readings[0]["wrong"] = ["n_waiting"]
    lines = lanes(dataclasses.replace(trace, events=(begin, *readings, last)))
    read = [line.split("  ")[-1].strip() for line in lines if " waiting" in line]
    assert read == ["1 waiting (wrong)", "2 waiting"]
