"""What is asked is pinned, rule by rule: another premise, a weaker conclusion or one goal fewer changes a digest."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import z3
from proofs.accept_queries import accepted

from latchproof.prove import discharge, liveness, obligations, vacuity
from latchproof.prove.counters import Counters
from latchproof.prove.digests import ACCEPT, Digests, changed, digests, table, with_table
from latchproof.prove.discharge import MISPUT, Discharge
from latchproof.prove.goals import Goal, Obligation, Part
from latchproof.prove.identities import Identities
from latchproof.prove.obligations import WHOLE, prove
from latchproof.prove.smtlib import with_answer
from latchproof.prove.steps import StepTerms
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.machines import MACHINES
from tests.explore.faults import with_parts
from tests.prove.planted import plant

MANIFEST = Path(__file__).resolve().parents[2] / "proofs" / "manifest.toml"
SMALL = with_parts(BARRIER, operations=tuple(one for one in BARRIER.operations if one.name != "reset"))


def asked(*parts: Part) -> list[Obligation]:
    """What is asked, without an answer: it is the text that counts here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Discharge, "_ask", lambda self, goal, premises, ids: ("proved", "", "unsat"))
        patch.setattr(Discharge, "_reads_back", lambda self, query, premises, conclusion: True)
        return list(prove(SMALL, SMALL.policies[:2], parts=parts))


as_it_is = cache(asked)


@pytest.fixture(scope="module")
def kept() -> list[Obligation]:
    return as_it_is(*WHOLE)


def differing(found: Digests, expected: Digests) -> set[str]:
    rules = {*found.get("barrier", {}), *expected["barrier"]}
    return {rule for rule in rules if found.get("barrier", {}).get(rule) != expected["barrier"].get(rule)}


def test_digests_do_not_depend_on_the_order_of_what_is_asked(kept: list[Obligation]) -> None:
    assert digests(reversed(kept)) == digests(kept)
    again = asked(*WHOLE)
    assert digests(again) == digests(kept)


PARTS_OF: dict[Any, tuple[Part, ...]] = {
    Identities: ("identities",),
    StepTerms: ("identities",),
    Counters: ("counters",),
    vacuity: ("controls",),
    liveness: ("liveness", "controls"),
}
_CONCLUDED = "said = self._step_terms.of(property_, one.step, ACTOR, ONE_BEFORE, ONE_AFTER)"


