"""The verdict on a class: what it breaks, under which policies, within which bounds, and when nothing is concluded."""

from __future__ import annotations

import asyncio
import inspect
import io
import json
import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from latchproof import Barrier, CountdownLatch
from latchproof.check import blame, jobs, judge
from latchproof.check.bounds import default_programs, programs_asked_for, programs_within
from latchproof.check.checker import check, rules_in_reach
from latchproof.check.machine_specification import MachineSpecification
from latchproof.check.reach import applicable_rules
from latchproof.check.specification import Configuration, Invocation
from latchproof.check.target import TargetError, adapt, load
from latchproof.check.tree import Walk
from latchproof.check.verdict import PolicyVerdict, Verdict, most_telling, shared
from latchproof.show.verdict import print_verdict
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Programs
from latchproof_spec.machines import CLAIMS, MACHINES, machines_about
from tests.check import samples

UNSEEN = {claim.id: claim.unobservable for claim in CLAIMS if claim.unobservable}
ONE = SimpleNamespace(size=(1, 0, 1, 1))
"""Stands for a failure."""
SMALL = Programs((1, 2), at_once=2, calls=3, cancellations=1, numbers=(-1, 0, 2))

ENOUGH = (Programs((2, 3), at_once=3, calls=4, cancellations=1),)
"""Bounds within which every policy is broken by asyncio's barrier."""


def small(factory: Any, **options: Any) -> Verdict:
    return check(adapt(factory), programs=(SMALL,), **options)


@pytest.fixture(scope="module")
def asyncio_barrier() -> dict[str, Verdict]:
    return {
        "cpython": check(load("asyncio:Barrier"), policy="cpython"),
        "latchproof": check(load("asyncio:Barrier"), policy="latchproof", programs=ENOUGH),
    }


@pytest.mark.parametrize("factory", [CountdownLatch, Barrier])
def test_our_own_classes_conform_in_the_strict_form(factory: Any) -> None:
    verdict = check(adapt(factory), policy="latchproof", strict=True)
    assert (verdict.status, verdict.exit_code, verdict.reasons) == ("conforms", 0, ())
    assert verdict.satisfied == ("latchproof",)
    assert verdict.reported.failures == {}
    assert verdict.reported.not_exercised == ()
    machine = verdict.target.machine
    assert set(verdict.reported.exercised) == {claim.id for claim in _claims(machine.name)} - set(UNSEEN)
    assert verdict.strict
    assert verdict.schedules > 100
    assert verdict.steps > 100
    assert verdict.seconds > 0


def _claims(name: str) -> list[Any]:
    return [claim for claim in CLAIMS if name in [one.name for one in machines_about(claim)]]


def test_asyncio_s_barrier_breaks_c5_under_its_own_policy(asyncio_barrier: dict[str, Verdict]) -> None:
    verdict = asyncio_barrier["cpython"]
    assert (verdict.status, verdict.exit_code, verdict.satisfied) == ("counterexample", 1, ())
    sizes = {claim: failure.size[:2] for claim, failure in verdict.reported.failures.items()}
    assert sizes == {"C5": (4, 1)}


def test_and_c8_too_under_ours(asyncio_barrier: dict[str, Verdict]) -> None:
    sizes = {claim: one.size[:2] for claim, one in asyncio_barrier["latchproof"].reported.failures.items()}
    assert sizes["C5"] == (4, 1)
    assert sizes["C8"] == (3, 0)


def test_of_policies_that_find_the_same_the_nearest_is_reported() -> None:
    verdict = check(load("asyncio:Barrier"), programs=ENOUGH)
    broken = {one.policy: len(one.failures) for one in verdict.policies}
    assert list(broken) == [policy.name for policy in BARRIER.usual_policies]
    assert verdict.reported.policy == min(broken, key=lambda name: broken[name]) == "cpython"
    assert verdict.satisfied == ()


def test_what_most_policies_find_is_reported() -> None:
    """The policy that raises ends each run at the first call too many, before the wait() that hangs."""
    verdict = check(adapt(samples.EqualsZeroLatch), programs=programs_within(adapt(samples.EqualsZeroLatch), 2, 3, 0))
    assert {one.policy: list(one.failures) for one in verdict.policies} == {
        "latchproof": ["C11", "C12"], "keeps": ["C11", "C12"], "aiologic": ["C10"], "rearms": ["C11", "C12"],
    }  # fmt: skip
    assert verdict.reported.policy == "latchproof"
    assert verdict.traces[0].events[-1] == {"kind": "rest"}


