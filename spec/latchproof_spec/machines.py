"""The two machines as tools see them: operations, observations, rules and claims, gathered and named.

Whatever is generic (the prover, the explorers, the judge of histories, the fuzzer, the renderers) reads a machine from
here, and so holds for both without knowing either.
"""

from __future__ import annotations

from latchproof_spec import barrier, barrier_claims, latch, latch_claims
from latchproof_spec.call_claims import BARRIER_CALLS, LATCH_CALLS
from latchproof_spec.policy import BARRIER_POLICIES, LATCH_POLICIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final, Literal

    from latchproof_spec.call_claims import CallClaims
    from latchproof_spec.claims import Account, Eventuality, Property
    from latchproof_spec.step import Rule


class Operation:
    """An operation of a machine: its name, its function, and the parameters that a call gives it.

    `function` is called with the machine's constants, its state, the call's arguments and a policy.
    `parameters` maps each argument's name to `int` or `bool`. `optional` operations may be absent from other
    people's classes. `waits` says whether the call may block. `withdraw` is no call: the host makes it, for a
    task whose cancellation is requested.
    """

    __slots__ = ("function", "name", "optional", "parameters", "waits")

    def __init__(
        self,
        name: str,
        function: Callable[..., tuple[Any, ...]],
        parameters: dict[str, type] | None = None,
        *,
        waits: bool = False,
        optional: bool = False,
    ) -> None:
        self.name: Final = name
        self.function: Final = function
        self.parameters: Final = parameters or {}
        self.waits: Final = waits
        self.optional: Final = optional

    def __repr__(self) -> str:
        return self.name


class Machine:
    """A machine whole: how it is made, what its state is called, its operations, rules, observations and claims.

    `create` takes the constructor's argument, which is called `parameter`, and returns `(constants, state, rule)`; a
    rule that refuses comes with a state that must not be used. `observations` are the properties that a caller may
    read, and `phases` the states of its diagram, each a function of constants and state. What is claimed of it stands
    in `invariants`, `step_properties`, `history_properties`, `accounts`, `censuses` and `eventualities` (see `claims`),
    and in `call_claims` (see there).
    """

    __slots__ = (
        "accounts", "call_claims", "censuses", "constants", "create", "eventualities", "history_properties",
        "invariants", "name", "observations", "operations", "parameter", "phases", "policies", "rules", "state",
        "step_properties", "withdraw",
    )  # fmt: skip

    def __init__(
        self,
        name: Literal["latch", "barrier"],
        *,
        parameter: str,
        constants: tuple[str, ...],
        state: dict[str, type],
        create: Callable[[Any], tuple[tuple[Any, ...], tuple[Any, ...], Rule]],
        operations: tuple[Operation, ...],
        withdraw: Operation,
        observations: dict[str, Callable[..., Any]],
        phases: dict[str, Callable[..., bool]],
        rules: tuple[Rule, ...],
        policies: tuple[Any, ...],
        invariants: tuple[Property, ...],
        step_properties: tuple[Property, ...],
        history_properties: tuple[Property, ...],
        accounts: tuple[Account, ...],
        censuses: tuple[Property, ...],
        eventualities: tuple[Eventuality, ...],
        call_claims: CallClaims,
    ) -> None:
        self.name: Final[Literal["latch", "barrier"]] = name
        self.parameter: Final = parameter
        self.constants: Final = constants
        self.state: Final = state
        self.create: Final = create
        self.operations: Final = operations
        self.withdraw: Final = withdraw
        self.observations: Final = observations
        self.phases: Final = phases
        self.rules: Final = rules
        self.policies: Final = policies
        self.invariants: Final = invariants
        self.step_properties: Final = step_properties
        self.history_properties: Final = history_properties
        self.accounts: Final = accounts
        self.censuses: Final = censuses
        self.eventualities: Final = eventualities
        self.call_claims: Final = call_claims

    @property
    def smallest(self) -> int:
        """The smallest argument that the constructor does not refuse: 0 for a count, 1 for a number of parties."""
        return next(argument for argument in (0, 1) if not self.create(argument)[2].refuses)

    def __repr__(self) -> str:
        return self.name


LATCH: Final = Machine(
    "latch",
    parameter="count",
    constants=(),
    state={"count": int, "parked": int},
    create=latch.create,
    operations=(
        Operation("wait", latch.wait, waits=True),
        Operation("count_down", latch.count_down, {"exception_if_zero": bool}),
        Operation("set_count", latch.set_count, {"n": int}, optional=True),
    ),
    withdraw=Operation("withdraw", latch.withdraw, {"is_parked": bool}),
    observations={"count": lambda count, parked: count},
    phases={"open": lambda count, parked: count == 0, "closed": lambda count, parked: count > 0},
    rules=(
        latch.L1,
        latch.L2,
        latch.L3,
        latch.L3x,
        latch.L3p,
        latch.L4,
        latch.L4t,
        latch.L5,
        latch.L5k,
        latch.L5r,
        latch.L6,
        latch.L7,
        latch.L8,
        latch.L9,
        latch.L10,
    ),
    policies=LATCH_POLICIES,
    invariants=latch_claims.INVARIANTS,
    step_properties=latch_claims.STEP_PROPERTIES,
    history_properties=latch_claims.HISTORY_PROPERTIES,
    accounts=latch_claims.ACCOUNTS,
    censuses=latch_claims.CENSUSES,
    eventualities=latch_claims.EVENTUALITIES,
    call_claims=LATCH_CALLS,
)

BARRIER: Final = Machine(
    "barrier",
    parameter="parties",
    constants=("parties",),
    state={"parked": int, "broken": bool},
    create=barrier.create,
    operations=(
        Operation("wait", barrier.wait, waits=True),
        Operation("abort", barrier.abort, optional=True),
        Operation("reset", barrier.reset, optional=True),
    ),
    withdraw=Operation("withdraw", barrier.withdraw, {"is_parked": bool}),
    observations={
        "n_waiting": lambda parties, parked, broken: parked,
        "broken": lambda parties, parked, broken: broken,
    },
    phases={
        "whole": lambda parties, parked, broken: not broken,
        "broken": lambda parties, parked, broken: broken,
    },
    rules=(
        barrier.B0,
        barrier.B0v,
        barrier.B0t,
        barrier.B1,
        barrier.B2,
        barrier.B2r,
        barrier.B2a,
        barrier.B3,
        barrier.B4,
        barrier.B4b,
        barrier.B5,
        barrier.B6,
        barrier.B7,
    ),
    policies=BARRIER_POLICIES,
    invariants=barrier_claims.INVARIANTS,
    step_properties=barrier_claims.STEP_PROPERTIES,
    history_properties=barrier_claims.HISTORY_PROPERTIES,
    accounts=barrier_claims.ACCOUNTS,
    censuses=barrier_claims.CENSUSES,
    eventualities=barrier_claims.EVENTUALITIES,
    call_claims=BARRIER_CALLS,
)

MACHINES: Final = {"latch": LATCH, "barrier": BARRIER}
