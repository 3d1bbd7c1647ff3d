"""All that the rest of a run depends on is in the fingerprint of its state."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
import trio

from latchproof import CountdownLatch
from latchproof.check.choices import State
from latchproof.check.holdings import Holding
from latchproof.check.run import Run
from latchproof.check.states import SeenStates
from latchproof.check.strategies import Sample
from latchproof.check.target import adapt
from latchproof.check.tree import Explorer
from latchproof_spec.machine import Programs
from tests.check import trio_samples
from tests.zoo import correct

SHAPE = Programs((2,), at_once=3, calls=4, cancellations=2, numbers=(0,), beside=2)


class SharedLatch(correct.FutureLatch):
    """All of its instances have something in common."""

    common: ClassVar[list[int]] = []


WORDS = ("call wait()", "run", "call wait()", "run", "other wait()", "run", "call count_down()", "run")
"""Two calls that wait, one on a second instance, and one that counts down."""


class Looking(Sample):
    """Continues a run as the words say, and then looks at it."""

    def __init__(self, look: Callable[[], None], words: Sequence[str]) -> None:
        super().__init__(1, 0)
        self.look = look
        self.words = [*words]

    def choose(self, options: Sequence[str]) -> int | None:
        if options[0] in ("return", "in order"):
            return 0
        if self.words:
            return options.index(self.words.pop(0))
        self.look()
        return None


def looked_at(
    look: Callable[[Run], None], factory: Any = SharedLatch, host: str = "asyncio", words: Sequence[str] = WORDS
) -> None:
    target = adapt(factory)
    looked: list[bool] = []

    def at_it() -> None:
        assert explorer.last_run is not None
        look(explorer.last_run)
        looked.append(True)

    explorer = Explorer(target, SHAPE, 2, target.machine.policies[:2], host=host, strategy=Looking(at_it, words))
    explorer.walk()
    assert looked == [True]


def mark(run: Run, *, between_passes: bool = False) -> State:
    assert run.setup.seen is not None
    found = run._state(run.setup.seen, between_passes)
    assert found is not None
    return found


def _more(thing: str, name: str, by: int = 1) -> Callable[[Run], None]:
    def change(run: Run) -> None:
        part: Any = run
        for step in thing.split("."):
            part = getattr(part, step)
        setattr(part, name, getattr(part, name) + by)

    return change


def _turned(name: str) -> Callable[[Run], None]:
    return lambda run: setattr(run, name, not getattr(run, name))


def _requested(rank: int) -> Callable[[Run], None]:
    return lambda run: run._calls.requested.add(sorted(run._calls.under_way)[rank])


def _ready(run: Run) -> None:
    asyncio.get_running_loop().call_soon(print)


def _timer(run: Run) -> None:
    asyncio.get_running_loop().call_later(1, print)


def _judged(number: int) -> Callable[[Run], None]:
    def change(run: Run) -> None:
        judge = run.setup.judges[number]
        judge._node = judge._automaton.at(judge._node.configurations, (), frozenset({9}), frozenset())

    return change


def _first_task(run: Run) -> Any:
    return run._calls.under_way[0]


CHANGES: dict[str, Callable[[Run], object]] = {
    "a call was made": _more("_calls", "made"),
    "a call was made on the second instance": _more("_others", "made"),
    "a call has begun": _more("_calls", "begun"),
    "a cancellation was requested": _more("_calls", "requests"),
    "a task is new": lambda run: setattr(run, "_newborn", 0),
    "the step that comes next is quiet": _turned("_front_is_quiet"),
    "it is quiet if its call is cancelled": _turned("_front_is_quiet_if_cancelled"),
    "its call was cancelled": lambda run: setattr(run._cancelling, "pending", 0),
    "the loop is at rest": _turned("_rested"),
    "the first call was asked to stop": _requested(0),
    "the second call was asked to stop": _requested(1),
    "the first judge is elsewhere": _judged(0),
    "the second judge is elsewhere": _judged(1),
    "the instance is another": _more("_calls.instance", "count"),
    "the second instance is another": _more("_others.instance", "count"),
    "the class is another": lambda run: SharedLatch.common.append(1),
    "a step is ready": _ready,
    "a timer is set": _timer,
    "a call has ended": lambda run: run._calls.under_way.popitem(),
    "a call on the second instance has ended": lambda run: run._others.under_way.popitem(),
    "a task was asked to stop": lambda run: _first_task(run).cancel(),
    "a task holds something": lambda run: run._calls.holdings._held.update({_first_task(run): (Holding("free", ()),)}),
    "a task has a number": lambda run: run._calls.numbers.update({_first_task(run): 0}),
    "a task has another number": lambda run: run._calls.numbers.update({_first_task(run): 1}),
}
"""What tells a state from another."""


@pytest.mark.parametrize("change", CHANGES)
def test_what_differs_is_another_state(change: str) -> None:
    marks: list[State] = []

    def look(run: Run) -> None:
        marks.extend((mark(run), mark(run)))
        CHANGES[change](run)
        marks.append(mark(run))

    looked_at(look)
    assert marks[0] == marks[1] != marks[2]
    looked_at(look)


def test_no_two_of_these_changes_are_the_same_state() -> None:
    marks: list[State] = []

    def look(run: Run) -> None:
        made = sorted(run._calls.under_way)
        assert len(made) == 2
        for change in (_requested(0), _requested(1)):
            change(run)
            marks.append(mark(run))
            run._calls.requested.clear()
        for thing in ("made", "begun", "requests"):
            setattr(run._calls, thing, getattr(run._calls, thing) + 1)
            marks.append(mark(run))
            setattr(run._calls, thing, getattr(run._calls, thing) - 1)
        marks.append(mark(run, between_passes=True))
        marks.append(mark(run))

    looked_at(look)
    assert len(set(marks)) == len(marks)


def test_what_a_target_hides_is_said_and_no_state_is_recognized() -> None:
    def look(run: Run) -> None:
        seen = run.setup.seen
        assert seen is not None
        run._calls.instance.hidden = memoryview(b"")
        assert run._state(seen, between_passes=False) is None
        assert seen.failure == "builtins.memoryview"
        del run._calls.instance.hidden
        assert run._state(seen, between_passes=False) is None  # it might be met again, in another place

    looked_at(look)


# ------------------------------------------------------------------------------------- what the hosts' objects have

TRIO_WORDS = ("call wait()", "pass", "run", "call wait()", "pass", "run")
FLOWNO_WORDS = ("call wait()", "run", "call wait()", "run")


OF_TRIO: dict[str, Any] = {
    "task._next_send_fn": len,
    "task._next_send": 1,
    "task._abort_func": len,
    "task.custom_sleep_data": 1,
    "task._parent_nursery": None,
    "task._cancel_status": None,
    "task.coro": None,
    "task.context": contextvars.Context(),
    "task._cancel_status.effectively_cancelled": True,
    "task._cancel_status._parent": None,
    "task._cancel_status._scope": None,
    "task._parent_nursery._pending_excs": [ValueError()],
    "task._parent_nursery._nested_child_running": None,
    "task._parent_nursery._parent_waiting_in_aexit": None,
    "task._parent_nursery._pending_starts": 5,
    "task._parent_nursery._closed": None,
    "task._parent_nursery._children": set(),
    "scope._deadline": 5.0,
    "scope._relative_deadline": 5.0,
    "scope._has_been_entered": False,
    "scope._cancel_called": True,
    "scope.cancelled_caught": True,
    "scope._shield": True,
    "scope._cancel_status": None,
    "coroutine": None,
}
"""What tells two tasks of trio apart, and a value that they do not have."""


@pytest.mark.parametrize("path", OF_TRIO)
def test_what_differs_in_a_task_of_trio_is_another_state(path: str) -> None:
    def look(run: Run) -> None:
        *steps, name = path.split(".")
        thing: Any = run._calls.under_way[0]
        for step in steps:
            thing = getattr(thing, step)
        before, kept = mark(run), getattr(thing, name)
        setattr(thing, name, OF_TRIO[path])
        after = mark(run)
        setattr(thing, name, kept)
        assert before == mark(run) != after

    looked_at(look, trio_samples.EventLatch, "trio", TRIO_WORDS)


class Sleeping(trio_samples.EventLatch):
    """A task that it has started sleeps, and nothing else knows of that."""

    seconds = 5.0

    async def wait(self) -> None:
        trio.lowlevel.spawn_system_task(trio.sleep, self.seconds)
        await super().wait()


class SleepingLonger(Sleeping):
    seconds = 6.0


def test_a_call_that_is_made_between_two_passes_of_trio_is_in_the_next() -> None:
    """So it may be in another pass than one that is made after a step of that pass, though the step is quiet."""

    def look(run: Run) -> None:
        assert run._newborn is None

    looked_at(look, trio_samples.EventLatch, "trio", (*TRIO_WORDS, "call wait()", "pass"))


def test_a_task_that_the_target_has_started_on_trio_is_in_the_state() -> None:
    marks: list[bytes] = []
    for factory in (Sleeping, Sleeping, SleepingLonger):

        def look(run: Run) -> None:
            marks.append(run.setup.fingerprinter.of(run._stepper.state))

        looked_at(look, factory, "trio", TRIO_WORDS)
    assert marks[0] == marks[1] != marks[2]


class NapsTwice(trio_samples.EventLatch):
    async def wait(self) -> None:
        for _ in range(2):
            await trio.sleep(1)


def test_how_far_a_task_on_the_second_instance_is_that_sleeps_on_trio_is_in_the_state() -> None:
    """Nothing else knows of it but its deadline, which is as far away in both."""
    marks: list[State] = []
    first = ("other wait()", "pass", "run")
    for words in (first, first, (*first, "time passes", "run")):

        def look(run: Run) -> None:
            assert not run._rested  # as it would be if the state was met before
            marks.append(mark(run))

        looked_at(look, NapsTwice, "trio", words)
    assert marks[0] == marks[1] != marks[2]


def test_what_is_still_to_come_on_trio_is_in_the_state() -> None:
    def look(run: Run) -> None:
        stepper: Any = run._stepper
        marks = [mark(run)]
        stepper.clock.now += 1
        marks.append(mark(run))
        assert marks[0] == marks[1]
        stepper.clock.is_known = True
        marks.append(mark(run))
        stepper.clock.now -= 1
        marks.append(mark(run))
        stepper._runner.runq.append(run._calls.under_way[0].task)
        marks.append(mark(run))
        stepper._runner.runq.pop()
        stepper._upcoming = run._calls.under_way[0].task
        marks.append(mark(run))
        stepper._upcoming = None
        assert len(set(marks)) == len(marks) - 1

    looked_at(look, trio_samples.EventLatch, "trio", TRIO_WORDS)


def _waits(name: str, key: Any, *, as_set: bool = False) -> Callable[[Any, Any], None]:
    """Return how to let a task wait in one of the tables of Flowno's loop."""

    def wait(loop: Any, task: Any) -> None:
        waiting = getattr(loop, name)[task if key == "task" else key]
        waiting.add(task) if as_set else waiting.append(task)

    return wait


