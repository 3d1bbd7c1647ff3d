"""Puts one mutant to the kinds of evidence: where it differs from the original, and which claims it breaks.

A mutant is put to each kind under the policies under which it differs; that it differs under none is proved. The
original is put to each kind first, in the same way: evidence that condemns the original shows nothing.

A quick run shows of each kind of evidence that it breaks each claim, and of each mutant that it breaks one. So a mutant
that is known to break claims is put to a further kind only if this has not broken one of them yet.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from latchproof.mutants.checks import MutantCheck, Trial
from latchproof.mutants.difference import BreaksDownError, changed_operations, difference, difference_of_apply
from latchproof.mutants.mutant import Mutant
from latchproof.prove.paths import UndecidableError
from latchproof_spec.machine import Machine
from latchproof_spec.machines import CLAIMS, MACHINES

MutantStatus = Literal["killed", "equivalent", "breaks down", "survives", "undecided"]

UNOBSERVABLE: Final = frozenset(claim.id for claim in CLAIMS if claim.unobservable)
"""Claims that no running code can be said to break."""


@dataclass(frozen=True)
class MutantResult:
    """What became of one mutant.

    `differs` are the policies under which it does something else than the original, and `witness` shows one such step.
    `broken` are, for each kind of evidence, the claims that it breaks; "" stands for what keeps the proofs honest. A
    mutant that `breaks_down` raises an error where the original makes a step: it cannot go unnoticed. `of_original` are
    the claims that the original broke before, and `seconds` is how long each kind took.
    """

    mutant: Mutant
    differs: tuple[str, ...]
    witness: str
    broken: dict[str, frozenset[str]]
    undecided: str = ""
    breaks_down: str = ""
    of_original: frozenset[str] = frozenset()
    seconds: dict[str, float] = field(default_factory=dict, compare=False)

    @property
    def claims(self) -> frozenset[str]:
        """The claims that it breaks, by any kind of evidence."""
        return frozenset[str]().union(*self.broken.values()) - {""}

    @property
    def status(self) -> MutantStatus:
        """Killed by a claim; equivalent to the original for all numbers; not code that runs; or a gap in the claims."""
        if self.claims:
            return "killed"
        if self.breaks_down:
            return "breaks down"
        return "undecided" if self.undecided else "survives" if self.differs else "equivalent"


class MutantEvaluator:
    """Puts mutants, one after another, to the checks that take one at a time."""

    def __init__(self, checks: Sequence[MutantCheck], *, quick: bool) -> None:
        self._of_original: set[str] = set()
        self._checks = checks
        self._quick = quick
        self._already: dict[str, set[str]] = {check.kind: set() for check in checks}
        self._originals: set[tuple[str, Machine, Any]] = set()

    def evaluate(self, mutant: Mutant) -> MutantResult | None:
        """Return what becomes of a mutant; None if no check can find its fault."""
        if not any(mutant.fault_in in check.sees for check in self._checks):
            return None
        original = MACHINES[mutant.machine.name]
        changed = changed_operations(original, mutant.machine)
        differs: dict[Any, str] = {}
        undecided = breaks_down = ""
        for policy in original.policies[:1] if self._quick else original.policies:
            try:
                witness = _witness(mutant, original, changed, policy)
            except UndecidableError as error:
                undecided = witness = str(error)
            except BreaksDownError as error:
                breaks_down = str(error)
                continue
            if witness:
                differs[policy] = witness
        if breaks_down:
            differs.clear()  # nothing can be asked about what does not run
        broken: dict[str, frozenset[str]] = {}
        seconds = {}
        for check in sorted(self._checks, key=lambda one: self._quick and not one.is_cheap):
            begun = time.perf_counter()
            policies = list(differs)[: None if check.under_every_policy else 1]
            found = [
                self._broken(check, mutant, policy, broken) for policy in policies if mutant.fault_in in check.sees
            ]
            broken[check.kind] = frozenset[str]().union(*found)
            seconds[check.kind] = time.perf_counter() - begun
        return MutantResult(
            mutant,
            differs=tuple(policy.name for policy in differs),
            witness=next(iter(differs.values()), ""),
            broken={check.kind: broken[check.kind] for check in self._checks},
            undecided=undecided,
            breaks_down=breaks_down,
            of_original=frozenset(self._of_original),
            seconds=seconds,
        )

    def _broken(
        self, check: MutantCheck, mutant: Mutant, policy: Any, before: Mapping[str, frozenset[str]]
    ) -> set[str]:
        """Return the claims that a mutant breaks by one check; `before` are those that it breaks by earlier ones."""
        if check.broken is None:
            return set()
        original = MACHINES[mutant.machine.name]
        if (check.kind, original, policy) not in self._originals:  # it is put to each check first
            self._originals.add((check.kind, original, policy))
            self._of_original |= check.broken(Trial(Mutant(original.name, "", "", 0, original), policy, self._quick))
        if self._quick and self._says_nothing_new(check, before):
            return set()
        trial = Trial(mutant, policy, self._quick)
        already = self._already[check.kind]
        found: set[str] = set()
        if not (self._quick and check.after in before):
            found = check.broken(trial)
            already |= found
        open_ = before.get(check.after, frozenset()) - already
        each = {claim for claim in open_ if check.broken(replace(trial, claim=claim))}
        already |= each
        return found | each

    def _says_nothing_new(self, check: MutantCheck, before: Mapping[str, frozenset[str]]) -> bool:
        """Return whether a check, and one that comes after it, have broken each claim that a mutant is known to break.

        A cheap check, and one that comes after another, may always say something new.
        """
        known = frozenset[str]().union(*before.values()) - {""}
        seen = known - UNOBSERVABLE if check.runs_code else known
        both = [one.kind for one in self._checks if check.kind in (one.kind, one.after)]
        may = check.is_cheap or check.after in before or not known
        return not may and all(seen <= self._already[kind] for kind in both)


def _witness(mutant: Mutant, original: Machine, changed: Sequence[str], policy: Any) -> str:
    """Return a step that the mutant makes otherwise, in words; "" if there is none."""
    if mutant.apply is not None:
        return difference_of_apply(original, mutant.apply, policy)
    return difference(original, mutant.machine, changed, policy) if changed else mutant.sentence
