"""The CountdownLatch as tools see it: the table of its parts, and the data that tools need."""

from __future__ import annotations

from typing import Final

from latchproof_spec.claims import C4, C7, C10, C11, C15, C16
from latchproof_spec.latch import claims, rules
from latchproof_spec.latch.claims import C1, C2, C3, C12
from latchproof_spec.latch.policies import ALIASES, POLICIES
from latchproof_spec.latch.variants import VARIANTS
from latchproof_spec.machine import IS_PARKED, Bounds, Machine, ModelBounds, Observation, Operation, Programs


def needed_to_release(count: int, operations: tuple[str, ...]) -> tuple[int, int]:
    """Return how many calls open a latch of this count, and how many of them at once."""
    return (min(count, 1) if "set_count" in operations else count), 1


LATCH: Final = Machine(
    name="latch",
    title="CountdownLatch",
    shell="latchproof:CountdownLatch",
    parameter="count",
    parameters="counts",
    constants=(),
    state={"count": int, "parked": int},
    create=rules.create,
    operations=(
        Operation("wait", rules.wait, waits=True, also_called=("await", "join")),
        Operation("count_down", rules.count_down, {"exception_if_zero": bool}, also_called=("done", "arrive")),
        Operation("set_count", rules.set_count, {"n": int}, optional=True),
    ),
    withdraw=Operation("withdraw", rules.withdraw, facts=(IS_PARKED,)),
    observations={
        "count": Observation(lambda count, parked: count),
        "is_open": Observation(lambda count, parked: count == 0),
        "n_waiting": Observation(
            lambda count, parked: parked,
            # other people's latches may count a task until it runs
            counts_released=lambda policy: policy.set_count_in_use != "refuses",
        ),
    },
    methods={
        "ZeroLatchError": "is an error",
        "__init__": "makes it",
        "count": "count",
        "is_open": "is_open",
        "n_waiting": "n_waiting",
        "wait": "wait",
        "count_down": "count_down",
        "count_down_nowait": "count_down",
        "countdown_nowait": "is another name of count_down_nowait",
        "set_count": "set_count",
        "_count_down": "is part of others",
        "_conclude": "is part of others",
        "_checkpoint": "is part of others",
        "__reduce__": "refuses",
        "__repr__": "shows the state",
    },
    phases={"open": lambda count, parked: count == 0, "closed": lambda count, parked: count > 0},
    rules=(
        rules.L1,
        rules.L2,
        rules.L3,
        rules.L3x,
        rules.L3p,
        rules.L4,
        rules.L4t,
        rules.L5,
        rules.L5z,
        rules.L5k,
        rules.L5r,
        rules.L6,
        rules.L7,
        rules.L8,
        rules.L9,
        rules.L10,
    ),
    policies=POLICIES,
    variants=VARIANTS,
    aliases=ALIASES,
    exercise={
        C1: ("L1", "L2", "L5k", "L5r", "L6"),
        C2: ("L2", "L8", "L9", "L5r"),
        C3: ("L2", "L7", "L5r"),
        C4: ("L3x", "L3p", "L4", "L5", "L5z"),
        C7: ("L9", "L10"),
        C10: ("L3x", "L3p", "L4", "L5", "L5z"),
        C11: ("L8",),
        C12: ("L2", "L5r"),
        C15: ("L1", "L2", "L3", "L3x", "L3p", "L4", "L5", "L5z", "L5k", "L5r", "L6", "L7", "L8", "L9", "L10"),
        C16: ("L1", "L2", "L5k", "L5r", "L6"),
    },
    invariants=claims.INVARIANTS,
    step_properties=claims.STEP_PROPERTIES,
    history_properties=claims.HISTORY_PROPERTIES,
    accounts=claims.ACCOUNTS,
    readings=claims.READINGS,
    censuses=claims.CENSUSES,
    eventualities=claims.EVENTUALITIES,
    call_claims=claims.CALLS,
    blame={
        "stray error": C15,
        "wrong error": C15,
        "wrong reading": C16,
        "missed refusal": C10,
        "mistaken refusal": C10,
        "early return": C3,
        "harmed by a cancellation": C7,
        "cancelled unasked": C11,
        "stranded": C11,
        "endless step": C11,
        "release not delivered": C12,
    },
    bounds=Bounds(
        programs={
            "": (
                Programs((0, 1, 2, 3), at_once=3, calls=4, cancellations=1, numbers=(-1, 0, 1, 2)),
                Programs((4,), at_once=2, calls=5, cancellations=1, again=True),
                Programs((1, 2), at_once=2, calls=3, cancellations=2, numbers=(0,), again=True),
                Programs((1,), at_once=2, calls=3, cancellations=1, numbers=(0,), again=True, in_except=True),
                Programs((1, 2), at_once=3, calls=3, cancellations=1, numbers=(0,), eager=True),
                Programs((1,), at_once=2, calls=2, cancellations=0, numbers=(2,), beside=1),
            ),
            # on trio every call is a checkpoint or two, and every pass has two orders: the same programs have more
            # schedules
            "trio": (
                Programs((0, 1, 2), at_once=2, calls=3, cancellations=1, numbers=(0, 2)),
                Programs((1,), at_once=1, calls=2, cancellations=0, numbers=(-1, 0, 1, 2), again=True),
                Programs((1,), at_once=3, calls=3, cancellations=1, again=True),
                Programs((4,), at_once=2, calls=5, cancellations=0, again=True),
                Programs((1,), at_once=2, calls=2, cancellations=1, again=True, in_except=True),
                Programs((1,), at_once=1, calls=1, cancellations=0, numbers=(2,), beside=1),
            ),
        },
        model=ModelBounds(2, tasks=4),
        mutants=(0, 1, 2),
        quick=(1,),
        page=(0, 1, 2, 3),
    ),
    release="a latch to open",
    needed_to_release=needed_to_release,
)
