"""The faults of a host's own loop: each is shown with the host's primitives alone, and no class is blamed for it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flowno.core.event_loop import synchronization
from flowno.core.event_loop.commands import EventWaitCommand, SleepCommand

from latchproof import Barrier, CountdownLatch
from latchproof.check.checker import check
from latchproof.check.history import HostFault, Stray
from latchproof.check.judge import Judge
from latchproof.check.loops import flowno_tasks
from latchproof.check.loops.flowno_tasks import OWN_FAULTS, WOKEN
from latchproof.check.loops.interface import OwnFault
from latchproof.check.machine_specification import MachineSpecification
from latchproof.check.target import adapt, load
from latchproof.check.trace import read_all
from latchproof.check.verdict import Verdict
from latchproof.cli.main import main
from latchproof.show.html.annotated import annotate
from latchproof.show.html.check import check_page
from latchproof.show.lanes import lanes, mermaid
from latchproof.show.repro import reproduction
from latchproof.show.words import CannotRenderError
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Programs
from tests.check import flowno_samples
from tests.check.flowno_programs import SHOWN
from tests.show.pages import data_of

SMALL = Programs((1, 2), at_once=2, calls=2, cancellations=1, numbers=(0,))
POLLING = "tests/check/flowno_samples.py:PollingLatch"


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Flowno logs each error of a task."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def judged(factory: Any, **options: Any) -> Verdict:
    options = {"host": "flowno", "policy": "latchproof", "programs": (SMALL,)} | options
    return check(adapt(factory) if callable(factory) else load(factory), **options)


@pytest.mark.parametrize(
    "shows", [pytest.param(show, id=f"{name}: {way}") for name, ways in SHOWN.items() for way, show in ways.items()]
)
def test_the_hosts_primitives_alone_show_it(shows: Callable[[], bool]) -> None:
    """Where this fails, Flowno has been mended, and the entry is to be removed."""
    assert shows()


def test_each_fault_is_shown() -> None:
    assert list(SHOWN) == [fault.name for fault in OWN_FAULTS]


@pytest.mark.parametrize("fault", OWN_FAULTS, ids=lambda one: one.name)
def test_each_has_a_sentence_about_the_loop_and_is_documented(fault: OwnFault) -> None:
    assert fault.sentence.startswith("Flowno's loop ")
    assert fault.versions.endswith("0.1.19")
    page = (Path(__file__).parents[2] / "docs/howto/use-on-flowno.md").read_text(encoding="utf-8")
    assert f"| `{fault.name}` | {fault.sentence} ({fault.versions}). |" in page


@pytest.mark.parametrize(
    "factory",
    [
        flowno_samples.PollingLatch,
        flowno_samples.SleepingLatch,
        flowno_samples.SpawningLatch,
        flowno_samples.JoiningLatch,
        flowno_samples.EventLatch,
        flowno_samples.LeavingLatch,
        flowno_samples.SpawningWaitLatch,
        flowno_samples.LockedLatch,
        flowno_samples.ConditionLatch,
        flowno_samples.EventBarrier,
        CountdownLatch,
        Barrier,
    ],
)
def test_a_right_class_conforms_and_the_loops_fault_is_noted(factory: Any) -> None:
    verdict = judged(factory)
    assert verdict.reported.failures == {}
    assert not [reason for reason in verdict.reasons if reason.code != "not-exercised"]
    assert verdict.host_traces
    for trace in verdict.host_traces:
        fault = next(one for one in OWN_FAULTS if one.name == trace.claim)
        assert trace.cancellations == 1
        (note,) = [note for note in verdict.notes if note.startswith(f"{fault.sentence} (seen in {fault.versions})")]
        assert f"latchproof replay '{trace.notation}' MODULE:NAME --host flowno" in note  # it is loaded by no name


def test_a_class_that_wakes_a_task_that_has_ended_is_blamed() -> None:
    """The loop has forgotten the task, and the class resumes it."""
    verdict = judged(flowno_samples.QueueingLatch)
    assert set(verdict.reported.failures) == {"C15"}
    failure = verdict.reported.failures["C15"]
    assert failure.history[-1] == Stray(
        "an error reached the event loop: RuntimeError: a task that had ended was woken"
    )
    assert failure.size[:3] == (2, 1, 1)


@pytest.mark.parametrize(
    ("factory", "claim", "seen"),
    [
        (flowno_samples.ForgetfulLatch, "C11", "nothing can run any more, and count_down() of call 2 has not ended"),
        (flowno_samples.ReleasingLatch, "C15", "an error reached the event loop: AssertionError: Lock release by non-"),
        (flowno_samples.SwallowingLatch, "C3", "wait() returned"),
    ],
)
def test_what_resembles_a_fault_of_the_loop_is_still_found(factory: Any, claim: str, seen: str) -> None:
    verdict = judged(factory)
    assert verdict.exit_code == 1
    assert verdict.reported.failures[claim].finding.seen.startswith(seen)


@pytest.mark.parametrize(
    ("factory", "names"),
    [
        (flowno_samples.SpawningWaitLatch, {"early-wake-up"}),
        (flowno_samples.LockedLatch, {"lost-lock"}),
        (flowno_samples.ConditionLatch, {"condition-without-lock", "lost-lock"}),
    ],
)
def test_a_fault_that_ends_a_run_is_noted(factory: Any, names: set[str]) -> None:
    assert names <= {trace.claim for trace in judged(factory).host_traces}


THREE = Programs((1,), at_once=3, calls=3, cancellations=1, numbers=(0,), again=True)


def test_a_lock_that_the_loop_lost_strands_no_call_of_a_right_latch() -> None:
    """A task that is cancelled while it waits for the lock gets it later, when it waits for something else."""
    verdict = judged(flowno_samples.NotifyingLatch, programs=(THREE,))
    assert verdict.reported.failures == {}
    assert not [reason for reason in verdict.reasons if reason.code != "not-exercised"]


def test_a_latch_that_notifies_too_few_is_still_found() -> None:
    verdict = judged(flowno_samples.NotifyingOneLatch, programs=(THREE,))
    assert verdict.reported.failures["C11"].size[:3] == (3, 0, 1)


AGAIN = Programs((1,), at_once=2, calls=3, cancellations=1, again=True)


@pytest.mark.parametrize("factory", [flowno_samples.EventLatch, flowno_samples.LeavingLatch, CountdownLatch])
def test_a_task_may_call_again_after_its_cancellation(factory: Any) -> None:
    """The wake-up that the loop has kept may end its next wait early, which is the loop's fault."""
    verdict = judged(factory, programs=(AGAIN,))
    assert verdict.reported.failures == {}
    assert not [reason for reason in verdict.reasons if reason.code != "not-exercised"]


