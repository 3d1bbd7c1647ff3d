"""What completes the command in a shell."""

from __future__ import annotations

import argparse
import shutil
import subprocess
from pathlib import Path

import pytest

from latchproof.cli.main import SHELLS, main, make_parser

(SUBPARSERS,) = (one for one in make_parser()._actions if isinstance(one, argparse._SubParsersAction))


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as exit_:
        main(["--print-completion", shell])
    assert exit_.value.code == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    return printed.out


@pytest.mark.parametrize("shell", SHELLS)
def test_every_command_and_every_option_is_in_it(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = script(shell, capsys)
    for name, command in SUBPARSERS.choices.items():
        assert name in text
        for option in command._option_string_actions:
            assert (option.lstrip("-") if shell == "fish" else option) in text


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("che", "check"),
        ("check --sch", "--scheduler --schedules"),
        ("check --scheduler ", "exhaustive random pct"),
        ("report --html some", "some.html"),
        ("check mod", "module.py"),
    ],
)
def test_bash_completes(
    typed: str, expected: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bash = shutil.which("bash")
    assert bash is not None, "there is no bash to try it in"
    monkeypatch.chdir(tmp_path)
    for name in ("some.html", "module.py"):
        (tmp_path / name).touch()
    *before, last = typed.split(" ")
    words = " ".join(f"'{word}'" for word in ("latchproof", *before, last))
    previous = before[-1] if before else "latchproof"
    ask = f"""
COMP_WORDS=({words}); COMP_CWORD={len(before) + 1}
function=$(complete -p latchproof | sed -E 's/.*-F ([^ ]+) .*/\\1/')
"$function" latchproof '{last}' '{previous}'
echo "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(
        [bash, "-c", script("bash", capsys) + ask], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.stdout.strip(), done.returncode) == (expected, 0), done.stderr


def test_without_shtab_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("latchproof.check.extras.find_spec", lambda name: None)
    with pytest.raises(SystemExit) as exit_:
        main(["--print-completion", "bash"])
    assert exit_.value.code == 2
    assert capsys.readouterr().err == 'latchproof: this command needs shtab: pip install "latchproof[check]"\n'
