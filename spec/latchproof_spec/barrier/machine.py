"""The Barrier as tools see it: the table of its parts, and the data that tools need."""

from __future__ import annotations

from typing import Final

from latchproof_spec.barrier import claims, rules
from latchproof_spec.barrier.claims import C5, C6, C8, C9, C13, C14
from latchproof_spec.barrier.policies import POLICIES
from latchproof_spec.claims import C4, C7, C10, C11, C15, C16
from latchproof_spec.machine import (
    HAS_ARRIVED,
    IS_PARKED,
    Bounds,
    Machine,
    ModelBounds,
    Observation,
    Operation,
    Programs,
)

BARRIER: Final = Machine(
    name="barrier",
    title="Barrier",
    shell="latchproof:Barrier",
    parameter="parties",
    parameters="parties",
    constants=("parties",),
    state={"parked": int, "broken": bool},
    create=rules.create,
    operations=(
        Operation("wait", rules.wait, waits=True, also_called=("await", "join", "arrive_and_wait")),
        Operation("abort", rules.abort, optional=True),
        Operation("reset", rules.reset, optional=True),
    ),
    withdraw=Operation("withdraw", rules.withdraw, facts=(IS_PARKED, HAS_ARRIVED)),
    observations={
        "parties": Observation(lambda parties, parked, broken: parties),
        "n_waiting": Observation(
            lambda parties, parked, broken: parked,
            counts_released=lambda policy: policy.n_waiting_counts != "the parked",
        ),
        "broken": Observation(lambda parties, parked, broken: broken),
    },
    methods={
        "__init__": "makes it",
        "parties": "parties",
        "n_waiting": "n_waiting",
        "broken": "broken",
        "wait": "wait",
        "abort": "abort",
        "reset": "reset",
        "abort_nowait": "abort",
        "reset_nowait": "reset",
        "__aenter__": "is another name of wait",
        "__aexit__": "does nothing",
        "_complete_at_checkpoint": "is part of others",
        "_complete": "is part of others",
        "_run": "is part of others",
        "_decide": "is part of others",
        "__reduce__": "refuses",
        "__repr__": "shows the state",
    },
    phases={
        "whole": lambda parties, parked, broken: not broken,
        "broken": lambda parties, parked, broken: broken,
    },
    rules=(
        rules.B0,
        rules.B0v,
        rules.B0t,
        rules.B1,
        rules.B2,
        rules.B2r,
        rules.B2a,
        rules.B3,
        rules.B4,
        rules.B4b,
        rules.B4e,
        rules.B5,
        rules.B5e,
        rules.B6,
        rules.B7,
    ),
    policies=POLICIES,
    exercise={
        C4: ("B3",),
        C5: ("B2", "B2r", "B2a"),
        C6: ("B2", "B2r", "B2a"),
        C7: ("B4", "B5"),
        C8: ("B4b", "B4e", "B5", "B6", "B7"),
        C9: ("B6", "B7"),
        C10: ("B3",),
        C11: ("B1",),
        C13: ("B2", "B2r", "B2a"),
        C14: ("B6", "B7"),
        C15: ("B1", "B2", "B2r", "B2a", "B3", "B4", "B4b", "B5", "B6", "B7"),
        C16: ("B1", "B2", "B2r", "B2a", "B4", "B4b", "B6", "B7"),
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
        "missed error": C14,
        "wrong index": C5,
        "early return": C6,
        "failed unasked": C9,
        "error after release": C8,
        "cancelled instead of failed": C14,
        "harmed by a cancellation": C7,
        "cancelled unasked": C11,
        "stranded": C11,
        "index not delivered": C13,
        "error not delivered": C14,
    },
    bounds=Bounds(
        programs={
            "": (
                Programs((1, 2, 3), at_once=3, calls=4, cancellations=1),
                Programs((4,), at_once=4, calls=5, cancellations=1, waits_only=True),
                Programs((2,), at_once=2, calls=7, cancellations=1, waits_only=True),
                Programs((3,), at_once=3, calls=6, cancellations=1, waits_only=True),
                Programs((2, 3), at_once=3, calls=3, cancellations=2, waits_only=True),
                Programs((1, 2), at_once=2, calls=3, cancellations=1, early=True),
                Programs((2,), at_once=2, calls=2, cancellations=0, beside=2),
            ),
            # on trio every call is a checkpoint or two, and every pass has two orders: the same programs have more
            # schedules
            "trio": (
                Programs((1, 2), at_once=3, calls=3, cancellations=1),
                Programs((3,), at_once=3, calls=3, cancellations=0),
                Programs((2, 3), at_once=3, calls=4, cancellations=1, waits_only=True),
                Programs((1, 2), at_once=2, calls=3, cancellations=1, waits_only=True, early=True),
                Programs((2,), at_once=1, calls=1, cancellations=0, beside=2),
            ),
        },
        model=ModelBounds(3, tasks=4),
        mutants=(1, 2, 3),
        quick=(2, 3),
        page=(1, 2, 3, 4),
    ),
    release="a barrier to trip",
    needed_to_release=lambda parties, operations: (parties, parties),
    reaches_released=lambda rule, policy: (
        rule.queue == "failed" and rule.caller != "leaves" and policy.abort_reaches != "the parked"
    ),
    freedoms={"abort_reaches": "abort and reset fail", "n_waiting_counts": "n_waiting counts"},
)
