"""One shape with one argument: what is given another chance, what does not happen again, and what is portable."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from latchproof.check import jobs
from latchproof.check.checker import check
from latchproof.check.history import End, SeenError
from latchproof.check.jobs import Job, do_job, portable
from latchproof.check.replaying import replay
from latchproof.check.target import Target, TargetError, adapt
from latchproof.check.tree import Explorer, Walk
from latchproof_spec.machine import Programs
from tests.check import samples

SHAPE = Programs((1,), at_once=3, calls=4, cancellations=0)


def job(shape: Programs = SHAPE) -> Job:
    return Job(shape, 1, ("latchproof",), "asyncio", False, "exhaustive", 1000, 0)


def test_a_set_of_futures_is_gone_over_in_one_order() -> None:
    outcome = do_job(adapt(samples.SetLatch), job())
    assert outcome.reasons == ()
    assert outcome.walk.failures == {"latchproof": {}}
    verdict = check(adapt(samples.SetLatch), policy="latchproof", programs=(SHAPE,))
    assert verdict.reported.failures == {}


def test_a_fault_of_the_check_itself_is_told_and_nothing_is_concluded(monkeypatch: pytest.MonkeyPatch) -> None:
    walk = Explorer.walk

    def breaks(explorer: Explorer, **options: Any) -> Walk:
        if "on_history" in options:  # what finds out which operations there are
            return walk(explorer, **options)
        raise ZeroDivisionError("of ours")

    monkeypatch.setattr(Explorer, "walk", breaks)
    outcome = do_job(adapt(samples.SetLatch), job())
    assert outcome.broken_off
    (reason,) = outcome.reasons
    assert "the check itself failed, with ZeroDivisionError: of ours (line " in reason.text
    verdict = check(adapt(samples.SetLatch), policy="latchproof", programs=(SHAPE,))
    assert (verdict.exit_code, verdict.reasons[0]) == (3, reason)


def test_what_is_random_stays_inconclusive() -> None:
    outcome = do_job(adapt(samples.MoodyLatch), job(Programs((1,), at_once=2, calls=3, cancellations=1)))
    assert not outcome.is_deterministic
    assert any("under the same schedule" in reason.text for reason in outcome.reasons)


def test_a_failure_that_does_not_happen_again_was_seen_once(monkeypatch: pytest.MonkeyPatch) -> None:
    target = adapt(samples.ForgetfulLatch)
    found = do_job(target, job())
    assert found.is_deterministic
    assert not any(failure.seen_once for failure in found.walk.failures["latchproof"].values())
    monkeypatch.setattr(jobs, "_repeated", lambda target, job, found, times: (None,) * len(found))
    outcome = do_job(target, job())
    assert not outcome.is_deterministic
    assert outcome.walk.failures["latchproof"].keys() == found.walk.failures["latchproof"].keys()
    assert all(failure.seen_once for failure in outcome.walk.failures["latchproof"].values())


def repeated_by(monkeypatch: pytest.MonkeyPatch, change: Callable[[Explorer], None]) -> list[tuple[list[str], bool]]:
    """Change what each repetition finds; return the list of them: by which policies, and whether it was shown."""
    made = []

    def wrapped(target: Target, schedule: tuple[str, ...], **options: Any) -> Explorer:
        made.append((options["policies"], options["shown"]))
        explorer = replay(target, schedule, **options)
        change(explorer)
        return explorer

    monkeypatch.setattr(jobs, "replay", wrapped)
    return made


def test_what_fails_under_one_schedule_is_repeated_together_ten_times_and_shown_at_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = repeated_by(monkeypatch, lambda explorer: None)
    outcome = do_job(adapt(samples.ForgetfulLatch), replace(job(), policies=("latchproof", "keeps")))
    found = [one.schedule for failures in outcome.walk.failures.values() for one in failures.values()]
    assert len(set(found)) < len(found)
    assert len(made) == 10 * len(set(found))
    assert made.count((["latchproof", "keeps"], True)) * 9 == made.count((["latchproof", "keeps"], False)) > 0


def test_of_what_is_repeated_together_each_failure_has_to_happen_again(monkeypatch: pytest.MonkeyPatch) -> None:
    repeated_by(monkeypatch, lambda explorer: explorer.so_far.failures.get("keeps", {}).clear())
    outcome = do_job(adapt(samples.ForgetfulLatch), replace(job(), policies=("latchproof", "keeps")))
    seen_once = {
        name: {one.seen_once for one in outcome.walk.failures[name].values()} for name in outcome.walk.failures
    }
    assert seen_once == {"latchproof": {False}, "keeps": {True}}
    assert not outcome.is_deterministic


@pytest.mark.parametrize(
    ("latch", "seen"),
    [
        (
            samples.PointingLatch,
            "count_down() raised InvalidStateError: nothing can be done about <object object at 0x...>",
        ),
        (samples.PointingShoutingLatch, "an error reached the event loop: KeyError: <object object at 0x...>"),
    ],
)
def test_a_failure_that_names_an_address_happens_again(latch: type, seen: str) -> None:
    outcome = do_job(adapt(latch), job())
    assert outcome.reasons == ()
    assert outcome.walk.failures["latchproof"]["C15"].finding.seen == seen


def test_an_outcome_can_be_sent() -> None:
    outcome = portable(do_job(adapt(samples.ForgetfulLatch), job()))
    again = pickle.loads(pickle.dumps(outcome))
    assert again.walk.failures == outcome.walk.failures


def test_an_error_that_cannot_be_sent_keeps_its_name() -> None:
    class LocalError(Exception):
        pass

    event = jobs._portable(End(0, "raised", error=LocalError("x")))
    assert isinstance(event, End)
    assert isinstance(event.error, SeenError)
    assert (event.error.name, str(event.error)) == ("LocalError", "x")
    assert str(pickle.loads(pickle.dumps(event.error))) == "x"


def test_what_a_method_demands_by_keyword_is_said() -> None:
    with pytest.raises(TargetError, match=r"count_down\(\) requires how, which the specified operation"):
        adapt(samples.DemandingLatch)