@pytest.mark.parametrize(
    ("broken", "common", "shown"),
    [
        ({"one": "C1", "two": "C2 C3", "three": "C2"}, "C2", "three"),
        ({"one": "C1", "two": "C1 C2", "three": "C2 C3"}, "C1 C2", "two"),
        ({"one": "C1 C2", "two": "C3", "three": "C4"}, "C1 C2 C3 C4", "one"),
        ({"one": "C1", "two": "", "three": "C1"}, "C1", "two"),
        ({"one": "C1"}, "C1", "one"),
        ({"one": "C5", "two": "C6", "three": "C5 C6", "four": "C6"}, "C6", "two"),
        ({"one": "C1 C2", "two": "C2", "three": "C1 C2"}, "C1 C2", "two"),
    ],
)
def test_which_policy_is_shown(broken: dict[str, str], common: str, shown: str) -> None:
    """Not that of the first, nor that with the fewest findings: one with what most policies find, and little else."""
    failures: dict[str, Any] = {policy: dict.fromkeys(claims.split(), ONE) for policy, claims in broken.items()}
    verdicts = [PolicyVerdict(policy, failures[policy], (), (), ()) for policy in broken]
    assert set(shared(verdicts)) == set(common.split())
    assert most_telling(verdicts).policy == shown


def test_of_policies_broken_in_as_many_ways_that_is_shown_which_takes_the_most_to_break() -> None:
    """A lock whose writers come first is stranded by any program, if readers should come first; that is no fault."""
    sizes: dict[str, Any] = {
        "readers": (2, 0, 1, 9),
        "writers": (3, 1, 1, 5),
        "none": (3, 0, 1, 7),
        "last": (3, 1, 1, 4),
    }
    failures: dict[str, Any] = {name: SimpleNamespace(size=size) for name, size in sizes.items()}
    verdicts = [PolicyVerdict(name, {"stranded": one}, (), (), ()) for name, one in failures.items()]
    assert most_telling(verdicts).policy == "writers"
    verdicts.append(PolicyVerdict("two", dict.fromkeys(("stranded", "wrong-value"), failures["writers"]), (), (), ()))
    assert most_telling(verdicts).policy == "writers"


def test_with_a_claim_a_policy_that_satisfies_it_is_shown() -> None:
    found: list[dict[str, Any]] = [{"C1": ONE}, {"C2": ONE, "C3": ONE}, {"C1": ONE, "C3": ONE}]
    verdicts = [PolicyVerdict(str(number), failures, (), (), ()) for number, failures in enumerate(found)]
    assert most_telling(verdicts).policy == "2"
    assert most_telling(verdicts, "C1").policy == "1"
    assert most_telling(verdicts, "C3").policy == "0"


def test_any_policy_that_is_satisfied_will_do() -> None:
    verdict = small(samples.CountdownBarrier)
    assert (verdict.status, verdict.satisfied) == ("conforms", ("cpython", "lenient"))
    assert {one.policy for one in verdict.policies if one.satisfied} == {"cpython", "lenient"}
    assert {one.policy for one in verdict.policies if "C5" in one.failures} == {"latchproof", "aiologic"}


@pytest.mark.parametrize(
    ("factory", "claims"),
    [
        (samples.GreedyBarrier, {"C6"}),
        (samples.HastyLatch, {"C3"}),
        (samples.StuckLatch, {"C11"}),
        (samples.ShoutingLatch, {"C15"}),
    ],
)
def test_a_fault_breaks_its_claim(factory: Any, claims: set[str]) -> None:
    verdict = small(factory)
    assert verdict.exit_code == 1
    assert set(verdict.reported.failures) == claims


def test_claims_are_in_their_order() -> None:
    verdict = small(samples.CountingLatch, policy="latchproof")
    broken = list(verdict.reported.failures)
    assert len(broken) > 1
    assert broken == sorted(broken, key=lambda claim: int(claim[1:]))


def test_the_smallest_failure_of_all_arguments_is_kept() -> None:
    shapes = (Programs((3, 2), at_once=3, calls=3, cancellations=0, waits_only=True),)
    verdict = check(adapt(samples.GreedyBarrier), programs=shapes, policy="latchproof")
    assert verdict.reported.failures["C6"].size == (1, 0, 2, 1)


