"""A fault of a model that only running it shows ends a check, and is no finding about the class."""

from __future__ import annotations

import asyncio

import pytest

from latchproof.check.target import TargetError
from latchproof.cli.main import main
from latchproof.model import Model, when
from latchproof.testing import check, state_machine


class Misspelt(Model):
    """release() changes an attribute that there is not."""

    def __init__(self) -> None:
        self._held = False

    def acquire(self) -> None:
        when(not self._held)
        self._held = True

    def release(self) -> None:
        self._hold = False


NAME = f"{__name__}:{Misspelt.__name__}"
FAULT = r"the model is at fault, .*Misspelt.release\(\) makes or removes the attribute _hold"


def test_a_check_raises_it() -> None:
    with pytest.raises(TargetError, match=FAULT):
        check(asyncio.Lock, model=Misspelt)


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "asyncio:Lock", "--workers", "1"],
        ["replay", "0:a.a.a.r..", "asyncio:Lock"],
        ["fuzz", "asyncio:Lock", "--examples", "50"],
    ],
    ids=lambda one: one[0],
)
def test_every_command_ends_with_it(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*arguments, "--model", NAME]) == 2
    assert "the model is at fault" in capsys.readouterr().err


def test_the_state_machine_raises_it() -> None:
    from hypothesis import settings
    from hypothesis.stateful import run_state_machine_as_test

    def run() -> None:
        machine = state_machine(asyncio.Lock, model=Misspelt)
        run_state_machine_as_test(machine, settings=settings(max_examples=50, database=None, derandomize=True))

    with pytest.raises(TargetError, match=FAULT):
        run()
