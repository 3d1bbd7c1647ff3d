"""A semaphore as a machine whose rules let the first of the parked continue: one, or two.

No machine of the specification has such rules. What reads rules is held to them by this one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from latchproof.compile.claims import first_come_first_served, stays_parked_until_reached
from latchproof_spec import calls, claims
from latchproof_spec.calls import Call, CallClaims, Snapshot
from latchproof_spec.claims import Account, Claim, Property, Step
from latchproof_spec.machine import IS_PARKED, Bounds, Machine, ModelBounds, Observation, Operation
from latchproof_spec.step import Rule

S0 = Rule("S0", "create", "returns", "A new semaphore has the permits that were asked for.")
S0v = Rule("S0v", "create", "raises", "The number of permits is negative: refused.", errors=(ValueError,))
S1 = Rule("S1", "acquire", "returns", "A permit is free: the caller takes it.")
S2 = Rule("S2", "acquire", "parks", "No permit is free: the caller parks.")
S3 = Rule("S3", "release", "returns", "No task is parked: a permit is free.")
S4 = Rule("S4", "release", "returns", "The first of the parked takes the permit.", queue="first")
S5 = Rule("S5", "release_two", "returns", "The first two take a permit each, or one does.", queue="first", first=2)
S6 = Rule("S6", "withdraw", "leaves", "A parked task is cancelled, and leaves.")
S7 = Rule("S7", "withdraw", "leaves", "A task that was given a permit hands it to the first.", queue="first")
S8 = Rule("S8", "withdraw", "leaves", "A task that was given a permit hands it back.")


@dataclass(frozen=True, slots=True)
class Policy:
    """There is one."""

    name: str = "handed over"


ONE: Final = Claim("X1", "safety", "No permit is free while a task is parked, and no permit is lost.")
TWO: Final = Claim("X2", "safety", "Permits are given in order of arrival.")


def create(value: int) -> tuple[tuple[()], tuple[int, int], Rule]:
    if value < 0:
        return (), (0, 0), S0v
    return (), (value, 0), S0


def acquire(value: int, parked: int, policy: Any = None) -> tuple[int, int, Rule]:
    if value > 0:
        return value - 1, parked, S1
    return value, parked + 1, S2


def release(value: int, parked: int, policy: Any = None) -> tuple[int, int, Rule]:
    if parked > 0:
        return value, parked - 1, S4
    return value + 1, parked, S3


def release_two(value: int, parked: int, policy: Any = None) -> tuple[int, int, Rule]:
    if parked >= 2:
        return value, parked - 2, S5
    return value + 2 - parked, 0, S5


def withdraw(value: int, parked: int, is_parked: bool, policy: Any = None) -> tuple[int, int, Rule]:
    if is_parked:
        return value, parked - 1, S6
    if parked > 0:
        return value, parked - 1, S7
    return value + 1, parked, S8


def no_permit_is_free_while_a_task_waits(value: int, parked: int) -> bool:
    return value >= 0 and parked >= 0 and (value == 0 or parked == 0)


def new_semaphore_is_as_asked(step: Step) -> bool:
    return step.operation != "create" or step.rule.refuses or step.after == (step.arguments["value"], 0)


def acquire_takes_what_is_free(step: Step) -> bool:
    if step.operation != "acquire":
        return True
    value, parked = step.before
    return step.after == ((value - 1, parked) if value > 0 else (value, parked + 1))


def parked_are_counted(constants: tuple[()], state: tuple[int, int], parked: int, released: int) -> bool:
    return state[1] == parked


def given(step: Step) -> Any:
    """Return how many permits the step gives."""
    withdrawn = 1 if step.operation == "withdraw" and step.arguments["is_parked"] else 0
    arrived = 1 if step.operation == "acquire" else 0
    return step.before[1] + arrived - step.after[1] - withdrawn


def made(step: Step) -> Any:
    """Return how many permits come back by the step."""
    back = 1 if step.operation == "withdraw" and not step.arguments["is_parked"] else 0
    return {"release": 1, "release_two": 2}.get(step.operation, back)


def queue_is_in_order_of_arrival(now: Snapshot, one: Call, other: Call) -> bool:
    return not (one.parked and other.parked and one.arrival < other.arrival) or bool(one.position < other.position)


SEMAPHORE: Final = Machine(
    name="semaphore",
    title="Semaphore",
    shell="",
    parameter="value",
    parameters="values",
    constants=(),
    state={"value": int, "parked": int},
    create=create,
    operations=(
        Operation("acquire", acquire, waits=True),
        Operation("release", release),
        Operation("release_two", release_two),
    ),
    withdraw=Operation("withdraw", withdraw, facts=(IS_PARKED,)),
    observations={"value": Observation(lambda value, parked: value)},
    methods={},
    phases={"free": lambda value, parked: value > 0, "taken": lambda value, parked: value <= 0},
    rules=(S0, S0v, S1, S2, S3, S4, S5, S6, S7, S8),
    policies=(Policy(),),
    exercise={ONE: ("S1", "S4", "S5", "S7"), TWO: ("S4", "S5", "S7")},
    invariants=(Property("no permit is free while a task waits", (ONE,), no_permit_is_free_while_a_task_waits),),
    step_properties=(
        Property("a new semaphore is as asked", (ONE,), new_semaphore_is_as_asked),
        Property("acquire takes what is free", (TWO,), acquire_takes_what_is_free),
    ),
    history_properties=(
        Property("only the parked and the caller continue", (ONE,), claims.only_the_parked_and_the_caller_continue),
        Property("the released stay released", (ONE,), claims.released_stay_released),
        Property("a caller parks or continues", (ONE,), claims.caller_parks_or_continues),
        Property("a withdrawn task is gone", (ONE,), claims.withdrawn_is_gone),
        Property("first come, first served", (TWO,), first_come_first_served),
    ),
    accounts=(
        Account(
            "permits = new ones less those that are given",
            (ONE,),
            ("added", "taken"),
            start=lambda constants, state: (state[0], 0),
            update=lambda step, ghosts: (ghosts[0] + made(step), ghosts[1] + given(step)),
            holds=lambda constants, state, ghosts: state[0] == ghosts[0] - ghosts[1],
        ),
    ),
    readings=(),
    censuses=(Property("the parked are the tasks parked", (ONE,), parked_are_counted),),
    eventualities=(),
    call_claims=CallClaims(
        invariants=(
            Property("a parked call is in a call that waits", (ONE,), calls.parked_in_wait),
            Property("a parked call has its own place", (ONE,), calls.has_its_own_place),
            Property("the queue is in order of arrival", (TWO,), queue_is_in_order_of_arrival),
        ),
        places=(Property("every place in the queue is held", (ONE,), calls.place_in_queue_is_held),),
        steps=(
            Property("a parked call stays so until it is reached", (TWO,), stays_parked_until_reached),
            Property("only those present continue", (ONE,), calls.only_those_present_continue),
            Property("an ending is final", (ONE,), calls.ending_is_final),
            Property("a caller parks or returns", (ONE,), calls.caller_parks_or_returns),
            Property("the released stay released", (ONE,), calls.released_stays_released),
        ),
    ),
    blame={"stray error": ONE},
    bounds=Bounds({}, ModelBounds(1, tasks=3, calls=2), (), (), ()),
    release="a permit",
    needed_to_release=lambda value, operations: (value + 2, value + 1),
)


def with_rule(**fields: Any) -> Machine:
    """Return the machine in which S4 has other fields."""
    rule = Rule("S4", "release", "returns", S4.sentence, **{"queue": "first", **fields})

    def faulty(value: int, parked: int, policy: Any = None) -> tuple[int, int, Rule]:
        *state, applied = release(value, parked)
        return state[0], state[1], rule if applied is S4 else applied

    operations = tuple(replace(one, function=faulty) if one.name == "release" else one for one in SEMAPHORE.operations)
    return replace(SEMAPHORE, operations=operations, rules=tuple(rule if one is S4 else one for one in SEMAPHORE.rules))
