"""What `latchproof check` finds of our own classes: their code under every schedule of small programs, on each host."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from latchproof.check.bounds import programs_within
from latchproof.check.checker import check
from latchproof.check.loops import STEPPED_HOSTS, stepper_class
from latchproof.check.reasons import Reason
from latchproof.check.target import TargetError, load
from latchproof.check.verdict import Verdict
from latchproof.mutants import checks
from latchproof.verify.evidence import Cell, CellStatus, Evidence, Gathered
from latchproof_spec.claims import Claim
from latchproof_spec.machine import Machine
from latchproof_spec.machines import CLAIMS, MACHINES, machines_about

QUICK_BOUNDS: Final = {"calls": 3}
"""Options of `latchproof check` in a quick ledger, in place of a host's default bounds."""

QUICK_BOUNDS_ON: Final = {"trio": {"tasks": 2, "calls": 2}}
"""Those on a host where a call has more steps, and so more schedules."""


class Scheduled(Evidence):
    """Schedules of our own classes on every host whose steps we control, each history judged in the strict form."""

    name = "scheduled"
    unit = "schedules"
    rule_unit = "hosts"
    fires_rules = True
    mutant_checks = (checks.SCHEDULED,)

    def repeat(self, claim: Claim | None, *, quick: bool) -> str:
        about = f" --claim {claim.id}" if claim else ""
        return " && ".join(
            f"latchproof check {machine.shell}{about} --strict --policy {machine.policies[0].name} --host {host}"
            + ("".join(f" --{name} {number}" for name, number in quick_bounds(host).items()) if quick else "")
            for machine in (machines_about(claim) if claim else MACHINES.values())
            for host in STEPPED_HOSTS
            if is_installed(host)
        )

    def gather(self, *, quick: bool) -> Gathered:
        verdicts: dict[Machine, list[Verdict]] = {machine: [] for machine in MACHINES.values()}
        absent = []
        for host in STEPPED_HOSTS:  # one after another: what a host imports makes states harder to recognize
            if is_installed(host):
                for machine, found in verdicts.items():
                    found.append(_check(machine, host, quick))
            else:
                absent.append(host)
        cells = [
            self.not_run(claim, claim.unobservable)
            if claim.unobservable
            else self._cell(
                claim, [one for machine in machines_about(claim) for one in verdicts[machine]], absent, quick
            )
            for claim in CLAIMS
        ]
        fired = [(one.host, one.reported.fired) for several in verdicts.values() for one in several]
        return Gathered(cells, self.fired(fired, quick=quick))

    def _cell(self, claim: Claim, verdicts: Sequence[Verdict], absent: Sequence[str], quick: bool) -> Cell:
        failures = [one.reported.failures[claim.id] for one in verdicts if claim.id in one.reported.failures]
        status: CellStatus = "holds"
        detail = ""
        reasons: list[Reason] = []
        if failures:
            status, detail = "fails", f"{failures[0].finding.seen}; {' / '.join(failures[0].schedule)}"
        else:
            reasons = list(dict.fromkeys(_reasons(claim, verdicts)))
            status = "inconclusive" if reasons else "holds"
        bounds = dict.fromkeys(f"on {one.host}: {'; '.join(one.bounds)}" for one in verdicts)
        bound = "strict form; " + "; ".join(bounds) + (f"; not installed: {', '.join(absent)}" if absent else "")
        count = sum(one.schedules for one in verdicts)
        return self.cell(claim, status, quick, bound, count, sum(one.seconds for one in verdicts), detail, reasons)


def _check(machine: Machine, host: str, quick: bool) -> Verdict:
    target = load(machine.shell, machine.name)
    bounds = quick_bounds(host)
    programs = programs_within(target, bounds.get("tasks"), bounds.get("calls"), host=host) if quick else None
    return check(target, host=host, policy=machine.policies[0].name, strict=True, shapes=programs)


def _reasons(claim: Claim, verdicts: Sequence[Verdict]) -> Iterator[Reason]:
    """Yield what keeps the verdicts from saying that a claim is not broken, the most telling first."""
    if any(claim.id not in one.reported.chances for one in verdicts):
        yield Reason("not-exercised", "", "it never had a chance to fail")
    elif any(one.reasons for one in verdicts):
        yield from (replace(reason, where=one.host) for one in verdicts for reason in one.reasons)
    elif any(not one.reported.satisfied for one in verdicts):
        yield Reason("other-claim", "", "runs ended early, at a failure of another claim")


def quick_bounds(host: str) -> dict[str, int]:
    """Return the options of `latchproof check` on a host in a quick ledger."""
    return QUICK_BOUNDS_ON.get(host, QUICK_BOUNDS)


def is_installed(host: str) -> bool:
    """Return whether a host whose steps we control is installed here."""
    try:
        stepper_class(host)
    except TargetError:
        return False
    return True
