"""What `latchproof check` finds of our own classes: their code under every schedule of small programs, on each host."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Final

from latchproof.check.bounds import programs_within
from latchproof.check.checker import check
from latchproof.check.loops import STEPPED, stepper_class
from latchproof.check.reasons import Reason
from latchproof.check.target import TargetError, load
from latchproof.check.verdict import Verdict
from latchproof.mutants import checks
from latchproof.verify.evidence import Cell, Evidence, Gathered, fired_rules
from latchproof_spec.claims import Claim
from latchproof_spec.machine import Machine
from latchproof_spec.machines import CLAIMS, MACHINES, machines_about

QUICK_BOUNDS: Final = {"calls": 3}
"""Options of `latchproof check` in a quick ledger, in place of a host's default bounds."""

QUICK_BOUNDS_ON: Final = {"trio": {"tasks": 2, "calls": 2}}
"""Those on a host where a call has more steps, and so more schedules."""


def repeat(claim: Claim | None, quick: bool) -> str:
    """Return the commands that check our classes again, each on each host that is installed."""
    return " && ".join(
        f"latchproof check {machine.shell}{f' --claim {claim.id}' if claim else ''} --strict --policy "
        f"{machine.policies[0].name} --host {host}"
        + ("".join(f" --{name} {number}" for name, number in quick_bounds(host).items()) if quick else "")
        for machine in (machines_about(claim) if claim else MACHINES.values())
        for host in STEPPED
        if is_installed(host)
    )


def gather(quick: bool) -> Gathered:
    """Check our classes on every host whose steps we control, in the strict form."""
    verdicts: dict[Machine, list[Verdict]] = {machine: [] for machine in MACHINES.values()}
    # a host is imported when its turn comes: what is imported makes states harder to recognize
    for host in filter(is_installed, STEPPED):
        for machine, found in verdicts.items():
            found.append(_check(machine, host, quick))
    cells = [
        Cell(claim.id, "not_run", claim.unobservable)
        if claim.unobservable
        else cell_of(claim, list(chain(*(verdicts[machine] for machine in machines_about(claim)))))
        for claim in CLAIMS
    ]
    fired = [(one.host, one.reported.fired) for one in chain(*verdicts.values())]
    return cells, fired_rules(fired, repeat(None, quick))


def _check(machine: Machine, host: str, quick: bool) -> Verdict:
    target = load(machine.shell, machine.name)
    bounds = quick_bounds(host)
    programs = programs_within(target, bounds.get("tasks"), bounds.get("calls"), host=host) if quick else None
    return check(target, host=host, policy=machine.policies[0].name, strict=True, programs=programs)


def cell_of(claim: Claim, verdicts: Sequence[Verdict]) -> Cell:
    """Return what the verdicts on our classes say of a claim."""
    bounds = dict.fromkeys(f"on {one.host}: {'; '.join(one.bounds)}" for one in verdicts)
    absent = ", ".join(host for host in STEPPED if not is_installed(host))
    found = Cell(
        claim.id,
        "holds",
        bound="strict form; " + "; ".join(bounds) + (f"; not installed: {absent}" if absent else ""),
        count=sum(one.schedules for one in verdicts),
        seconds=sum(one.seconds for one in verdicts),
    )
    for one in verdicts:
        if failure := one.reported.failures.get(claim.id):
            return replace(found, status="fails", detail=f"{failure.finding.seen}; {' / '.join(failure.schedule)}")
    reasons = tuple(dict.fromkeys(_reasons(claim, verdicts)))
    return replace(found, status="inconclusive" if reasons else "holds", reasons=reasons)


def _reasons(claim: Claim, verdicts: Sequence[Verdict]) -> Iterator[Reason]:
    """Yield what keeps the verdicts from saying that a claim is not broken: the most telling alone."""
    if any(claim.id not in one.reported.exercised for one in verdicts):
        yield Reason("not-exercised", "", "it never had a chance to fail")
    elif any(one.reasons for one in verdicts):
        for one in verdicts:
            yield from (replace(why, where=", ".join(filter(None, (one.host, why.where)))) for why in one.reasons)
    elif any(not one.reported.satisfied for one in verdicts):
        yield Reason("other-claim", "", "runs ended early, at a failure of another claim")


def quick_bounds(host: str) -> dict[str, int]:
    """Return the options of `latchproof check` on a host in a quick ledger."""
    return QUICK_BOUNDS_ON.get(host, QUICK_BOUNDS)


def is_installed(host: str) -> bool:
    """Return whether a host whose steps we control is installed here."""
    try:
        return bool(stepper_class(host))
    except TargetError:
        return False


SCHEDULED: Final = Evidence("scheduled", "schedules", "hosts", gather, repeat, (checks.SCHEDULED,), fires_rules=True)