@pytest.mark.parametrize(
    ("owner", "function", "old", "new", "rules"),
    [
        (Identities, "transition_goals", _CONCLUDED, f"{_CONCLUDED} if one.rule != 'B4' else z3.BoolVal(True)", "B4"),
        (Identities, "transition_goals", "said = self._step_terms.of(property_, ",
         "said = self._step_terms.of(self._machine.call_claims.steps[0], ", "B1 B2 B3 B4"),
        (Identities, "transition_goals", "must_not_follow=True", "must_not_follow=False", "B1 B2"),
        (Identities, "transition_goals", 'yield make("the step can be made", (), None)', "pass", "B1 B2"),
        (Identities, "transition_goals", "one.projected)", "z3.BoolVal(True))", "B1 B2"),
        (Identities, "transition_goals", "one.apart)", "z3.BoolVal(True))", "B2"),
        (Identities, "goals", "for operation in self._paths:", "for operation in [*self._paths][:1]:", "all"),
        (Identities, "goals", "yield from self.transition_goals(one)", "yield from self.transition_goals(one)\n        "
         "return", "B1 B2 B4 B6 -"),
        (Identities, "_operation_goals", "any_of([", "z3.Or(z3.BoolVal(True), *[", "all"),
        (Identities, "_operation_goals", "conclusion=said)", "conclusion=z3.BoolVal(True))", "all"),
        (Identities, "_guard", "return (can, *read,", "return (can, self.world.tripped < 2, *read,", "B1 B2 B4 all"),
        (Counters, "operation", 'partial(invariant.holds, *step.constants, *step.after)',
         'partial(invariant.holds, *step.constants, *step.before)', "B1 B2 B6"),
        (Counters, "operation", "self.step_terms.of(property_, step)", "z3.BoolVal(True)", "B1 B2"),
        (Counters, "operation", 'yield self._goal("the premises are satisfiable", (), where, premises, None)', "pass",
         "B1"),
        (Counters, "_paths_partition", "lambda: SymBool(premises)", "lambda: True", "all"),
        (Counters, "_paths_partition", "lambda: SymBool(z3.Not(overlap))", "lambda: True", "all"),
        (Counters, "_fewer_parked_make_no_difference", "if one.rule.heeds_parked:", "if True:", "all"),
        (Counters, "creation", "for policy in policies:", "for policy in policies[:1]:", "B0 B0v"),
        (StepTerms, "of", "kept.append((step,", "said = z3.BoolVal(True)\n    kept.append((step,", "B1 B2 B4"),
        (vacuity, "_goal", "fails = z3.Not(truth(one))", "fails = z3.BoolVal(True)", "any"),
        (vacuity, "call_goals", "for property_ in machine.call_claims.steps:",
         "for property_ in machine.call_claims.steps[:-1]:", "any"),
        (liveness, "_owing", '_BEFORE["phase"] == PARKED', '_BEFORE["phase"] == RELEASED', "B2"),
        (liveness, "liveness_controls", "passed_over = z3.And(_WAS_RELEASED, ONE != WHO,",
         "passed_over = z3.And(_WAS_RELEASED, ", "B3"),
    ],
)  # fmt: skip
def test_a_change_of_what_is_asked_changes_the_digest(
    owner: Any, function: str, old: str, new: str, rules: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digests(as_it_is(*PARTS_OF[owner]))
    plant(monkeypatch, owner, function, old, new)
    for name in ("liveness_goals", "liveness_controls", "call_goals", "counter_goals"):
        monkeypatch.setattr(obligations, name, getattr(liveness if "liveness" in name else vacuity, name))
    found = differing(digests(asked(*PARTS_OF[owner])), before)
    assert found >= set(rules.split())


def read() -> dict[str, Any]:
    return tomllib.loads(MANIFEST.read_text(encoding="utf-8"))


def of_manifest() -> Digests:
    return {machine: dict(rules) for machine, rules in read()["asked"].items() if machine != "z3"}


def test_every_rule_has_a_digest() -> None:
    """But the rules of a constructor and of a call for what is not an int: the proofs are about ints."""
    for name, machine in MACHINES.items():
        assert {rule.id for rule in machine.rules} - {*of_manifest()[name]} <= {"L4t", "B0t"}
        assert {"all", "any", "-"} <= {*of_manifest()[name]}


def test_a_difference_names_the_rule_and_how_to_accept_it() -> None:
    expected = of_manifest()
    assert changed(expected, read()) == []
    (said,) = changed({**expected, "barrier": {**expected["barrier"], "B4": "another", "B9": "new"}}, read())
    assert "asked about barrier B4, barrier B9 is not what proofs/manifest.toml has" in said
    assert ACCEPT in said
    assert "barrier B0" in changed({"latch": expected["latch"]}, read())[0]
    (said,) = changed({}, {"asked": {"z3": "4.0.0", "latch": {"L1": "a"}}})
    assert "latch L1" in said
    assert "the manifest was written with z3 4.0.0, this is " in said
    assert changed({"latch": {"L1": "a"}}, {}) != []


def test_what_is_asked_is_accepted_with_its_numbers(kept: list[Obligation]) -> None:
    text = MANIFEST.read_text(encoding="utf-8")
    new = accepted(text, kept)
    assert tomllib.loads(new)["asked"]["barrier"] == digests(kept)["barrier"]
    assert tomllib.loads(new)["proofs"]["barrier"]["premises"] == sum(one.part == "premises" for one in kept)
    assert tomllib.loads(new)["contracts"] == read()["contracts"]
    assert accepted(new, kept) == new
    assert with_table("[proofs]\n", {"latch": {}}) == f"[proofs]\n\n{table({'latch': {}})}"
    with pytest.raises(ValueError, match="must be the last of the manifest, but \\[more\\] follows"):
        with_table(f"{text}\n[more]\n", {})
    with pytest.raises(ValueError, match="must have one line that begins with barrier"):
        accepted(text.replace("barrier = { counters", "barrier = {"), kept)


GOAL = Goal("a name", (), "latch", "any", "wait", "L7", "counters", (z3.Int("parked") >= 0,), z3.Int("parked") >= -1)


@pytest.mark.parametrize(
    ("owner", "function", "old", "new"),
    [
        (discharge._Solver, "__init__", "self.add(*premises)", "self.add(*premises, z3.Int('tripped') < 2)"),
        (discharge._Solver, "__init__", "self.add(*premises)", "self.add(*[*premises][1:])"),
        (Discharge, "_ask", "negation = z3.Not(goal.conclusion)",
         "negation = z3.And(z3.Not(goal.conclusion), z3.Int('parked') != 5)"),
        (Discharge, "_ask", "negation = z3.Not(goal.conclusion)", "negation = z3.BoolVal(False)"),
        (Discharge, "_ask", "self._asked = ids, _Solver(premises)",
         "self._asked = ids, _Solver((*premises, *premises))"),
    ],
)  # fmt: skip
def test_a_solver_that_is_told_something_else_is_disputed(
    owner: Any, function: str, old: str, new: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Discharge()(GOAL).status == "proved"
    plant(monkeypatch, owner, function, old, new)
    found = Discharge()(GOAL)
    assert (found.status, found.counterexample) == ("disputed", MISPUT)


def test_an_answer_that_is_taken_for_another_is_disputed() -> None:
    """Whatever the first solver's answer was made of."""
    found = Discharge()(GOAL)
    assert found.query is not None
    assert with_answer(found, found.query, "unsat").status == "proved"
    assert with_answer(replace(found, verdicts=(("z3", "sat"),)), found.query, "unsat").status == "disputed"
