"""The machines that there are, and the claims about them."""

from __future__ import annotations

from typing import Final

from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.claims import Claim
from latchproof_spec.findings import FINDINGS
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Machine

MACHINES: Final[dict[str, Machine]] = {machine.name: machine for machine in (LATCH, BARRIER)}

CLAIMS: Final[tuple[Claim, ...]] = tuple(
    sorted({claim for machine in MACHINES.values() for claim in machine.claims}, key=lambda claim: claim.number)
)


def claim_of(id: str) -> Claim:
    """Return the claim with this ID, or the finding of this name; raise KeyError if there is none.

    >>> claim_of("C4").sentence
    'A refused call changes nothing, for any task.'
    """
    return {claim.id: claim for claim in (*CLAIMS, *FINDINGS)}[id]


def sentence_of(id: str, machine: str, policy: str) -> str:
    """Return what the claim with this ID says of a machine under a policy or variant, or of a model, by their names.

    >>> sentence_of("C5", "barrier", "phase")
    'All calls of a generation return its number: generations are counted from 0 or from 1.'
    """
    claim = claim_of(id)
    variants = {one.name: one for one in MACHINES[machine].variants} if machine in MACHINES else {}
    return variants[policy].sentences.get(claim, claim.sentence) if policy in variants else claim.sentence


def machines_about(claim: Claim) -> tuple[Machine, ...]:
    """Return the machines that a claim is about.

    >>> machines_about(claim_of("C5")), machines_about(claim_of("C4"))
    ((barrier,), (latch, barrier))
    """
    return tuple(machine for machine in MACHINES.values() if claim in machine.exercise)
