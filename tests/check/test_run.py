"""The step loop is asyncio's, one handle at a time and in virtual time; and every schedule on it is tried."""

from __future__ import annotations

import asyncio
import itertools
import logging
from asyncio import events
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

import pytest

from latchproof import Barrier, CountdownLatch
from latchproof.check.choices import State, Turn
from latchproof.check.history import Begin, End, Event, Failure, Observe, Request, Rest, Stray
from latchproof.check.loops.asyncio import StepLoop
from latchproof.check.record import NondeterminismError, is_same
from latchproof.check.run import STEPS_WITHOUT_PROGRESS
from latchproof.check.states import SeenStates
from latchproof.check.target import Target, adapt
from latchproof.check.tree import Explorer, Walk
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.machine import Programs
from tests.check import samples


@pytest.fixture
def errors() -> list[str]:
    return []


@pytest.fixture
def loop(errors: list[str]) -> Any:
    made = StepLoop()
    made._script = cast("Any", SimpleNamespace(stray=errors.append))
    yield made
    made.finish()


def run_all(loop: StepLoop) -> int:
    steps = 0
    while loop.can_run():
        loop.run_one()
        steps += 1
    return steps


# --------------------------------------------------------------------------------------------- the step loop


def test_handles_run_one_at_a_time_first_in_first_out(loop: StepLoop) -> None:
    ran: list[str] = []

    def goes_on() -> None:
        ran.append("b")
        loop.call_soon(ran.append, "d")

    loop.call_soon(ran.append, "a")
    loop.call_soon(goes_on)
    loop.call_soon(ran.append, "c")
    seen = []
    while loop.can_run():
        assert loop.run_one()
        seen.append("".join(ran))
    assert seen == ["a", "ab", "abc", "abcd"]


def test_each_task_has_a_name_of_its_own_or_the_one_given(loop: StepLoop) -> None:
    async def nothing() -> None:
        pass

    names = [loop.create_task(nothing(), name=name).get_name() for name in (None, None, "third")]
    assert len({*names, "None"}) == 4  # a loop with a task factory calls each of them "None" on CPython 3.13.0
    assert names[-1] == "third"
    run_all(loop)


def test_a_task_factory_of_the_target_is_asked(loop: StepLoop) -> None:
    class Own(asyncio.Task[None]):
        pass

    async def nothing() -> None:
        pass

    loop.set_task_factory(cast("Any", lambda loop, coroutine: Own(coroutine, loop=loop)))
    assert type(loop.create_task(nothing())) is Own
    run_all(loop)


