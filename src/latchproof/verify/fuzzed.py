"""What Hypothesis finds of our own classes: random calls and cancellations on real event loops, each history judged."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Final

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from latchproof.check.reasons import Reason
from latchproof.check.target import TargetError, load
from latchproof.fuzz.drivers import HOSTS, make_driver
from latchproof.mutants import checks
from latchproof.testing import AT_ONCE, LARGEST, state_machine
from latchproof.verify.evidence import Cell, CellStatus, Evidence, Gathered
from latchproof_spec.claims import Claim
from latchproof_spec.machine import Machine
from latchproof_spec.machines import CLAIMS, MACHINES, machines_about

QUICK_EXAMPLES: Final = 100
"""Examples of each class on each host in a quick ledger."""

FULL_EXAMPLES: Final = 1000
"""Examples of each class on each host."""

STEPS: Final = 30
"""Steps of one example at most."""


@dataclass
class _Found:
    """What fuzzing found: on which hosts it ran, and for each machine its calls and the failure of its class."""

    examples: int
    hosts: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    calls: dict[Machine, int] = field(default_factory=dict)
    broken: dict[Machine, str] = field(default_factory=dict)
    fired: list[tuple[str, set[str]]] = field(default_factory=list)
    seconds: float = 0.0


class Fuzzed(Evidence):
    """Examples of our own classes on every host, each judged in the strict form."""

    name = "fuzzed"
    unit = "calls"
    rule_unit = "hosts"
    fires_rules = True
    mutant_checks = (checks.FUZZED,)

    def repeat(self, claim: Claim | None, *, quick: bool) -> str:
        about = f" --claim {claim.id}" if claim else ""
        return " && ".join(
            f"latchproof fuzz {machine.shell}{about} --strict --policy {machine.policies[0].name} "
            f"--examples {QUICK_EXAMPLES if quick else FULL_EXAMPLES} --host {host}"
            for host in HOSTS
            if not why_absent(host)
            for machine in (machines_about(claim) if claim else MACHINES.values())
        )

    def gather(self, *, quick: bool) -> Gathered:
        found = _fuzz_all(quick)
        cells = [
            self.not_run(claim, claim.unobservable) if claim.unobservable else self._cell(claim, found, quick)
            for claim in CLAIMS
        ]
        return Gathered(cells, self.fired(found.fired, quick=quick))

    def _cell(self, claim: Claim, found: _Found, quick: bool) -> Cell:
        machines = machines_about(claim)
        broken = [found.broken[one] for one in machines if one in found.broken]
        mine = [one for one in broken if f" breaks {claim.id} " in one]
        fired = {rule for _, rules in found.fired for rule in rules}
        status: CellStatus = "holds"
        detail = "; ".join(found.absent)
        reasons: list[Reason] = []
        if mine:
            status, detail = "fails", mine[0]
        elif not any(fired & set(machine.exercise[claim]) for machine in machines):
            status, reasons = "inconclusive", [Reason("not-exercised", "", "it never had a chance to fail")]
        elif broken:
            status = "inconclusive"
            reasons = [Reason("other-claim", "", "examples ended early, at a failure of another claim")]
        bound = (
            f"{', '.join(found.hosts)}; {found.examples} examples of up to {STEPS} steps each, "
            f"{' and '.join(one.parameters for one in MACHINES.values())} to {LARGEST}, up to {AT_ONCE} calls at once, "
            "strict form"
        )
        count = sum(found.calls.get(machine, 0) for machine in machines)
        return self.cell(claim, status, quick, bound, count, found.seconds, detail, reasons)


def _fuzz_all(quick: bool) -> _Found:
    """Fuzz each of our classes on every host that is installed."""
    begun = time.perf_counter()
    found = _Found(QUICK_EXAMPLES if quick else FULL_EXAMPLES)
    options = settings(
        max_examples=found.examples,
        stateful_step_count=STEPS,
        database=None,
        deadline=None,
        derandomize=quick,  # a quick ledger says the same each time; a full one tries other examples each time
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    for host in HOSTS:
        if why := why_absent(host):
            found.absent.append(why)
            continue
        found.hosts.append(host)
        for machine in MACHINES.values():
            tried = state_machine(
                load(machine.shell, machine.name), host=host, policy=machine.policies[0].name, strict=True
            )
            try:
                run_state_machine_as_test(tried, settings=options)
            except AssertionError as error:
                found.broken[machine] = str(error)
            found.fired.append((host, tried.fired))
            found.calls[machine] = found.calls.get(machine, 0) + tried.calls
    found.seconds = time.perf_counter() - begun
    return found


def why_absent(host: str) -> str:
    """Return why a host cannot be driven here, in words; "" if it can be."""
    try:
        make_driver(host).close()
    except TargetError as error:
        return str(error)
    return ""
