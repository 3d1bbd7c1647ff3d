"""Which estimates are too far off, and that such a one is reported."""

from __future__ import annotations

import logging
import sys

import pytest

from benchmarks import estimates


@pytest.mark.parametrize(
    ("estimated", "made", "stopped", "is_outside"),
    [
        (300, 100, False, False),
        (301, 100, False, True),
        (100, 300, False, False),
        (100, 301, False, True),
        (100, 100, True, True),
    ],
)
def test_an_estimate_may_be_3_times_too_high_or_too_low(
    estimated: float, made: int, stopped: bool, is_outside: bool
) -> None:
    assert estimates.Tree("a bound", estimated, made, stopped).is_outside == is_outside


@pytest.mark.parametrize(("estimated", "code"), [(10, 0), (40, 1)])
def test_one_that_is_too_far_off_is_named_and_makes_it_fail(
    estimated: float, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        estimates, "compared", lambda target, host: [estimates.Tree("a bound", estimated, 10, stopped=False)]
    )
    monkeypatch.setattr(logging, "disable", lambda level: None)  # it would last longer than this test
    monkeypatch.setattr(sys, "argv", ["estimates", "Lock"])
    assert estimates.main() == code
    printed = capsys.readouterr().out
    assert (f"Lock on asyncio: estimated {estimated}, made 10: {estimated / 10:.2f}, OUTSIDE\n" in printed) == code
    assert f"outside of a factor of 3, or not known: {code}" in printed