def test_what_is_absent_is_said_and_not_asked_for() -> None:
    verdict = small(samples.FifoBarrier)
    assert verdict.target.absent == ("abort", "reset", "n_waiting", "broken")
    assert verdict.status == "conforms"
    assert not {"B3", "B6", "B7"} & set(verdict.reported.fired)
    # nothing breaks a barrier without abort: what is about that needs no chance
    assert not {"C4", "C9", "C10", "C14"} & {*verdict.reported.exercised, *verdict.reported.not_exercised}


def test_what_is_there_only_to_say_that_it_is_not_is_absent() -> None:
    verdict = small(samples.StubbedBarrier)
    assert "abort" in verdict.target.absent
    assert verdict.status == "conforms"


def test_a_class_that_does_not_do_the_same_again_is_inconclusive() -> None:
    verdict = small(samples.MoodyLatch, policy="latchproof")
    assert (verdict.status, verdict.exit_code) == ("inconclusive", 3)
    (reason,) = [one.text for one in verdict.reasons if one.code == "nondeterministic"]
    assert reason.startswith("under the same schedule")
    assert ", so the target depends on what no schedule decides, such as chance, a thread" in reason


@pytest.mark.parametrize(
    ("factory", "claim"), [(samples.LosingLatch, "C15"), (samples.SelfLatch, "C16"), (samples.StreamLatch, "C3")]
)
def test_objects_that_are_others_in_each_run_are_no_chance(factory: Any, claim: str) -> None:
    verdict = small(factory, policy="latchproof")
    assert (verdict.status, verdict.reasons) == ("counterexample", ())
    assert claim in verdict.reported.failures


def test_what_may_be_chance_is_no_counterexample() -> None:
    """Even where a failure happened to happen again as often as it was tried."""
    assert small(samples.ForgetfulLatch, policy="latchproof").exit_code == 1
    verdict = small(samples.ThreadedForgetfulLatch, policy="latchproof")
    assert (verdict.status, verdict.exit_code) == ("inconclusive", 3)
    assert any("may be chance" in reason.text for reason in verdict.reasons)


def test_once_it_is_known_to_fail_a_check_goes_on_for_a_while_and_keeps_the_smallest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shape = Programs((1,), at_once=3, calls=4, cancellations=1)
    whole = check(adapt(samples.ForgetfulLatch), policy="latchproof", programs=(shape,))
    monkeypatch.setattr(jobs, "AFTER_FAILURE", 0)
    short = check(adapt(samples.ForgetfulLatch), policy="latchproof", programs=(shape,))
    assert short.schedules < whole.schedules
    said = "once it had failed, 0 more schedules were run, and all that are smaller than the smallest failure"
    assert f"count 1: {said}; other claims may be broken too" in short.notes
    both = check(adapt(samples.ForgetfulLatch), policy="latchproof", programs=(replace(shape, arguments=(2, 1)),))
    assert [note for note in both.notes if said in note] == [f"count 1, 2: {said}; other claims may be broken too"]
    sizes = [min(failure.size[:2] for failure in one.reported.failures.values()) for one in (short, whole)]
    assert sizes[0] == sizes[1]
    assert short.exit_code == 1


class NoLock:
    """A lock that lets everybody in."""

    async def acquire(self) -> bool:
        return True

    def release(self) -> None:
        """Do nothing."""


def test_how_the_trees_of_a_class_without_an_argument_were_cut_short_is_all_that_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jobs, "AFTER_FAILURE", 0)
    verdict = check(adapt(NoLock, kind="lock"))
    assert [note.partition(" more")[0] for note in verdict.notes if "broken too" in note] == ["once it had failed, 0"]


def test_a_check_that_is_cut_short_is_inconclusive() -> None:
    verdict = check(adapt(Barrier), policy="latchproof", programs=(SMALL,), schedules=5)
    assert (verdict.status, verdict.exit_code) == ("inconclusive", 3)
    reason = "parties 2: stopped after 5 schedules of parties 1, 2: 3 calls, 2 at once, 1 cancellation, all operations"
    assert reason in map(str, verdict.reasons)
    assert verdict.schedules <= 10


