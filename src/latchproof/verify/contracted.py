"""What CrossHair confirms: the contracts of the specification's functions and of our classes, over all paths."""

from __future__ import annotations

from collections import Counter

from latchproof.check.pool import cores
from latchproof.check.reasons import Reason
from latchproof.contracts import Contracts, ContractsNotRunError, check_contracts
from latchproof.mutants import checks
from latchproof.mutants.mutant import rules_file
from latchproof.verify.evidence import Cell, CellStatus, Evidence, Gathered, RuleCell
from latchproof_spec.claims import Claim
from latchproof_spec.machines import CLAIMS, MACHINES


class Contracted(Evidence):
    """Contracts that CrossHair confirms. False ones that must be refuted show that a contract can fail."""

    name = "contracted"
    unit = "conditions"
    rule_unit = "conditions of its operation"
    must_kill = False
    runs_beside = True
    mutant_checks = (checks.CONTRACTED,)

    def repeat(self, claim: Claim | None, *, quick: bool) -> str:
        return "python proofs/run_contracts.py" + (f" --claim {claim.id}" if claim else "")

    def gather(self, *, quick: bool) -> Gathered:
        try:
            # one core is left to what is gathered meanwhile
            contracts = check_contracts(workers=max(1, cores() - 1))
        except ContractsNotRunError as error:
            return Gathered([self.not_run(claim, str(error)) for claim in CLAIMS], {})
        return Gathered([self._cell(claim, contracts, quick) for claim in CLAIMS], self._rules(contracts))

    def _cell(self, claim: Claim, contracts: Contracts, quick: bool) -> Cell:
        about = contracts.of_claim(claim.id)
        wrong = [one for one in contracts.conditions if one.status != one.expected]
        # after a false contract that is confirmed, or an error of CrossHair itself, nothing can be believed
        fails_all = not wrong or any(not one.claims for one in wrong)
        status: CellStatus = "holds" if about else "not_run"
        detail = "" if about else "no contract is about it"
        reasons = []
        if contracts.failures:
            told = "; ".join(contracts.failures)
            if fails_all or any(claim.id in one.claims for one in wrong):
                status, detail = "fails", told
            else:
                status, detail = "inconclusive", ""
                reasons = [Reason("other-contract", "", f"a contract about something else fails: {told}")]
        false = sum(one.expected == "refuted" for one in contracts.conditions)
        bound = (
            "CrossHair, over all paths: the specification under every policy, the runtime on asyncio's futures with up "
            f"to three tasks; {false} false contracts refuted, as they must be"
        )
        return self.cell(claim, status, quick, bound, len(about), contracts.seconds, detail, reasons)

    def _rules(self, contracts: Contracts) -> dict[str, RuleCell]:
        statuses = Counter((one.file, one.function, one.status) for one in contracts.conditions)
        found = {}
        for machine in MACHINES.values():
            for rule in machine.rules:
                of_function = (rules_file(machine), rule.operation)
                about = {status: n for (*function, status), n in statuses.items() if tuple(function) == of_function}
                status: CellStatus = "not_run"
                if about:
                    fails = {"refuted", "failed"} & set(about)
                    status = "holds" if set(about) == {"confirmed"} else "fails" if fails else "inconclusive"
                count, again = sum(about.values()), self.repeat(None, quick=True)
                found[rule.id] = RuleCell(self.name, status, count, self.rule_unit, reproduce=again)
        return found
