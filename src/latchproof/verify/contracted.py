"""What CrossHair confirms: the contracts of the specification's functions and of our classes, over all paths."""

from dataclasses import replace
from typing import Final

from latchproof.check.pool import cores
from latchproof.check.reasons import Reason
from latchproof.contracts import Contracts, ContractsNotRunError, check_contracts
from latchproof.mutants import checks
from latchproof.verify.evidence import Cell, Evidence, Gathered, rule_cell
from latchproof_spec.claims import Claim
from latchproof_spec.machines import CLAIMS, MACHINES


def repeat(claim: Claim | None, quick: bool) -> str:
    """Return the command that checks the contracts about a claim again."""
    return "python proofs/run_contracts.py" + (f" --claim {claim.id}" if claim else "")


def gather(quick: bool) -> Gathered:
    """Have CrossHair check every contract. It is never quick."""
    try:
        # one core is left to what is gathered meanwhile
        contracts = check_contracts(workers=max(1, cores() - 1))
    except ContractsNotRunError as error:
        return [Cell(claim.id, "not_run", str(error)) for claim in CLAIMS], {}
    return [cell_of(claim, contracts) for claim in CLAIMS], {
        rule.id: rule_cell(
            [
                one.status
                for one in contracts.conditions
                if (one.file, one.function) == (f"spec/{machine.source}", rule.operation)
            ],
            "confirmed",
            ("refuted", "failed"),
            repeat(None, quick),
        )
        for machine in MACHINES.values()
        for rule in machine.rules
    }


def cell_of(claim: Claim, contracts: Contracts) -> Cell:
    """Return what CrossHair says of the contracts about a claim. Those that must be refuted show that one can fail."""
    about = contracts.of_claim(claim.id)
    false = sum(one.expected == "refuted" for one in contracts.conditions)
    bound = (
        "CrossHair, over all paths: the specification under every policy, the runtime on asyncio's futures with up to "
        f"three tasks; {false} false contracts refuted, as they must be"
    )
    found = Cell(claim.id, "holds", bound=bound, count=len(about), seconds=contracts.seconds)
    if contracts.failures:
        told = "; ".join(contracts.failures)
        wrong = [one for one in contracts.conditions if one.status != one.expected]
        # after a false contract that is confirmed, or an error of CrossHair itself, nothing can be believed
        if not wrong or any(not one.claims or claim.id in one.claims for one in wrong):
            return replace(found, status="fails", detail=told)
        reason = Reason("other-contract", "", f"a contract about something else fails: {told}")
        return replace(found, status="inconclusive", reasons=(reason,))
    return found if about else replace(found, status="not_run", detail="no contract is about it")


CONTRACTED: Final = Evidence(
    "contracted", "conditions", "conditions of its operation", gather, repeat, (checks.CONTRACTED,),
    must_kill=False, runs_beside=True,
)  # fmt: skip
