"""Each shipped model allows what is right of its kind, and finds what is wrong, in histories made by hand."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest

from latchproof.check.checker import check
from latchproof.check.model_parts import observations_of, operations_in, policies_of
from latchproof.check.model_specification import ModelSpecification
from latchproof.check.target import adapt
from latchproof_spec.machine import Programs
from latchproof_spec.machines import MACHINES
from latchproof_spec.model import Model
from latchproof_spec.models import SHIPPED
from latchproof_spec.models.condition import WithoutBody
from tests.check.histories import found

RIGHT = [
    ("event", 0, "0:wait rest 1:set 1> 0> 2:wait 2> rest"),
    ("event", 0, "0:wait 1:set 2:clear 1> 2> is_set=False 0>True rest"),  # set() lets it go, whatever follows
    ("event", 0, "0:wait 0- 1:set 1> 0x rest"),
    ("lock", 0, "0:acquire 0>True 1:acquire rest 2:release 2> 1>True locked=True rest"),
    ("lock", 0, "0:release 0!RuntimeError"),
    ("lock", 0, "0:acquire 0> 1:acquire 2:release 2> locked=False"),  # call 1 has not continued yet: not compared
    ("owned-lock", 0, "0:acquire@0 0> 1:acquire@0 1!RuntimeError 2:release@1 2!RuntimeError 3:release@0 3>"),
    ("owned-lock", 0, "0:acquire@0 0> 1:acquire_nowait@1 1!WouldBlock 2:release@0 2> 3:acquire_nowait@1 3>"),
    # the call takes the lock, is cancelled, and gives it back
    ("owned-lock", 0, "0:acquire@0 1:acquire_nowait@1 0- 1!WouldBlock 0x 2:acquire@1 2> rest"),
    ("semaphore", 2, "0:acquire 0> 1:acquire 1> 2:acquire rest value=0 3:release 3> 2> rest"),
    ("semaphore", 1, "0:acquire 1:acquire_nowait 0- 1!WouldBlock 0x 2:acquire 2> rest"),
    ("semaphore", 0, "0:release 1:release 0> 1> locked=False 2:acquire 2> 3:acquire 3> locked=True"),
    ("bounded-semaphore", 1, "0:release 0!ValueError 1:acquire 1> 2:release 2> 3:release 3!ValueError"),
    ("condition", 0, "0:wait 1:wait rest 2:notify 2> 0>True rest 3:notify_all 3> 1> rest"),
    ("condition", 0, "0:wait 1:wait rest 2:notify 2> 0- 0x 1> rest"),
    ("condition", 0, "0:wait 1:wait rest 0- 0x 1> rest"),  # it may wake another in any case
    (
        "queue",
        1,
        "0:get rest 1:put(1) 1> 0>1 2:put(2) 2> 3:put(1) rest full=True 4:get 4>2 3> qsize=1,empty=False rest",
    ),
    (
        "queue",
        0,
        "0:put(2) 0> 1:put(1) 1> 2:join rest 3:task_done 3> rest 4:task_done 4> 2> rest 5:task_done 5!ValueError",
    ),
    ("queue", 1, "0:put_nowait(1) 0> 1:put_nowait(2) 1!QueueFull 2:get_nowait 2>1 3:get_nowait 3!QueueEmpty"),
    (
        "queue",
        1,
        "0:get rest 1:shutdown(False) 1> 0!QueueShutDown 2:put(1) 2!QueueShutDown 3:get_nowait 3!QueueShutDown",
    ),
    ("queue", 1, "0:put(1) 0> 1:join 2:put(2) rest 3:shutdown(True) 3> 1> 2!QueueShutDown qsize=0 rest"),
    ("queue", 1, "0:put(1) 0> 1:shutdown(False) 1> 2:get 2>1 3:get 3!QueueShutDown rest"),
    ("capacity-limiter", 1, "0:acquire@0 0> 1:acquire@0 1!RuntimeError 2:acquire@1 rest 3:release@0 3> 2> rest"),
    ("capacity-limiter", 2, "0:acquire@0 0> borrowed_tokens=1,available_tokens=1 1:release@1 1!RuntimeError"),
    ("memory-channel", 0, "0:send(1) rest 1:receive 1>1 0> rest"),
    ("memory-channel", 0, "0:receive rest 1:send(2) 1> 0>2 2:send_nowait(1) 2!WouldBlock rest"),
    ("memory-channel", 0, "0:send(1) rest 1:receive_nowait 1>1 0> 2:receive_nowait 2!WouldBlock rest"),
    ("memory-channel", 1, "0:send(1) 0> 1:send(2) rest 2:receive_nowait 2>1 1> 3:receive 3>2 rest"),
    (
        "memory-channel",
        0,
        "0:receive rest 1:close_sender 1> 0!EndOfChannel 2:receive 2!EndOfStream 3:send(1) 3!ClosedResourceError",
    ),
    (
        "memory-channel",
        0,
        "0:send(1) rest 1:close_receiver 1> 0!BrokenResourceError 2:receive 2!ClosedResourceError rest",
    ),
    ("memory-channel", 0, "0:send(1) rest 1:close_sender 1> 0!ClosedResourceError rest"),
    ("memory-channel", 0, "0:send(1) rest 1:close_receiver 1> 2:close_sender 2> 0!BrokenResourceError rest"),
    ("memory-channel", 0, "0:send(1) rest 1:close_receiver 1> 2:close_sender 2> 0!ClosedResourceError rest"),
    ("memory-channel", 0, "0:receive rest 1:close_sender 1> 2:close_receiver 2> 0!EndOfStream rest"),
    ("memory-channel", 0, "0:receive rest 1:close_sender 1> 2:close_receiver 2> 0!ClosedResourceError rest"),
    ("memory-channel", 0, "0:send(1) rest 1:close_sender 1> rest 2:receive 2>1 0> 3:receive 3!EndOfStream rest"),
    ("latch", 1, "0:wait rest 1:count_down(False) 1> count=0 0> 2:count_down(True) 2!RuntimeError rest"),
    ("latch", 1, "0:wait 1:set_count(2) 1!RuntimeError 2:set_count(-1) 2!ValueError rest"),
    ("latch", 1, "0:wait 1:set_count(0) 1> 0> rest"),
    (
        "barrier",
        2,
        "0:wait 1:wait 1>1 0>0 n_waiting=0 2:wait rest n_waiting=1 3:abort 3> broken=True 2!BrokenBarrierError",
    ),
    ("barrier", 2, "0:wait 1:wait 1>0 0>1 rest"),
    ("barrier", 2, "0:wait 1:wait 1>1 2:abort 2> 0!BrokenBarrierError rest"),  # it was released, and is reached
    ("barrier", 2, "0:wait 0- 0x broken=True 1:wait 1!BrokenBarrierError rest"),
]

WRONG = [
    ("event", 0, "0:wait 0>", "returned-too-early at 0>"),
    ("event", 0, "0:wait rest 1:set 1> 2:clear 2> rest", "stranded at rest"),
    ("event", 0, "0:set 0> is_set=False", "wrong-reading at is_set=False"),
    ("event", 0, "0:wait 0x", "cancelled-unasked at 0x"),
    ("lock", 0, "0:acquire 0> 1:acquire 1>", "returned-too-early at 1>"),
    ("lock", 0, "0:release 0>", "missed-error at 0>"),
    ("lock", 0, "0:acquire 0> 1:acquire 2:release 2> rest", "stranded at rest"),
    ("lock", 0, "0:acquire 0- 0x 1:acquire rest", "effect-of-a-cancelled-call at rest"),
    ("lock", 0, "0:acquire 0> locked=False", "wrong-reading at locked=False"),
    ("owned-lock", 0, "0:acquire@0 0> 1:release@1 1>", "missed-error at 1>"),
    ("owned-lock", 0, "0:acquire@0 0> 1:acquire@1 2:release@0 2> rest", "stranded at rest"),
    ("semaphore", 1, "0:acquire 0> 1:acquire rest 2:release 2> 1> 3:acquire 3>", "returned-too-early at 3>"),
    (
        "semaphore",
        1,
        "0:acquire 0> 1:acquire 1- 2:release 2> 1x locked=True",
        "effect-of-a-cancelled-call at locked=True",
    ),
    ("semaphore", 1, "0:release 0> value=1", "wrong-reading at value=1"),
    ("bounded-semaphore", 1, "0:release 0>", "missed-error at 0>"),
    ("condition", 0, "0:wait 0>", "returned-too-early at 0>"),
    ("condition", 0, "0:wait rest 1:notify 1> rest", "stranded at rest"),
    ("condition", 0, "0:wait 1:wait rest 2:notify 2> 0- 0x rest", "effect-of-a-cancelled-call at rest"),
    ("condition", 0, "0:wait rest 1:notify 1> 2:wait 2>", "returned-too-early at 2>"),  # which came too late for it
    ("condition", 0, "0:wait 1:wait rest 2:notify_all 2> 0> rest", "stranded at rest"),
    ("queue", 0, "0:put(1) 0> 1:put(2) 1> 2:put(1) 2> 3:get 3>3", "wrong-value at 3>3"),
    ("queue", 0, "0:put(1) 0> 1:get 1>True", "wrong-value at 1>True"),
    ("queue", 1, "0:put(1) 0> 1:put(2) 1>", "returned-too-early at 1>"),
    ("queue", 1, "0:put_nowait(1) 0> 1:put_nowait(2) 1>", "missed-error at 1>"),
    ("queue", 1, "0:get 1:put(1) 1> 0- 0x 2:get rest", "effect-of-a-cancelled-call at rest"),
    ("queue", 1, "0:put(2) 0- 0x 1:get 1>2", "effect-of-a-cancelled-call at 1>2"),
    ("queue", 1, "0:put(1) 0> 1:join 2:task_done 2> rest", "stranded at rest"),
    ("queue", 1, "0:get 1:shutdown(False) 1> rest", "stranded at rest"),
    ("queue", 1, "0:put(1) 0> 1:shutdown(False) 1> 2:get 2!QueueShutDown", "wrong-error at 2!QueueShutDown"),
    ("queue", 2, "0:put(1) 0> qsize=0", "wrong-reading at qsize=0"),
    ("capacity-limiter", 1, "0:acquire@0 0> 1:acquire@1 1>", "returned-too-early at 1>"),
    ("capacity-limiter", 1, "0:acquire@0 0> 1:release@1 1>", "missed-error at 1>"),
    ("memory-channel", 0, "0:send(1) 0>", "returned-too-early at 0>"),
    ("memory-channel", 0, "0:receive rest 1:send(1) 1> 0- 0x 2:receive rest", "effect-of-a-cancelled-call at rest"),
    ("memory-channel", 1, "0:send(1) 0> 1:receive 1>2", "wrong-value at 1>2"),
    ("memory-channel", 1, "0:receive 1:close_sender 1> rest", "stranded at rest"),
    ("memory-channel", 0, "0:send(1) rest 1:close_receiver 1> 0>", "missed-error at 0>"),
    (
        "memory-channel",
        1,
        "0:receive rest 1:close_sender 1> 0!ClosedResourceError",
        "wrong-error at 0!ClosedResourceError",
    ),
    (
        "memory-channel",
        1,
        "0:receive rest 1:send(1) 1> 2:close_sender 2> 0!EndOfStream",
        "wrong-error at 0!EndOfStream",
    ),
    ("memory-channel", 1, "0:send(1) 0> 1:close_sender 1> 2:receive 2!EndOfChannel", "wrong-error at 2!EndOfChannel"),
    ("latch", 2, "0:wait 1:count_down(False) 1> 0>", "returned-too-early at 0>"),
    ("latch", 1, "0:wait 1:count_down(False) 1> rest", "stranded at rest"),
    ("barrier", 2, "0:wait 1:wait 1>1 0>1", "wrong-value at 0>1"),
    ("barrier", 2, "0:wait 1:abort 1> rest", "stranded at rest"),
    ("barrier", 2, "0:wait 0- 0x 1:wait 1>", "returned-too-early at 1>"),
]


def findings(kind: str, argument: int, history: str) -> set[str]:
    """What is found under each policy of a kind."""
    return {
        found(ModelSpecification(one.model, argument, fair=one.fair, name=one.name), history)
        for one in policies_of(SHIPPED[kind].model)
    }


@pytest.mark.parametrize(("kind", "argument", "history"), RIGHT)
def test_what_is_right_is_allowed_under_a_policy(kind: str, argument: int, history: str) -> None:
    assert "" in findings(kind, argument, history)


@pytest.mark.parametrize(("kind", "argument", "history", "finding"), WRONG)
def test_what_is_wrong_is_found_under_every_policy(kind: str, argument: int, history: str, finding: str) -> None:
    assert "" not in findings(kind, argument, history)
    assert finding in findings(kind, argument, history)


@pytest.mark.parametrize(
    ("kind", "argument", "history", "policies"),
    [
        ("queue", 0, "0:put(2) 0> 1:put(1) 1> 2:put(1) 2> 3:get 3>2", "fifo"),
        ("queue", 0, "0:put(2) 0> 1:put(1) 1> 2:put(2) 2> 3:get 3>1", "smallest-first"),
        ("queue", 0, "0:put(1) 0> 1:put(2) 1> 2:get 2>2", "lifo"),
        ("memory-channel", 0, "0:receive rest 1:close_receiver 1> rest", "closing-leaves"),
        ("memory-channel", 0, "0:receive rest 1:close_receiver 1> 0!ClosedResourceError", "closing-wakes"),
        ("latch", 1, "0:wait rest 1:set_count(2) 1> rest", "keeps aiologic"),
        ("latch", 0, "0:count_down(False) 0!ValueError", "aiologic"),
        ("latch", 1, "0:set_count(2) 0!RuntimeError", "rearms"),
        ("barrier", 2, "0:wait rest 1:wait 1>0 0>1", "cpython java lenient"),
        ("barrier", 2, "0:wait 1:wait 1>1 n_waiting=1", "lenient"),
        ("barrier", 2, "0:wait rest 0- 0x broken=False", "latchproof cpython lenient"),
    ],
)
def test_policies_allow_what_they_are_named_for(kind: str, argument: int, history: str, policies: str) -> None:
    allowed = [
        one.name.partition(",")[0]
        for one in policies_of(SHIPPED[kind].model)
        if found(ModelSpecification(one.model, argument, fair=one.fair), history) == ""
    ]
    assert list(dict.fromkeys(allowed)) == policies.split()


@pytest.mark.parametrize("kind", SHIPPED)
def test_the_table_fits_the_models(kind: str) -> None:
    shipped = SHIPPED[kind]
    assert shipped.name == kind
    for one in shipped.programs.get("", ()):
        for argument in one.arguments:
            ModelSpecification(shipped.model, argument)
            assert observations_of(shipped.model, argument) is not None
    numbers = [one for one in shipped.programs.values() if any(programs.numbers for programs in one)]
    takes_items = any(int in one.parameters.values() for one in operations_in(shipped.model))
    if shipped.programs:
        assert bool(numbers) == takes_items
        assert "trio" in shipped.programs
    # with a single item every order of a queue conforms
    assert all(any(len(programs.numbers) > 1 for programs in of) for of in numbers)


def test_every_name_of_a_class_decides_for_one_kind() -> None:
    names = [name for one in SHIPPED.values() for name in one.classes]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("kind", MACHINES)
def test_a_machine_has_the_operations_and_policies_of_its_model(kind: str) -> None:
    machine, model = MACHINES[kind], SHIPPED[kind].model
    of_model = {one.name: one for one in operations_in(model)}
    assert set(of_model) == {one.name for one in machine.operations}
    for one in machine.operations:
        assert (of_model[one.name].waits, of_model[one.name].optional) == (one.waits, one.optional)
        assert dict(of_model[one.name].parameters) == dict(one.parameters)
    assert {one.name for one in observations_of(model, 1)} == set(machine.observations)
    assert [one.name for one in policies_of(model)] == [one.name for one in machine.usual_policies]


def test_a_condition_is_driven_with_its_lock_around_each_operation() -> None:
    async def play() -> list[str]:
        condition, done = WithoutBody(asyncio.Condition()), list[str]()

        async def wait(name: str) -> None:
            await condition.wait()
            done.append(name)

        tasks = [asyncio.ensure_future(wait(name)) for name in "abc"]
        await asyncio.sleep(0)
        await condition.notify()
        await asyncio.sleep(0.01)
        assert done == ["a"]
        await condition.notify_all()
        await asyncio.gather(*tasks)
        return done

    assert asyncio.run(play()) == ["a", "b", "c"]


def test_a_model_is_short() -> None:
    """A reviewer reads it first."""

    def lines(model: type[Model]) -> int:
        return len([one for one in inspect.getsource(model).splitlines() if one.strip()])

    sizes: dict[str, Any] = {name: lines(one.model) for name, one in SHIPPED.items()}
    assert all(size <= 80 for size in sizes.values()), sizes


def test_what_the_bounds_leave_out_is_named() -> None:
    """Without a cancellation a finding about one is named as left out; where none came about, as not exercised."""
    verdict = check(adapt(asyncio.Event), programs=(Programs((0,), at_once=1, calls=1, cancellations=0),))
    assert verdict.notes == ("no cancellations were tried, so nothing is said of effect-of-a-cancelled-call",)
    (judged,) = check(
        adapt(asyncio.Semaphore), programs=(Programs((2,), at_once=1, calls=1, cancellations=0),)
    ).policies
    assert {"returned-too-early", "stranded"} <= {*judged.not_exercised}  # both permits are free