def test_every_schedule_is_run_where_the_check_does_not_reduce() -> None:
    shape = Programs((1,), at_once=2, calls=2, cancellations=1, numbers=(0,))
    reduced, whole = (check(adapt(CountdownLatch), programs=(shape,), reduces=reduces) for reduces in (True, False))
    assert whole.pruned == 0 < reduced.pruned
    assert whole.covered == whole.schedules > reduced.schedules
    assert whole.status == reduced.status


def test_a_counterexample_wins_over_what_is_inconclusive() -> None:
    verdict = check(adapt(samples.HastyLatch), policy="latchproof", programs=(SMALL,), schedules=1)
    assert verdict.reasons
    assert (verdict.status, verdict.exit_code) == ("counterexample", 1)


def test_claims_that_never_had_a_chance_are_inconclusive() -> None:
    shapes = (Programs((2,), at_once=1, calls=1, cancellations=1),)
    verdict = check(adapt(Barrier), policy="latchproof", programs=shapes)
    assert (verdict.status, verdict.exit_code) == ("inconclusive", 3)
    assert "C5" in verdict.reported.not_exercised
    assert any("C5" in one.text and one.text.endswith("never had a chance to fail") for one in verdict.reasons)
    assert not set(verdict.reported.exercised) & set(verdict.reported.not_exercised)


@pytest.mark.parametrize(
    ("factory", "policy", "rules"),
    [
        (Barrier, "latchproof", "B1 B2 B3 B4 B5 B5e B6 B7"),
        (Barrier, "java", "B1 B2r B3 B4b B4e B5 B5e B6 B7"),
        (samples.FifoBarrier, "cpython", "B1 B2a B4 B5 B5e"),
        (samples.FifoBarrier, "aiologic", "B1 B2 B3 B4b B5 B5e"),  # a cancelled waiter breaks it
        (CountdownLatch, "latchproof", "L1 L2 L3 L3x L4 L5 L6 L7 L8 L9 L10"),
        (CountdownLatch, "aiologic", "L1 L2 L3p L4 L5k L5r L6 L7 L8 L9 L10"),
        (samples.PlainLatch, "keeps", "L1 L2 L3 L7 L8 L9 L10"),
    ],
)
def test_which_rules_can_be_asked_for(factory: Any, policy: str, rules: str) -> None:
    """A claim must have had a chance if something that the target has could have given it one."""
    target = adapt(factory)
    named = target.policy(policy)
    reached = {rule for argument in (1, 2, 3) for rule in rules_in_reach(target, named, argument)}
    assert reached == set(rules.split())


def test_the_search_for_rules_asks_for_each_step_once() -> None:
    asked: list[object] = []

    class Asked(MachineSpecification):
        def effects(self, here: Configuration, call: int, calls: Sequence[Invocation]) -> Any:
            asked.append((here, call, tuple(calls)))
            return super().effects(here, call, calls)

    made: tuple[tuple[str, tuple[Any, ...]], ...] = (("wait", ()), ("count_down", (False,)), ("set_count", (2,)))
    calls = [Invocation(name, arguments, 0, False, tuple(map(type, arguments))) for name, arguments in made]
    assert "L9" in applicable_rules(Asked(LATCH, LATCH.policies[0], 1), calls)
    assert len(asked) == len(set(asked)) > 0


def test_what_was_turned_off_makes_nothing_inconclusive() -> None:
    """Without cancellations a class is not asked what it makes of them, and C7 is not said to have been exercised."""
    target = adapt(samples.FifoBarrier)
    verdict = check(target, policy="latchproof", programs=programs_within(target, cancellations=0))
    assert (verdict.status, verdict.reasons) == ("conforms", ())
    assert "C7" not in (*verdict.reported.exercised, *verdict.reported.not_exercised)
    (note,) = (one for one in verdict.notes if "cancellation" in one)
    assert note.startswith("no cancellations were tried, so nothing is said of C7")


@pytest.mark.parametrize(
    ("factory", "argument", "left"), [(samples.FifoBarrier, 1, "C11"), (samples.PlainLatch, 0, "C7, C11, C12")]
)
def test_arguments_with_which_no_call_waits_make_nothing_inconclusive(factory: Any, argument: int, left: str) -> None:
    target = adapt(factory)
    parameter = target.machine.parameter
    verdict = check(
        target, policy="latchproof", programs=programs_asked_for(target, "asyncio", asked={parameter: argument})
    )
    assert (verdict.status, verdict.reasons) == ("conforms", ())
    assert f"with {parameter} {argument} alone, nothing is said of {left}" in verdict.notes