OF_FLOWNO: dict[str, Callable[[Any, Any], object]] = {
    "a step is ready": lambda loop, task: loop.tasks.append((task, None, None)),
    "a step with a value is ready": lambda loop, task: loop.tasks.append((task, 1, None)),
    "a step with an error is ready": lambda loop, task: loop.tasks.append((task, None, ValueError(1))),
    "a task sleeps": lambda loop, task: loop.sleeping.append((5, task)),
    "a task sleeps longer": lambda loop, task: loop.sleeping.append((6, task)),
    "a task waits for an event": _waits("event_waiters", 1, as_set=True),
    "a task waits for another event": _waits("event_waiters", 2, as_set=True),
    "a task waits for a lock": _waits("lock_waiters", 1),
    "a task waits for a condition": _waits("condition_waiters", 1, as_set=True),
    "a task waits for another": _waits("watching_task", "task"),
    "another task has ended": lambda loop, task: loop.finished.update({7: 1}),
    "another task has ended otherwise": lambda loop, task: loop.finished.update({7: 2}),
    "another task has failed": lambda loop, task: loop.exceptions.update({7: ValueError(1)}),
    "the task has ended": lambda loop, task: setattr(task, "ended", True),
    "the task is another": lambda loop, task: setattr(task, "coroutine", None),
}
"""What tells two states of Flowno's loop apart."""


