"""What the commands print, at 60, 80 and 120 columns, with and without colour; and what their help says."""

from __future__ import annotations

import re
import shlex

import pytest

from latchproof.cli.main import COMMANDS, main, make_parser
from tests.cli.golden import FOLDER, cases, forms, printed, texts

PLAIN = ("fuzz",)
"""The cases that have nothing to colour."""

COLOUR = re.compile(r"\x1b\[(?:\d+;)*3[0-7]m")
NAMES = tuple(command.name for command in COMMANDS)


def test_what_is_printed_is_what_was_reviewed() -> None:
    expected = texts()
    assert {path.name for path in FOLDER.glob("*.txt")} == set(expected)
    for name, text in expected.items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text, f"{name} is stale: run make golden, and review it"


def test_no_text_is_kept_twice() -> None:
    kept = [text for name, text in texts().items() if not name.startswith("help-")]
    assert len(set(kept)) == len(kept)


@pytest.mark.parametrize("name", cases())
def test_colours_are_only_where_they_can_be_seen(name: str) -> None:
    for (_, where), text in forms(name).items():
        if name not in PLAIN:
            assert bool(COLOUR.search(text)) == (where == "terminal")
        assert ("\x1b" in text) <= (where == "terminal")


def test_no_color_is_heeded() -> None:
    for show in cases().values():
        text = printed(show, 80, terminal=True, environment={"NO_COLOR": "1"})
        assert COLOUR.search(text) is None


@pytest.mark.parametrize("name", cases())
def test_what_is_printed_says_the_same_in_a_pipe(name: str) -> None:
    """No word is lost or broken on a narrow terminal. The places of a run have a column, or a line that begins so."""
    words = [set(re.findall(r"\w+", re.sub(r"\x1b\[[\d;]*m", "", text))) for text in forms(name).values()]
    words = [found - {"place", "source", "at", "waits", "wait", "ends", "end"} for found in words]
    assert words[1:] == words[:-1]


@pytest.mark.parametrize("name", cases())
def test_what_is_printed_fits(name: str) -> None:
    for (width, where), text in forms(name).items():
        if where == "terminal":
            lines = re.sub(r"\x1b\[[\d;]*m", "", text).splitlines()
            assert max(len(line.replace("samples.py:N", "samples.py:NN")) for line in lines) <= width


def help_of(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    with pytest.raises(SystemExit) as exit_:
        main([*command, "--help"])
    assert exit_.value.code == 0
    return capsys.readouterr().out


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(NAMES) > 8
    assert tuple(re.findall(r"^    (\w+)", help_of(capsys), flags=re.MULTILINE)) == NAMES


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("command", NAMES)
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
        assert make_parser().parse_args(arguments).command.name == command
