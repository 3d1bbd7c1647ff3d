"""The registry of formats, and what the command line makes of it."""

import json

import pytest

from latchproof.check.checker import check
from latchproof.check.target import load
from latchproof.check.verdict import Verdict
from latchproof.cli.main import make_parser
from latchproof.show.formats import FORMATS, OF_TRACES, Format
from latchproof_spec.machine import Programs


@pytest.fixture(scope="module")
def verdict() -> Verdict:
    return check(load("asyncio:Barrier"), policy="cpython", programs=(Programs((3,), 3, 4, 1, waits_only=True),))


def test_no_two_formats_share_a_name_or_an_option() -> None:
    assert len({one.name for one in FORMATS}) == len({one.option for one in FORMATS}) == len(FORMATS) > 6


@pytest.mark.parametrize("one", FORMATS, ids=lambda one: one.name)
def test_a_format_renders_a_verdict_or_a_trace(one: Format, verdict: Verdict) -> None:
    (trace,) = verdict.traces
    texts = [render(what) for render, what in ((one.of_verdict, verdict), (one.of_trace, trace)) if render]  # type: ignore[arg-type]
    assert texts
    for text in texts:
        assert text.endswith("\n")
        assert "Barrier" in text


@pytest.mark.parametrize("name", ["json", "itf"])
def test_what_tools_read_is_json(name: str, verdict: Verdict) -> None:
    (render,) = (one.of_trace for one in OF_TRACES if one.name == name)
    assert render is not None
    assert json.loads(render(verdict.traces[0]))


@pytest.mark.parametrize("one", FORMATS, ids=lambda one: one.name)
def test_the_command_line_has_an_option_for_each(one: Format) -> None:
    options = make_parser().parse_args(["check", "asyncio:Barrier", f"--{one.option}", "out"])
    assert str(getattr(options, one.option)) == "out"
    if one in OF_TRACES:
        options = make_parser().parse_args(["fuzz", "asyncio:Barrier", f"--{one.option}", "out"])
        assert str(getattr(options, one.option)) == "out"
        assert make_parser().parse_args(["export", "trace.json", "--format", one.name]).format == one.name
