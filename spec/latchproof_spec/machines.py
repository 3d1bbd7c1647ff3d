"""The machines that there are, and the claims about them."""

from __future__ import annotations

from typing import Final

from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.claims import Claim
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Machine

MACHINES: Final[dict[str, Machine]] = {machine.name: machine for machine in (LATCH, BARRIER)}

CLAIMS: Final[tuple[Claim, ...]] = tuple(
    sorted({claim for machine in MACHINES.values() for claim in machine.claims}, key=lambda claim: claim.number)
)


def claim_of(id: str) -> Claim:
    """Return the claim with this ID; raise KeyError if there is none.

    >>> claim_of("C4").sentence
    'A refused call changes nothing, for any task.'
    """
    return {claim.id: claim for claim in CLAIMS}[id]


def machines_about(claim: Claim) -> tuple[Machine, ...]:
    """Return the machines that a claim is about.

    >>> machines_about(claim_of("C5")), machines_about(claim_of("C4"))
    ((barrier,), (latch, barrier))
    """
    return tuple(machine for machine in MACHINES.values() if claim in machine.exercise)