def test_what_differs_in_flownos_loop_is_another_state() -> None:
    marks: dict[State, str] = {}
    for change in ("", "", *OF_FLOWNO):

        def look(run: Run, change: str = change) -> None:
            stepper: Any = run._stepper
            task = run._calls.under_way[0]
            coroutine = task.coroutine
            if change:
                OF_FLOWNO[change](stepper._loop, task)
            marks.setdefault(mark(run), change)
            task.coroutine = coroutine

        looked_at(look, CountdownLatch, "flowno", FLOWNO_WORDS)
    assert list(marks.values()) == ["", *OF_FLOWNO]


IN_BOTH_ORDERS = ("call wait()", "call count_down()")
"""Two tasks are ready, and the next pass has not begun."""


@pytest.mark.parametrize(
    ("words", "change", "number"),
    [
        (IN_BOTH_ORDERS, "", 2),
        (("call wait()",), "", 1),  # with one task there is one order
        (IN_BOTH_ORDERS, "a timer is due", 1),  # what it adds comes last in either order
        (IN_BOTH_ORDERS, "something is to be called", 1),
        (IN_BOTH_ORDERS, "a socket is read", 1),
    ],
)
def test_a_pass_of_trio_has_two_orders_if_what_is_ready_is_all_that_it_runs(
    words: Sequence[str], change: str, number: int
) -> None:
    def look(run: Run) -> None:
        stepper: Any = run._stepper
        ready, deadlines = stepper._runner.runq, stepper._runner.deadlines
        if change == "a timer is due":
            scope: Any = trio.CancelScope()
            scope._registered_deadline = stepper.now
            deadlines.add(stepper.now, scope)
        elif change == "a socket is read":
            assert stepper._runner.io_manager.statistics().tasks_waiting_read == 0
        elif change:
            stepper._runner.entry_queue.queue.append((print, ()))
        orders = stepper.orders()
        stepper._runner.entry_queue.queue.clear()
        assert len(orders) == number
        assert orders[0] == stepper.state
        other = stepper._state(type(ready)(reversed(ready)))
        assert orders[1:] == ((other,) if number == 2 else ())

    looked_at(look, trio_samples.EventLatch, "trio", words)


