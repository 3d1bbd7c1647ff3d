"""A target that does not end where it is only looked at, before any schedule, is refused with the place."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from latchproof.check import inspecting
from latchproof.check.sandbox.watch import StepLimits
from latchproof.check.target import TargetError, adapt
from tests.check.samples import FifoBarrier


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspecting, "USUAL_LIMITS", StepLimits(0.2, 0.4))


class EndlessConstructor(FifoBarrier):
    def __init__(self, parties: int) -> None:
        super().__init__(parties)
        while parties == 2:
            pass


class EndlessReading(FifoBarrier):
    @property
    def n_waiting(self) -> int:
        while True:
            pass


class EndlessWithoutInterrupt(FifoBarrier):
    """It swallows what interrupts it."""

    def __init__(self, parties: int) -> None:
        super().__init__(parties)
        while True:
            try:
                while True:
                    pass
            except BaseException:
                pass


class BlockedConstructor(FifoBarrier):
    def __init__(self, parties: int) -> None:
        super().__init__(parties)
        time.sleep(60)


@pytest.mark.parametrize(
    "factory",
    [EndlessConstructor, EndlessReading, EndlessWithoutInterrupt, BlockedConstructor],
    ids=lambda it: it.__name__,
)
def test_what_does_not_end_is_refused(factory: Callable[[int], Any]) -> None:
    end = os._exit
    with pytest.raises(TargetError, match=rf"{factory.__name__} is looked at .* s of .*, at test_inspecting\.py:\d+$"):
        adapt(factory, factory.__name__)
    assert os._exit is end


def test_it_is_refused_outside_of_the_main_thread_too() -> None:
    refused: list[BaseException] = []

    def look() -> None:
        try:
            adapt(EndlessConstructor)
        except TargetError as error:
            refused.append(error)

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert len(refused) == 1