def test_what_happens_before_any_trip_gives_a_tripped_generation_no_chance_to_fail() -> None:
    target = adapt(Barrier)
    alone = Programs((2,), at_once=1, calls=1, cancellations=1)
    verdict = check(target, policy="latchproof", programs=(alone,))
    assert {"B6", "B7"} <= set(verdict.reported.fired)
    assert "C8" not in verdict.reported.exercised
    tripped = Programs((2,), at_once=2, calls=2, cancellations=1, waits_only=True)
    assert "C8" in check(target, policy="latchproof", programs=(tripped,)).reported.exercised
    without = check(target, policy="latchproof", programs=programs_within(target, cancellations=0))
    assert without.notes == ("no cancellations were tried, so nothing is said of C7, C8",)


@pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
def test_there_is_no_such_policy(machine: Any) -> None:
    names = ", ".join(policy.name for policy in machine.policies)
    factory = {"latch": CountdownLatch, "barrier": Barrier}[machine.name]
    with pytest.raises(TargetError, match=f"there is no policy 'ruby' for a {machine.name}; there are {names}"):
        check(adapt(factory), policy="ruby")


@pytest.mark.parametrize(
    ("factory", "claim", "status", "reason"),
    [
        (samples.PlainLatch, "C3", "conforms", ""),
        (samples.HastyLatch, "C3", "counterexample", ""),
        (
            samples.HastyLatch,
            "C11",
            "inconclusive",
            "runs that broke C3.* ended early, so nothing more is known of C11",
        ),
        (samples.SilentBarrier, "C5", "inconclusive", "C5 is about something that the target does not have, .*"),
    ],
)
def test_a_verdict_may_be_about_one_claim(factory: Any, claim: str, status: str, reason: str) -> None:
    target = adapt(factory)
    verdict = check(target, policy="latchproof", claim=claim, programs=programs_within(target, calls=2))
    assert verdict.status == status
    assert list(verdict.reported.failures) == ([claim] if status == "counterexample" else [])
    assert set(verdict.reported.exercised) <= {claim}
    assert re.fullmatch(reason, "; ".join(map(str, verdict.reasons)))
    assert verdict.to_json()["claim"] == claim


@pytest.mark.parametrize(("factory", "claim"), [(samples.PlainLatch, "C6"), (samples.FifoBarrier, "C99")])
def test_there_is_no_such_claim(factory: Any, claim: str) -> None:
    with pytest.raises(TargetError, match=f"there is no claim '{claim}' about a (latch|barrier); there are C"):
        check(adapt(factory), claim=claim)


def test_what_cannot_be_seen_from_outside_is_no_claim_to_judge_by() -> None:
    for machine in MACHINES.values():
        named = {*machine.blame.values()}
        assert {claim for claim in machine.claims if claim not in named} == {
            claim for claim in machine.claims if claim.unobservable
        }
    assert set(UNSEEN) == {"C1", "C2", "C4"}
    with pytest.raises(TargetError, match="no history is judged by C2 alone: parked tasks cannot be seen"):
        check(adapt(samples.PlainLatch), claim="C2")


def test_every_situation_that_a_machine_names_a_claim_for_is_found() -> None:
    found = set(re.findall(r'"([a-z ]+)"', inspect.getsource(blame) + inspect.getsource(judge)))
    assert {str(one) for machine in MACHINES.values() for one in machine.blame} <= found


def test_reasons_are_plain_data_too() -> None:
    verdict = check(adapt(Barrier), policy="latchproof", programs=(Programs((2,), 1, 1, 1),))
    data = verdict.to_json()
    (reason,) = [one for one in verdict.reasons if one.code == "not-exercised"]
    assert str(reason) in data["reasons"]
    assert {"code": "not-exercised", "where": "", "text": reason.text} in data["inconclusive_because"]