def test_states_that_differ_in_the_order_of_the_next_pass_are_one_if_nothing_comes_before_it() -> None:
    marks: dict[bool, set[State]] = {True: set(), False: set()}

    def look(run: Run) -> None:
        seen = run.setup.seen
        assert seen is not None
        ready = run._stepper._runner.runq  # type: ignore[attr-defined]
        for _ in range(2):
            for order_counts, found in marks.items():
                state = run._state(seen, True, order_counts=order_counts)
                assert state is not None
                found.add(state)
            ready.reverse()

    looked_at(look, trio_samples.EventLatch, "trio", IN_BOTH_ORDERS)
    assert [len(found) for found in (marks[True], marks[False])] == [2, 1]


def test_a_state_is_known_by_all_of_its_fingerprint() -> None:
    seen = SeenStates(merge=True)
    marks = [bytes(16), *(bytes(place) + b"\1" + bytes(15 - place) for place in range(16))]
    assert all(seen.stands_for(State(mark), 1) is None for mark in marks)
    assert all(seen.stands_for(State(mark), 1) == State(mark) for mark in marks)


class Lenient:
    """A judge that allows at one place what it allows at every higher one."""

    def __init__(self, name: str) -> None:
        self.specification = SimpleNamespace(name=name)

    def allows_as_much(self, place: int, as_there: int) -> bool:
        return -1 not in (place, as_there) and place <= as_there