def test_time_is_virtual(loop: StepLoop) -> None:
    ran: list[tuple[str, float]] = []

    async def sleeps(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        ran.append((name, loop.time()))

    events._set_running_loop(loop)
    try:
        assert loop.time() == 0
        tasks = [loop.create_task(sleeps("an hour", 3600)), loop.create_task(sleeps("a minute", 60))]
        run_all(loop)
    finally:
        events._set_running_loop(None)
    assert ran == [("a minute", 60), ("an hour", 3600)]
    assert all(task.done() for task in tasks)


def test_no_time_passes_while_something_is_ready(loop: StepLoop) -> None:
    ran: list[str] = []
    loop.call_later(0.5, ran.append, "later")
    loop.call_soon(ran.append, "first")
    loop.call_soon(lambda: loop.call_soon(ran.append, "second"))
    for _ in range(3):
        loop.run_one()
        assert loop.time() == 0
    assert ran == ["first", "second"]
    loop.run_one()
    assert (ran, loop.time()) == (["first", "second", "later"], 0.5)


def test_timers_that_are_due_together_run_in_their_order(loop: StepLoop) -> None:
    ran: list[str] = []
    for name, delay in (("c", 2.0), ("a", 1.0), ("b", 1.0)):
        loop.call_later(delay, ran.append, name)
    run_all(loop)
    assert ran == ["a", "b", "c"]


def test_what_was_cancelled_does_not_run(loop: StepLoop) -> None:
    ran: list[str] = []
    loop.call_soon(ran.append, "a").cancel()
    loop.call_soon(ran.append, "b")
    assert loop.run_one() is False
    assert loop.run_one() is True
    timer = loop.call_later(5, ran.append, "c")
    assert loop.can_run()
    timer.cancel()
    assert not loop.can_run()
    assert (ran, loop.time()) == (["b"], 0)


def test_it_says_what_waits(loop: StepLoop) -> None:
    assert (loop.waiting, loop.can_run()) == ((0, 0), False)
    loop.call_soon(print)
    loop.call_later(1, print)
    assert (loop.waiting, loop.can_run()) == ((1, 1), True)


def test_an_error_in_a_callback_is_told(loop: StepLoop, errors: list[str]) -> None:
    def fails() -> None:
        raise KeyError("oh")

    loop.call_soon(fails)
    loop.run_one()
    assert errors == ["KeyError: 'oh'"]


def test_what_is_said_when_something_is_collected_is_not_told(loop: StepLoop, errors: list[str]) -> None:
    loop.call_exception_handler({"message": "Task exception was never retrieved", "exception": KeyError("x")})
    loop.call_exception_handler({"message": "nothing but words"})
    assert errors == []


# ---------------------------------------------------------------------------------------------- the explorer


def explorer(
    factory: Callable[[int], Any] | Target, shape: Programs, argument: int, policy: str = "latchproof", **options: Any
) -> Explorer:
    target = factory if isinstance(factory, Target) else adapt(factory)
    policies = [one for one in target.machine.policies if one.name == policy]
    return Explorer(target, shape, argument, policies, **options)


def histories(factory: Callable[[int], Any], shape: Programs, argument: int, **options: Any) -> list[str]:
    """Every history in short: 0( is the beginning of call 0, 0) its end, 0! that it was cancelled."""
    found: list[str] = []

    def note(history: tuple[Event, ...]) -> None:
        words = []
        for event in history:
            if isinstance(event, Begin):
                words.append(f"{event.call}{event.operation[0]}(")
            elif isinstance(event, End):
                words.append(
                    f"{event.call}{')' if event.how == 'returned' else '!' if event.how == 'cancelled' else 'x'}"
                )
            elif isinstance(event, Request):
                words.append(f"{event.call}?")
            elif isinstance(event, Rest):
                words.append("-")
        found.append(" ".join(words))

    explorer(factory, shape, argument, **options).walk(on_history=note)
    return found


def test_one_call_is_made_and_comes_to_rest() -> None:
    shape = Programs((1,), at_once=1, calls=1, cancellations=0, waits_only=True)
    assert set(histories(samples.PlainLatch, shape, 0)) == {"- 0w( 0) -"}
    assert set(histories(samples.PlainLatch, shape, 1)) == {"- 0w( -"}


def test_a_call_is_cancelled_at_every_moment() -> None:
    shape = Programs((1,), at_once=1, calls=1, cancellations=1, waits_only=True)
    assert set(histories(samples.PlainLatch, shape, 1)) == {"- 0w( - 0? 0! -"}
    assert set(histories(samples.SlowLatch, shape, 0)) == {"- 0w( 0) -", "- 0w( 0? 0! -"}


def test_without_cancellations_nothing_is_cancelled() -> None:
    shape = Programs((2,), at_once=2, calls=3, cancellations=0)
    assert not any("?" in one or "!" in one for one in histories(samples.FifoBarrier, shape, 2))


def bounds_of(history: str) -> tuple[int, int, int]:
    """How many calls there were, how many under way at once, how many requests."""
    under_way = most = 0
    for word in history.split():
        under_way += word.endswith("(") - word.endswith((")", "!", "x"))
        most = max(most, under_way)
    return history.count("("), most, history.count("?")


@pytest.mark.parametrize(
    "shape",
    [
        Programs((2,), at_once=1, calls=3, cancellations=1),
        Programs((2,), at_once=2, calls=3, cancellations=1),
        Programs((2,), at_once=3, calls=3, cancellations=0),
        Programs((2,), at_once=2, calls=2, cancellations=2),
    ],
)
def test_the_bounds_are_reached_and_kept(shape: Programs) -> None:
    found = [bounds_of(history) for history in histories(Barrier, shape, 4)]
    assert max(calls for calls, _, _ in found) == shape.calls
    assert max(most for _, most, _ in found) == shape.at_once
    assert max(requests for _, _, requests in found) == shape.cancellations


def test_the_bounds_are_kept_where_a_task_calls_again() -> None:
    shape = Programs((0,), at_once=1, calls=3, cancellations=0, waits_only=True, again=True)
    found = [bounds_of(history) for history in histories(samples.SlowLatch, shape, 0, prune=False)]
    assert max(calls for calls, _, _ in found) == shape.calls
    assert max(most for _, most, _ in found) == shape.at_once


@pytest.mark.parametrize(("host", "cancels"), [("asyncio", True), ("flowno", False)])
def test_a_call_is_cancelled_before_it_begins_where_a_task_can_be_that_runs(host: str, cancels: bool) -> None:
    shape = Programs((1,), at_once=1, calls=1, cancellations=1, waits_only=True, early=True)
    begun: set[bool] = set()

    def note(history: tuple[Event, ...]) -> None:
        begun.update(event.cancelled for event in history if isinstance(event, Begin))

    explorer(CountdownLatch, shape, 1, host=host).walk(on_history=note)
    assert begun == {False, cancels}


class RefusesThree(samples.PlainLatch):
    def __init__(self, count: int) -> None:
        super().__init__(count)
        if count == 3:
            raise ValueError("not three")


def test_nothing_is_called_where_the_constructor_fails() -> None:
    walk = explorer(RefusesThree, Programs((3,), at_once=2, calls=2, cancellations=0), 3).walk()
    (failure,) = walk.failures["latchproof"].values()
    assert failure.history == (Stray("the constructor raised ValueError: not three"),)
    assert (walk.schedules, walk.steps) == (1, 0)


def test_every_interleaving_of_two_calls_is_tried() -> None:
    shape = Programs((2,), at_once=2, calls=2, cancellations=0, waits_only=True)
    tried = set(histories(samples.SlowLatch, shape, 0, prune=False))
    assert tried == {
        "- 0w( 0) - 1w( 1) -",  # one after the other, at rest or not
        "- 0w( 0) 1w( 1) -",
        "- 0w( 1w( 0) 1) -",
    }


def test_the_next_call_of_a_task_may_be_made_in_the_step_in_which_the_last_ends() -> None:
    """The first to be released calls count_down before the second one runs."""
    seen: list[str] = []

    class Noting(samples.PlainLatch):
        async def wait(self) -> None:
            await super().wait()
            seen.append("w")

        def count_down(self) -> None:
            seen.append("c")
            super().count_down()

    shape = Programs((1,), at_once=3, calls=4, cancellations=0)
    orders: set[str] = set()

    def note(walk: Walk) -> None:
        orders.add("".join(seen))
        seen.clear()

    explorer(Noting, shape, 1).walk(on_run=note)
    assert "cwcw" in orders
    assert "cwwc" in orders


@pytest.mark.parametrize("factory", [Barrier, CountdownLatch, asyncio.Barrier])
def test_a_task_that_was_cancelled_makes_no_other_call(factory: Any) -> None:
    shape = Programs((2,), at_once=3, calls=4, cancellations=1)
    goes_on = []

    def note(history: tuple[Event, ...]) -> None:
        for one, other in pairwise(history):
            if isinstance(one, End) and isinstance(other, Begin):
                goes_on.append(one.how)

    explorer(factory, shape, 2).walk(on_history=note)
    assert set(goes_on) >= {"returned"}
    assert "cancelled" not in goes_on


def test_a_walk_counts() -> None:
    shape = Programs((1,), at_once=1, calls=1, cancellations=0, waits_only=True)
    told: list[int] = []
    walk = explorer(samples.PlainLatch, shape, 1).walk(on_run=lambda so_far: told.append(so_far.schedules))
    assert walk.complete
    assert walk.schedules == len(told) == told[-1]
    # to rest, the call, its only step, to rest
    assert (walk.schedules, walk.steps, walk.pruned, walk.events, walk.restless) == (1, 1, 0, 3, 0)
    assert walk.fired["latchproof"] >= {"L8"}
    assert walk.failures == {"latchproof": {}}


@pytest.mark.parametrize("at_most", [1, 4])
def test_a_walk_stops_when_it_is_told_to(at_most: int) -> None:
    shape = Programs((2,), at_once=2, calls=3, cancellations=1)
    walk = explorer(Barrier, shape, 2).walk(at_most=at_most)
    assert (walk.schedules, walk.complete) == (at_most, False)


@pytest.mark.parametrize("more", [0, 1, 3])
def test_a_walk_is_cut_short_so_many_schedules_after_every_policy_has_failed(more: int) -> None:
    shape = Programs((1,), at_once=2, calls=3, cancellations=0)
    failed: list[int] = []

    def note(so_far: Walk) -> None:
        if all(so_far.failures.values()):
            failed.append(so_far.schedules)

    walk = explorer(samples.HastyLatch, shape, 1).walk(after_failure=more, on_run=note)
    assert walk.cut_short
    assert failed == list(range(failed[0], failed[0] + more + 1))
    assert walk.schedules == failed[0] + more


def test_a_walk_that_is_done_is_complete_however_many_it_may_run() -> None:
    shape = Programs((2,), at_once=2, calls=2, cancellations=0)
    whole = explorer(Barrier, shape, 2).walk()
    again = explorer(Barrier, shape, 2).walk(at_most=whole.schedules)
    assert (again.schedules, again.complete) == (whole.schedules, True)


def failures(
    factory: Callable[[int], Any] | Target, shape: Programs, argument: int, **options: Any
) -> dict[str, Failure]:
    (found,) = explorer(factory, shape, argument, **options).walk().failures.values()
    return found


@pytest.mark.parametrize(
    "factory",
    [
        samples.GreedyBarrier,  # whose parties are read, and right each time
        adapt(samples.SecretiveBarrier, kind="barrier"),  # of which nothing can be read
    ],
    ids=["constants", "nothing"],
)
def test_a_failure_says_how_it_was_come_to(factory: Any) -> None:
    shape = Programs((3,), at_once=3, calls=3, cancellations=1, waits_only=True)
    failure = failures(factory, shape, 3)["C6"]
    assert failure.finding.claim == "C6"
    assert failure.size == (2, 0, 3, 2)
    assert failure.argument == 3
    assert failure.schedule == ("call wait()", "run", "call wait()", "run") or failure.schedule == (
        "call wait()", "call wait()", "run", "run",
    )  # fmt: skip
    told = [event for event in failure.history if not isinstance(event, Rest)]
    # the end of a step is all that is told where there is nothing else to tell
    assert told == [Begin(0, "wait"), Observe(()), Begin(1, "wait"), End(1, "returned", 2 - 1)]


@pytest.mark.parametrize(
    "factory",
    [samples.ForgetfulLatch, samples.CountingLatch, samples.HastyLatch, samples.GreedyBarrier, asyncio.Barrier],
)
def test_a_schedule_names_the_calls_that_were_made(factory: Any) -> None:
    shape = Programs((2,), at_once=3, calls=4, cancellations=1, numbers=(0,))
    for policy in ("latchproof", "aiologic"):
        for failure in failures(factory, shape, 2, policy=policy).values():
            words = [word.split(" ", 1) for word in failure.schedule]
            made = Counter(rest[0] for verb, *rest in words if verb in ("call", "then"))
            begun = Counter(
                f"{event.operation}({', '.join(map(repr, event.arguments))})"
                for event in failure.history
                if isinstance(event, Begin)
            )
            assert begun <= made
            requests = [f"{event.call + 1}" for event in failure.history if isinstance(event, Request)]
            assert requests == [rest[0] for verb, *rest in words if verb == "cancel"]
            thens = sum(verb == "then" for verb, *_ in words)
            together = sum(
                isinstance(one, End) and isinstance(other, Begin) for one, other in pairwise(failure.history)
            )
            assert thens == together


def test_the_smallest_failure_is_kept() -> None:
    """By calls, then cancellations, then the constructor's argument, then steps."""
    shape = Programs((2,), at_once=3, calls=4, cancellations=2)
    found = failures(samples.HastyLatch, shape, 2)
    assert found["C3"].size == (1, 0, 2, 2)


def test_a_schedule_can_be_walked_again() -> None:
    shape = Programs((1,), at_once=2, calls=3, cancellations=1)
    one, other = (failures(samples.ForgetfulLatch, shape, 1) for _ in range(2))
    assert one.keys() == other.keys()
    assert [failure.schedule for failure in one.values()] == [failure.schedule for failure in other.values()]


@pytest.mark.parametrize("strict", [False, True])
def test_several_policies_are_judged_in_one_walk(strict: bool) -> None:
    shape = Programs((2,), at_once=2, calls=2, cancellations=1, waits_only=True)
    walk = Explorer(adapt(samples.CountdownBarrier), shape, 2, BARRIER.policies, strict=strict).walk()
    # its indices are java's; but a cancelled task does not break it, which calls that wait cannot tell
    broken = {policy: set(found) for policy, found in walk.failures.items()}
    assert "C5" in broken["latchproof"]
    assert "C5" in broken["aiologic"]
    assert broken["cpython"] == broken["lenient"] == set()
    for policy in BARRIER.policies:
        alone = Explorer(adapt(samples.CountdownBarrier), shape, 2, [policy], strict=strict).walk()
        assert set(alone.failures[policy.name]) == broken[policy.name]


def test_observations_are_made_after_every_step_and_at_rest() -> None:
    counted: list[int] = []
    shape = Programs((2,), at_once=1, calls=1, cancellations=0)

    def note(history: tuple[Event, ...]) -> None:
        counted.append(sum(isinstance(event, Observe) for event in history))
        assert all(("count", 2) in event.values for event in history if isinstance(event, Observe)) or any(
            isinstance(event, Begin) and event.operation != "wait" for event in history
        )

    explorer(CountdownLatch, shape, 2).walk(on_history=note)
    assert min(counted) >= 1


def test_an_observation_that_fails_is_a_finding() -> None:
    class Unlucky(CountdownLatch):
        @property
        def count(self) -> int:
            if not super().count:  # not when it is looked at what there is
                raise LookupError("no count today")
            return super().count

    shape = Programs((1,), at_once=1, calls=1, cancellations=0)
    (failure,) = failures(Unlucky, shape, 1).values()
    assert failure.history[-1] == Stray("an observation raised LookupError: no count today")


def test_an_error_that_only_the_loop_sees_is_a_finding() -> None:
    shape = Programs((1,), at_once=1, calls=1, cancellations=0)
    (failure,) = failures(samples.ShoutingLatch, shape, 1).values()
    assert failure.finding.claim == "C15"
    assert failure.history[-1] == Stray("an error reached the event loop: KeyError: 'in a callback'")


def test_who_ignores_a_cancellation_is_found_at_rest() -> None:
    shape = Programs((1,), at_once=1, calls=1, cancellations=1)
    found = failures(samples.StuckLatch, shape, 1)
    assert [failure.finding.seen for failure in found.values()] == [
        "nothing can run any more, and wait() of call 1 has not ended although it was cancelled"
    ]


def test_a_class_that_does_not_do_the_same_again_is_found_out() -> None:
    shape = Programs((1,), at_once=2, calls=3, cancellations=1)
    with pytest.raises(NondeterminismError, match="under the same schedule"):
        explorer(samples.MoodyLatch, shape, 1).walk()


def test_a_run_that_ends_before_its_subtree_is_found_out() -> None:
    """As where the target continued in the run that named the subtree: nothing of that subtree would be walked."""
    shape = Programs((1,), at_once=1, calls=1, cancellations=0)
    with pytest.raises(NondeterminismError, match="a run ended once, and continued another time"):
        explorer(samples.PlainLatch, shape, 1, within=(Turn(0, quiet=False),) * 9).walk()


@pytest.mark.parametrize(
    ("event", "other"),
    [
        (End(0, "returned", True), End(0, "returned", 1)),
        (End(0, "returned", 1.0), End(0, "returned", 1)),
        (End(0, "returned", 0), End(0, "returned")),
        (End(0, "returned", 0), End(1, "returned", 0)),
        (End(0, "raised", error=ValueError()), End(0, "raised", error=KeyError())),
        (Observe((("count", False),)), Observe((("count", 0),))),
        (Stray("an error"), Stray("another")),
        (Request(0), Begin(0, "wait")),
    ],
)
def test_events_that_differ_are_not_the_same_in_two_runs(event: Event, other: Event) -> None:
    assert is_same(event, event)
    assert not is_same(event, other)


def test_polling_comes_to_rest_where_states_are_recognized() -> None:
    shape = Programs((1,), at_once=2, calls=2, cancellations=0)
    walk = explorer(samples.PollingLatch, shape, 1).walk()
    assert walk.restless == 0
    assert walk.failures == {"latchproof": {}}


@pytest.mark.parametrize("factory", [samples.DeafLatch, samples.DrowsyLatch])
def test_who_polls_for_ever_is_found_at_rest(factory: Any) -> None:
    shape = Programs((1,), at_once=2, calls=2, cancellations=0)
    failure = min(failures(factory, shape, 1).values(), key=lambda one: one.size)
    assert failure.size[:2] == (2, 0)
    assert failure.history[-1] == Rest()
    assert failure.finding.seen.startswith("nothing can run any more, and wait() of call 1 has not ended")


def test_polling_never_rests_where_they_are_not() -> None:
    shape = Programs((1,), at_once=1, calls=1, cancellations=0, waits_only=True)
    walk = explorer(samples.PollingLatch, shape, 1, merge=False).walk()
    assert walk.restless > 0


class LeisurelyLatch(samples.PlainLatch):
    """Its count_down() has some steps before its effect, and as many after it."""

    @property
    def count(self) -> int:
        return self._count

    async def count_down(self) -> None:  # type: ignore[override]
        for _ in range(STEPS_WITHOUT_PROGRESS * 2 // 3):
            await asyncio.sleep(0)
        super().count_down()
        for _ in range(STEPS_WITHOUT_PROGRESS * 2 // 3):
            await asyncio.sleep(0)


def test_an_observation_that_changes_is_progress() -> None:
    """A run may have more steps than are allowed without progress."""
    shape = Programs((2,), at_once=1, calls=1, cancellations=0)
    walk = explorer(LeisurelyLatch, shape, 2).walk()
    assert walk.steps > STEPS_WITHOUT_PROGRESS
    assert walk.restless == 0
    assert walk.failures == {"latchproof": {}}


def test_an_hour_of_sleep_takes_no_time() -> None:
    shape = Programs((1,), at_once=2, calls=3, cancellations=1)
    walk = explorer(samples.SlowLatch, shape, 1).walk()
    assert walk.complete
    assert walk.failures == {"latchproof": {}}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("factory", [samples.UntidyLatch, samples.StuckLatch, samples.PlainLatch, CountdownLatch])
def test_nothing_is_left_suspended(factory: Any) -> None:
    shape = Programs((1,), at_once=2, calls=2, cancellations=1)
    explorer(factory, shape, 1).walk()
    with pytest.raises(RuntimeError, match="no running event loop"):
        asyncio.get_running_loop()


def test_the_running_loop_is_put_back() -> None:
    shape = Programs((1,), at_once=1, calls=1, cancellations=0)
    around = asyncio.new_event_loop()
    events._set_running_loop(around)
    try:
        explorer(samples.PlainLatch, shape, 1).walk()
        assert events._get_running_loop() is around
    finally:
        events._set_running_loop(None)
        around.close()


def same_without(option: str, factory: Any, argument: int) -> tuple[Walk, Walk]:
    target: Target = adapt(factory)
    shape = Programs((argument,), at_once=2, calls=3, cancellations=1, numbers=(-1, 0, 2))
    policies = target.machine.policies
    return (
        Explorer(target, shape, argument, policies).walk(),
        Explorer(target, shape, argument, policies, prune=option != "prune", merge=option != "merge").walk(),
    )


CLASSES = [
    CountdownLatch, Barrier, asyncio.Barrier, samples.PlainLatch, samples.ForgetfulLatch, samples.HastyLatch,
    samples.CountingLatch, samples.StuckLatch, samples.FifoBarrier, samples.CountdownBarrier, samples.GreedyBarrier,
]  # fmt: skip


@pytest.mark.parametrize("option", ["prune", "merge"])
@pytest.mark.parametrize(("factory", "argument"), list(itertools.product(CLASSES, [1, 2])))
def test_what_is_left_out_would_have_found_nothing_smaller(factory: Any, argument: int, option: str) -> None:
    reduced, whole = same_without(option, factory, argument)
    assert reduced.schedules <= whole.schedules
    smallest = [
        {policy: min((one.size[:2] for one in found.values()), default=None) for policy, found in walk.failures.items()}
        for walk in (reduced, whole)
    ]
    assert smallest[0] == smallest[1]
    for policy, found in reduced.failures.items():
        assert set(found) <= set(whole.failures[policy])


def test_logging_of_the_target_is_not_switched_off_here() -> None:
    """That is the business of the check."""
    assert logging.root.manager.disable == logging.NOTSET


def test_a_run_continues_from_a_state_that_others_met_only_after_more_steps() -> None:
    """Else the smallest failing run might be left out."""
    seen = SeenStates(merge=True)
    state = State(b"a state")
    found = [seen.stands_for(state, steps) == state for steps in (5, 6, 5, 3, 4, 3)]
    assert found == [False, True, True, False, True, True]
    assert seen.stands_for(State(b"another state"), 9) is None
    alone = SeenStates(merge=False)
    assert [alone.stands_for(state, 5) for _ in range(2)] == [None, None]


class TruthfulLatch(CountdownLatch):
    """Faulty: its count reads as True where it was counted down to 1."""

    is_counted = False

    async def count_down(self, exception_if_zero: bool = False) -> None:
        self.is_counted = True
        await super().count_down(exception_if_zero)

    @property
    def count(self) -> int:
        return super().count == 1 if self.is_counted else super().count


def test_a_reading_of_another_type_is_another_event() -> None:
    """The events of readings are shared by the runs of a walk, and in some of them the count reads as 1."""
    programs = Programs((2,), at_once=1, calls=1, cancellations=0, numbers=(1,))
    target, counts = adapt(TruthfulLatch), set()

    def note(history: tuple[Event, ...]) -> None:
        *_, latest = (dict(event.values)["count"] for event in history if isinstance(event, Observe))
        counts.add(repr(latest))

    Explorer(target, programs, 2, target.machine.policies[:1]).walk(on_history=note)
    assert counts == {"1", "2", "True"}
