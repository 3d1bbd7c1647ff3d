"""What the commands print, at 80 and 120 columns, with and without colour; and what their help says."""

from __future__ import annotations

import argparse
import re
import shlex

import pytest

from latchproof.cli import main as cli
from tests.cli.golden import FOLDER, WIDTHS, cases, printed, texts

PLAIN = ("fuzz-80", "fuzz-120")
"""What has nothing to colour."""

COLOUR = re.compile(r"\x1b\[(?:\d+;)*3[0-7]m")
(SUBPARSERS,) = (one for one in cli._parser()._actions if isinstance(one, argparse._SubParsersAction))
COMMANDS = tuple(SUBPARSERS.choices)


def test_what_is_printed_is_what_was_reviewed() -> None:
    due = texts()
    assert {path.name for path in FOLDER.glob("*.txt")} == set(due)
    for name, text in due.items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text, f"{name} is stale: run make golden, and review it"


def test_colours_are_where_they_can_be_seen_only() -> None:
    for name, text in texts().items():
        if not name.startswith(PLAIN):
            assert bool(COLOUR.search(text)) == ("terminal" in name), name
        assert ("\x1b" in text) <= ("terminal" in name), name


def test_no_color_is_heeded() -> None:
    for show in cases().values():
        text = printed(show, 80, terminal=True, environment={"NO_COLOR": "1"})
        assert COLOUR.search(text) is None


@pytest.mark.parametrize("name", cases())
def test_what_is_printed_says_the_same_in_a_pipe(name: str) -> None:
    """No word is lost or broken on a narrow terminal."""
    forms = [f"{name}-{width}-{form}.txt" for width in WIDTHS for form in ("terminal", "pipe")]
    words = [set(re.findall(r"\w+", re.sub(r"\x1b\[[\d;]*m", "", texts()[form]))) for form in forms]
    assert words[1:] == words[:-1]


def help_of(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    with pytest.raises(SystemExit) as exit_:
        cli.main([*command, "--help"])
    assert exit_.value.code == 0
    return capsys.readouterr().out


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(COMMANDS) > 8
    assert tuple(re.findall(r"^    (\w+)", help_of(capsys), flags=re.MULTILINE)) == COMMANDS


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("command", COMMANDS)
def test_help_fits_and_its_examples_can_be_typed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")
    text = help_of(capsys, command)
    assert max(map(len, text.splitlines())) <= width
    (examples,) = re.findall(r"Examples?: (.*)", " ".join(text.split()))
    for example in examples.split("; "):
        program, *arguments = shlex.split(example)
        assert program == "latchproof"
        assert cli._parser().parse_args(arguments).run is not None
        assert arguments[0] == command
