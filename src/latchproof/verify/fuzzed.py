"""What Hypothesis finds of our own classes: random calls and cancellations on real event loops, each history judged."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from latchproof.check.reasons import Reason
from latchproof.check.target import TargetError, load
from latchproof.fuzz.drivers import DRIVEN, make_driver
from latchproof.mutants import checks
from latchproof.verify.evidence import Cell, Evidence, Gathered, fired_rules
from latchproof_spec.claims import Claim
from latchproof_spec.machine import Machine
from latchproof_spec.machines import CLAIMS, MACHINES, machines_about

QUICK_EXAMPLES: Final = 100
"""Examples of each class on each host in a quick ledger."""

FULL_EXAMPLES: Final = 1000
"""Examples of each class on each host in a full ledger."""


class _Fuzzed(NamedTuple):
    """What came of fuzzing one class on one host; `failure` is "" if nothing was found."""

    host: str
    machine: Machine
    calls: int
    fired: set[str]
    failure: str


def repeat(claim: Claim | None, quick: bool) -> str:
    """Return the commands that fuzz our classes again, each on each host that is installed."""
    return " && ".join(
        f"latchproof fuzz {machine.shell}{f' --claim {claim.id}' if claim else ''} --strict --policy "
        f"{machine.policies[0].name} --examples {QUICK_EXAMPLES if quick else FULL_EXAMPLES} --host {host}"
        for host in DRIVEN
        if not why_absent(host)
        for machine in (machines_about(claim) if claim else MACHINES.values())
    )


def gather(quick: bool) -> Gathered:
    """Fuzz our classes on every host, in the strict form."""
    # it imports Hypothesis, and that trio: not before schedules are run
    from latchproof.fuzz.state_machine import AT_ONCE, LARGEST

    begun = time.perf_counter()
    hosts = [host for host in DRIVEN if not why_absent(host)]
    found = [_fuzz(host, machine, quick) for host in hosts for machine in MACHINES.values()]
    seconds = time.perf_counter() - begun
    bound = (
        f"{', '.join(hosts)}; {QUICK_EXAMPLES if quick else FULL_EXAMPLES} examples of up to {checks.STEPS} steps "
        f"each, {' and '.join(one.parameters for one in MACHINES.values())} to {LARGEST}, up to {AT_ONCE} calls at "
        "once, strict form"
    )
    cells = [
        Cell(claim.id, "not_run", claim.unobservable)
        if claim.unobservable
        else replace(cell_of(claim, found), bound=bound, seconds=seconds)
        for claim in CLAIMS
    ]
    return cells, fired_rules([(one.host, one.fired) for one in found], repeat(None, quick))


def _fuzz(host: str, machine: Machine, quick: bool) -> _Fuzzed:
    from latchproof.fuzz.state_machine import state_machine

    policy, target = machine.policies[0].name, load(machine.shell, machine.name)
    tried = state_machine(target, host=host, policy=policy, strict=True)
    # a quick ledger says the same each time; a full one tries other examples each time
    failure = checks.fuzz(tried, QUICK_EXAMPLES if quick else FULL_EXAMPLES, is_random=not quick)
    return _Fuzzed(host, machine, tried.calls, tried.fired, failure)


def cell_of(claim: Claim, found: Sequence[_Fuzzed]) -> Cell:
    """Return what fuzzing says of a claim."""
    about = [one for one in found if one.machine in machines_about(claim)]
    failures = [one.failure for one in about if one.failure]
    exercise = {rule for machine in machines_about(claim) for rule in machine.exercise[claim]}
    absent = "; ".join(filter(None, map(why_absent, DRIVEN)))
    cell = Cell(claim.id, "holds", absent, count=sum(one.calls for one in about))
    if mine := [failure for failure in failures if f" breaks {claim.id} " in failure]:
        return replace(cell, status="fails", detail=mine[0])
    if not any(one.fired & exercise for one in found):
        reason = Reason("not-exercised", "", "it never had a chance to fail")
    elif failures:
        reason = Reason("other-claim", "", "examples ended early, at a failure of another claim")
    else:
        return cell
    return replace(cell, status="inconclusive", reasons=(reason,))


def why_absent(host: str) -> str:
    """Return why a host cannot be driven here, in words; "" if it can be."""
    try:
        make_driver(host).close()
    except TargetError as error:
        return str(error)
    return ""


FUZZED: Final = Evidence("fuzzed", "calls", "hosts", gather, repeat, (checks.FUZZED,), fires_rules=True)