def test_a_policy_that_is_asked_for_by_another_name_is_called_by_its_own() -> None:
    assert [one.policy for one in small(CountdownLatch).policies] == ["latchproof", "keeps", "aiologic", "rearms"]
    one, other = small(CountdownLatch, policy="java"), small(CountdownLatch, policy="keeps")
    assert [verdict.policy for verdict in one.policies] == ["keeps"]
    assert list(one.reported.failures) == list(other.reported.failures) == ["C10"]
    with pytest.raises(TargetError, match="no policy 'golang' for a latch; there are latchproof, keeps, aiologic"):
        small(CountdownLatch, policy="golang")


def test_progress_is_told() -> None:
    told: list[tuple[int, int, float]] = []

    def progress(number: int, walk: Walk) -> None:
        told.append((number, walk.schedules, walk.fraction))

    verdict = check(adapt(Barrier), policy="latchproof", programs=(SMALL,), progress=progress)
    assert len(told) == verdict.schedules
    assert {number for number, _, _ in told} == set(range(len(SMALL.arguments)))
    for number in range(len(SMALL.arguments)):
        fractions = [fraction for one, _, fraction in told if one == number]
        assert fractions == sorted(fractions)
        assert 0 <= fractions[0] <= fractions[-1] < 1


def test_what_the_target_logs_is_not_seen(caplog: pytest.LogCaptureFixture) -> None:
    small(CountdownLatch, policy="latchproof")  # which warns of every count_down at zero
    assert caplog.records == []
    assert logging.root.manager.disable == logging.NOTSET


def test_an_hour_of_sleep_takes_no_time() -> None:
    assert small(samples.SlowLatch, policy="latchproof").status == "conforms"


def test_the_verdict_as_plain_data(asyncio_barrier: dict[str, Verdict]) -> None:
    verdict = asyncio_barrier["cpython"]
    data = json.loads(json.dumps(verdict.to_json()))
    assert data["target"] == "asyncio:Barrier"
    assert (data["machine"], data["host"], data["strict"]) == ("barrier", "asyncio", False)
    assert (data["status"], data["exit_code"], data["reported_policy"]) == ("counterexample", 1, "cpython")
    assert [one["broken"] for one in data["policies"]] == [["C5"]]
    assert (data["absent"], data["reasons"], len(data["bounds"])) == ([], [], len(default_programs(verdict.target)) + 1)
    assert [trace["claim"] for trace in data["traces"]] == ["C5"]


def test_the_bounds_are_those_that_were_asked_for() -> None:
    target = adapt(asyncio.Barrier)
    verdict = check(target, policy="cpython", programs=programs_within(target, calls=2))
    assert verdict.bounds == (
        "parties 1, 2, 3: 2 calls, 2 at once, 1 cancellation (even before a call), all operations, "
        "again in the same task",
        "each step takes at most 2 s of CPU time and 5 s of blocking",
    )


def test_a_barrier_may_be_without_an_index() -> None:
    verdict = small(samples.SilentBarrier, policy="latchproof")
    assert verdict.reported.failures == {}
    assert "the index that wait() returns" in verdict.target.absent
    assert "C5" not in (*verdict.reported.exercised, *verdict.reported.not_exercised)
    broken = small(samples.SometimesSilentBarrier, policy="latchproof").reported.failures
    assert "C5" in broken


def test_an_error_may_go_by_the_name_that_is_due() -> None:
    assert small(samples.NamingLatch, policy="latchproof").reported.failures == {}


def test_the_shortest_run_is_known() -> None:
    verdict = small(samples.ForgetfulLatch, policy="latchproof")
    assert verdict.shortest in verdict.traces
    assert small(CountdownLatch, policy="latchproof").shortest is None


def test_what_an_interrupted_check_has_not_broken_is_not_satisfied() -> None:
    def interrupt(job: int, walk: Any) -> None:
        if job == 1:
            raise KeyboardInterrupt

    verdict = check(adapt(CountdownLatch), programs=(SMALL,), progress=interrupt)
    assert verdict.status == "inconclusive"
    told = {one["name"]: (one["standing"], one["satisfied"]) for one in verdict.to_json()["policies"]}
    assert told["latchproof"] == ("not broken so far", False)
    printed = io.StringIO()
    print_verdict(Console(file=printed, width=120), verdict)
    assert "policy    latchproof: not broken so far" in printed.getvalue()
    whole = small(CountdownLatch).to_json()["policies"]
    assert [one["standing"] for one in whole] == ["satisfied", *["breaks C10; judged no further"] * 3]