def test_what_is_left_of_a_cancelled_call_is_found() -> None:
    verdict = judged(flowno_samples.MarkingLatch, programs=(AGAIN,))
    assert verdict.reported.failures["C15"].finding.seen.startswith("wait() raised RuntimeError: this task waits here")
    assert verdict.reported.failures["C15"].size[:3] == (2, 1, 1)


def test_a_call_that_raises_what_the_loop_raises_is_blamed() -> None:
    verdict = judged(flowno_samples.TwiceAwaitingLatch)
    assert verdict.reported.failures["C15"].finding.seen.startswith("wait() raised RuntimeError: cannot reuse")


def test_it_changes_nothing_for_a_judge() -> None:
    judge = Judge(MachineSpecification(LATCH, LATCH.policies[0], 1))
    before = judge.snapshot()
    assert judge.step(HostFault("any", "the loop fails")) is None
    assert judge.snapshot() == before


def test_the_run_is_in_every_rendering(tmp_path: Path) -> None:
    verdict = judged(POLLING)
    (trace,) = [one for one in verdict.host_traces if one.claim == WOKEN.name]
    words = f"{WOKEN.sentence} (the host's own fault)"
    assert trace.events[-1] == {"kind": "host-fault", "name": WOKEN.name, "text": WOKEN.sentence}
    assert " ".join(" ".join(lanes(trace)).split()).endswith(words)
    assert not [line for line in (*lanes(trace), mermaid(trace)) if "not allowed" in line or "is broken" in line]
    assert f"Note over T: {words}" in mermaid(trace)
    itf = trace.to_itf()
    assert itf["states"][-1]["event"] == words
    assert "shows the host's own fault ended-task-woken" in itf["#meta"]["description"]
    shown = annotate(trace)
    assert shown["agrees"]
    assert all(step["allowed"] for step in shown["steps"])
    assert list(data_of(check_page(verdict))["verdict"]["notes"]) == list(verdict.notes)
    with pytest.raises(CannotRenderError, match="the fault is the event loop's own"):
        reproduction(trace)
    file = tmp_path / "verdict.json"
    file.write_text(json.dumps(verdict.to_json()), encoding="utf-8")
    assert {one.claim for one in read_all(file)} == {"ended-task-woken", "ended-task-cancelled"}


def test_it_is_printed_and_can_be_replayed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "verdict.json"
    bounds = ["--calls", "2", "--tasks", "2", "--cancels", "1", "--workers", "2"]
    options = [POLLING, "--kind", "latch", "--host", "flowno", "--policy", "latchproof"]
    assert main(["check", *options, *bounds, "--json", str(file)]) == 0
    assert f"{WOKEN.sentence} (seen in {WOKEN.versions}). This is the host's own fault" in capsys.readouterr().out
    assert main(["replay", str(file), *options[:3], "--claim", WOKEN.name]) == 0
    shown = capsys.readouterr().out
    assert f"{WOKEN.sentence} (the host's own fault)" in shown
    assert "the specification allows this run" in shown


@pytest.mark.parametrize("happened", [True, False])
def test_a_wake_up_is_early_only_where_nothing_has_happened(happened: bool) -> None:
    event = synchronization.Event()
    event._set = happened
    due = flowno_tasks.CLOCK.timer() + (-1 if happened else 60)
    task: Any = None
    assert flowno_tasks._has_happened(SleepCommand(due), task, None) is happened
    assert flowno_tasks._has_happened(EventWaitCommand(event), task, None) is happened