def stands(places: tuple[int, ...], spent: tuple[int, ...], steps: int, *, only_whether: bool) -> bool:
    """Whether a state that was met after 5 steps, with 1 call and 1 cancellation, stands for another one."""
    judges: Any = [Lenient("one"), Lenient("two")]
    seen = SeenStates(merge=True, judges=judges, only_whether=only_whether)
    met = State(b"a state", (2, 2), (1, 1))
    assert seen.stands_for(met, 5) is None
    assert seen.stands_for(State(b"another", places, spent), steps) is None
    found = seen.stands_for(State(b"a state", places, spent), steps)
    assert found in (None, met)
    return found is not None


@pytest.mark.parametrize(
    ("places", "spent", "steps", "is_broken_there", "has_the_same_failures"),
    [
        ((2, 2), (1, 1), 5, True, True),
        ((2, 2), (1, 1), 9, True, True),
        ((2, 2), (1, 1), 4, True, False),  # something smaller may be found
        ((1, 2), (1, 1), 5, True, False),  # where more is allowed, other claims may be broken
        ((3, 2), (1, 1), 5, False, False),  # less is allowed
        ((2, 3), (1, 1), 5, False, False),
        ((-1, 2), (1, 1), 5, True, True),  # a judge that has a finding finds no more
        ((-1, 1), (1, 1), 5, True, False),
        ((-1, 3), (1, 1), 5, False, False),
        ((2, 2), (2, 1), 5, True, False),  # there is more left of the bounds
        ((2, 2), (1, 2), 4, True, False),
        ((2, 2), (0, 1), 5, False, False),  # there is less
        ((2, 2), (2, 0), 5, False, False),
    ],
)
def test_a_state_stands_for_another_if_as_much_is_found_from_it(
    places: tuple[int, ...], spent: tuple[int, ...], steps: int, is_broken_there: bool, has_the_same_failures: bool
) -> None:
    assert stands(places, spent, steps, only_whether=True) == is_broken_there
    assert stands(places, spent, steps, only_whether=False) == has_the_same_failures


@pytest.mark.parametrize("only_whether", [False, True])
def test_a_state_that_was_passed_stands_for_one_only_if_something_was_done_since(only_whether: bool) -> None:
    """Else a run ends where it comes round, before that is found out."""
    judges: Any = [Lenient("one")]
    seen = SeenStates(merge=True, judges=judges, only_whether=only_whether)
    met, more_is_allowed = State(b"a state", (2,), (1,)), State(b"a state", (1,), (1,))
    assert seen.stands_for(met, 5) is None
    assert seen.stands_for(more_is_allowed, 6, passed=(met,)) is None
    assert seen.stands_for(State(b"a state", (1,), (2,)), 7, passed=(met,)) == (met if only_whether else None)


@pytest.mark.parametrize("only_whether", [False, True])
def test_a_state_at_which_a_judge_has_a_finding_does_not_stand_for_one_from_which_it_may_find_more(
    only_whether: bool,
) -> None:
    judges: Any = [Lenient("one")]
    seen = SeenStates(merge=True, judges=judges, only_whether=only_whether)
    assert seen.stands_for(State(b"a state", (-1,)), 5) is None
    assert seen.stands_for(State(b"a state", (2,)), 5) is None
