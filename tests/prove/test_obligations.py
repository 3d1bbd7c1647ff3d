"""The proofs hold of the specification, and of no faulty one."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import z3

from latchproof.mutants.generate import misreading
from latchproof.prove import digests, discharge, obligations, steps
from latchproof.prove.counters import READ
from latchproof.prove.goals import Goal, Obligation, Part
from latchproof.prove.identities import Identities
from latchproof.prove.obligations import WHOLE, prove, prove_all
from latchproof.prove.paths import term
from latchproof.prove.smtlib import ABSENT, Confirmation, with_answer
from latchproof.prove.steps import Symbolic, paths_of, rules_of
from latchproof.prove.world import World
from latchproof_spec.barrier import rules as barrier
from latchproof_spec.barrier.claims import C6
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.claims import Account, Property
from latchproof_spec.latch import rules as latch
from latchproof_spec.latch.claims import C1
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Machine, Operation
from latchproof_spec.machines import CLAIMS, MACHINES
from latchproof_spec.step import Rule
from tests.explore.faults import FAULTS, Fault, changed, with_operation, with_parts
from tests.prove import unproved

LEMMA = "fewer parked make no difference"


def rules_taken(obligations: list[Obligation]) -> set[str]:
    """The rules on whose paths something was proved."""
    return {one.rule for one in obligations if one.status == "proved" and one.rule != "all"}


def refuted(
    machine: Machine, policy: str = "latchproof", *, only: str = "", parts: tuple[Part, ...] = ("counters",)
) -> list[Obligation]:
    """What is not proved under a policy; with `only`, of one operation and the withdrawal."""
    if only:
        machine = with_parts(machine, operations=tuple(one for one in machine.operations if one.name == only))
    policies = tuple(one for one in machine.policies if one.name == policy)
    return unproved(list(prove(machine, policies, parts=parts)))


def claims_of(obligations: list[Obligation]) -> set[str]:
    return {claim for one in obligations for claim in one.claims}


@pytest.fixture(scope="module")
def whole() -> list[Obligation]:
    """Every obligation, discharged by the first solver."""
    return [one for machine in MACHINES.values() for one in prove(machine, parts=WHOLE)]


@pytest.fixture(scope="module")
def everything(whole: list[Obligation]) -> list[Obligation]:
    """Every obligation about counters."""
    return [one for one in whole if one.part == "counters"]


def test_everything_is_proved(whole: list[Obligation]) -> None:
    assert unproved(whole) == []
    assert {one.counterexample for one in whole} == {""}


def test_there_are_as_many_as_the_manifest_expects(whole: list[Obligation]) -> None:
    manifest = Path(__file__).resolve().parents[2] / "proofs" / "manifest.toml"
    expected = tomllib.loads(manifest.read_text(encoding="utf-8"))["proofs"]
    found = {name: Counter(one.part for one in whole if one.machine == name) for name in MACHINES}
    assert found == expected


def test_what_is_asked_is_what_the_manifest_has(whole: list[Obligation]) -> None:
    manifest = Path(__file__).resolve().parents[2] / "proofs" / "manifest.toml"
    assert digests.changed(digests.digests(whole), tomllib.loads(manifest.read_text(encoding="utf-8"))) == []


def test_every_claim_is_proved_and_what_counters_leave_open_of_identities(whole: list[Obligation]) -> None:
    for claim in CLAIMS:
        models = {one.part for one in whole if claim.id in one.claims}
        assert "counters" in models or claim.beyond_counters
        assert {"identities", "liveness"} & models or not claim.beyond_counters
        assert "liveness" in models or claim.kind == "safety"
        assert "controls" in models


def one_more(count: int) -> Any:
    _, (made, parked), rule = latch.create(count)
    return (), (made + 1, parked), rule


def not_seven(count: int) -> Any:
    return ((), (0, 0), latch.L4) if count == 7 else latch.create(count)


def one_party_more(parties: int) -> Any:
    _, state, rule = barrier.create(parties)
    return (parties + 1,), state, rule


def from_five(parties: int) -> Any:
    return ((parties,), (0, False), barrier.B0v) if parties < 5 else barrier.create(parties)


@pytest.mark.parametrize(
    ("machine", "create", "names"),
    [
        (LATCH, one_more, {"the count is kept": ("C1",), "a new latch is as asked": ("C16",)}),
        (LATCH, not_seven, {"refusals are exact": ("C10",)}),
        (BARRIER, one_party_more, {"a new barrier is as asked": ("C16",)}),
        (BARRIER, from_five, {"refusals are exact": ("C10",)}),
    ],
)
def test_a_constructor_that_makes_something_else_is_refuted(
    machine: Machine, create: Any, names: dict[str, tuple[str, ...]]
) -> None:
    found = refuted(with_parts(machine, create=create))
    assert {one.name.removeprefix(f"a new {machine.name}: "): one.claims for one in found} == names
    assert {one.status for one in found} == {"refuted"}


@pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
def test_an_observation_that_is_read_wrong_is_refuted(machine: Machine) -> None:
    for name in machine.observations:
        found = refuted(with_parts(misreading(machine, name), operations=()))
        assert [(one.claims, one.operation) for one in found] == [(("C16",), READ)]


def test_both_solvers_prove_everything(whole: list[Obligation]) -> None:
    """Where the second solver is installed; where it is not, nothing is taken for proved."""
    confirmed = Confirmation(whole).results()
    if find_spec("cvc5") is None:
        assert {one.status for one in confirmed} == {"unconfirmed"}
        assert {one.counterexample for one in confirmed} == {ABSENT}
        return
    assert {(one.status, one.verdicts) for one in confirmed if not one.for_one_solver} == {
        ("proved", (("z3", answer), ("cvc5", answer))) for answer in ("sat", "unsat")
    }
    alone = [one for one in confirmed if one.for_one_solver]
    assert {(one.name, one.status, one.verdicts) for one in alone} == {
        ("no contradiction is found in what is assumed", "proved", (("z3", "unknown"),))
    }
    assert len(alone) == sum(one.name == "the step can be made" for one in confirmed)


def test_all_is_proved_once_in_a_process(monkeypatch: pytest.MonkeyPatch, whole: list[Obligation]) -> None:
    asked = []

    def prove_whole(machines: Iterable[Machine]) -> list[Obligation]:
        asked.append(list(machines))
        return whole

    monkeypatch.setattr(obligations, "prove_whole", prove_whole)
    prove_all.cache_clear()
    try:
        assert prove_all() == prove_all() == tuple(whole)
    finally:
        prove_all.cache_clear()
    assert asked == [list(MACHINES.values())]


def test_the_obligations_are_counted(everything: list[Obligation]) -> None:
    """One for each path with each invariant, step property and account, and those that keep the proof honest."""
    expected: Counter[tuple[str, str, str]] = Counter()
    for machine in MACHINES.values():
        shapes = (machine.invariants, machine.step_properties, machine.accounts)
        about_a_path = sum(map(len, shapes))
        for policy in machine.policies:
            for operation in (*machine.operations, machine.withdraw):
                paths = len(paths_of(machine, operation, policy))
                expected[machine.name, policy.name, operation.name] = paths * (1 + about_a_path) + 3
        expected[machine.name, "any", READ] = len(machine.readings)
    found = Counter((one.machine, one.policy, one.operation) for one in everything if one.operation != "create")
    assert found == expected
    created = [one for one in everything if one.operation == "create"]
    # two paths, of which one refuses; the step properties under every policy
    assert Counter(one.machine for one in created) == {
        machine.name: 2 * (1 + len(machine.policies) * len(machine.step_properties))
        + len(machine.invariants) + len(machine.accounts)
        for machine in MACHINES.values()
    }  # fmt: skip
    assert {one.rule for one in created} == {"L6", "L4", "B0", "B0v"}


def test_every_rule_of_every_policy_is_reached(everything: list[Obligation]) -> None:
    for machine in MACHINES.values():
        for policy in machine.policies:
            of_policy = [one for one in everything if (one.machine, one.policy) == (machine.name, policy.name)]
            taken = rules_taken([one for one in of_policy if one.operation != "create"])
            assert taken == set(rules_of(machine, policy))
    unreached = {rule.id for machine in MACHINES.values() for rule in machine.rules} - rules_taken(everything)
    assert unreached == {"L4t", "B0t"}  # arguments that are no numbers


def test_which_claims_are_proved_of_counters(everything: list[Obligation]) -> None:
    assert claims_of(everything) == {f"C{number}" for number in (1, 2, 3, 4, 6, 7, 9, 10, 11, 12, 13, 14, 16)}


def test_the_proof_is_kept_honest(everything: list[Obligation]) -> None:
    assert {one.name for one in everything if not one.claims} == {
        "the premises are satisfiable", "the paths leave nothing out", "the paths are disjoint", LEMMA,
    }  # fmt: skip


def test_the_negation_of_each_obligation_is_there_for_another_solver(everything: list[Obligation]) -> None:
    for one in everything[::7]:
        solver = z3.Solver()
        solver.from_string(one.smtlib)
        assert solver.check() == (z3.sat if one.name == "the premises are satisfiable" else z3.unsat)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.operation}-{fault.new.strip()}")
def test_a_fault_is_refuted_with_the_claim_that_it_breaks(fault: Fault) -> None:
    found = refuted(fault.plant(), fault.policy, only=fault.operation)
    assert " ".join(sorted(claims_of(found), key=lambda claim: int(claim[1:]))) == fault.refuted
    assert {one.name for one in found if not one.claims} == ({LEMMA} if fault.lemma else set())
    for one in found:
        assert one.status == "refuted"
        assert one.counterexample
        assert one.operation == fault.operation


def test_most_faults_are_refuted() -> None:
    """The others are about identities, and the explorer's."""
    assert [fault.new for fault in FAULTS if not fault.refuted] == ["if policy.index_order == 'any'"]
    assert len(FAULTS) > 40


def test_the_model_is_of_the_fault() -> None:
    function = changed(
        latch.count_down, "return count - 1, parked, L1", "return count - (2 if count == 70 else 1), parked, L1"
    )
    (one,) = [o for o in refuted(with_operation(LATCH, "count_down", function)) if o.name == "the count is kept"]
    assert "count = 70" in one.counterexample
    assert (one.machine, one.policy, one.operation, one.rule, one.claims) == (
        "latch", "latchproof", "count_down", "L1", ("C1",),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("machine", "create", "claims"),
    [
        (LATCH, lambda count: ((), (count, 1), latch.L6), {"C1", "C2", "C10", "C11", "C16"}),
        (LATCH, lambda count: ((), (-1, 0), latch.L6), {"C1", "C10", "C16"}),
        (BARRIER, lambda parties: ((parties,), (0, False), barrier.B0), {"C6", "C10", "C11"}),
        (BARRIER, lambda parties: ((2,), (0, True), barrier.B0), {"C9", "C10", "C14", "C16"}),
        (BARRIER, lambda parties: ((2,), (1, True), barrier.B0), {"C6", "C7", "C9", "C10", "C11", "C14", "C16"}),
    ],
)
def test_a_faulty_creation_is_refuted(machine: Machine, create: Any, claims: set[str]) -> None:
    found = refuted(with_parts(machine, create=create, operations=()))
    assert claims_of(found) == claims
    assert {one.operation for one in found} == {"create"}
    assert all(one.name.startswith(f"a new {machine.name}: ") for one in found)


@pytest.mark.parametrize(
    ("state", "is_parked", "possible"),
    [((1, 0), False, True), ((1, 0), True, False), ((1, 1), True, True), ((1, 9), True, True), ((0, 1), False, False)],
)
def test_the_premises_are_the_invariants_and_that_who_is_parked_is_there(
    state: tuple[int, int], is_parked: bool, possible: bool
) -> None:
    """Any more of a premise, and less would be proved."""
    given = steps.symbols(LATCH, LATCH.withdraw)
    solver = z3.Solver()
    solver.add(*given.premises)
    solver.add(*(symbol.term == value for symbol, value in zip(given.state, state, strict=True)))
    solver.add(given.arguments["is_parked"].term == is_parked)
    assert (solver.check() == z3.sat) is possible


@pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
def test_a_contradictory_premise_is_caught(machine: Machine) -> None:
    contradiction = Property("a contradiction", (C1,), lambda *state: state[-2] > 0 and state[-2] < 0)
    faulty = with_parts(machine, invariants=(*machine.invariants, contradiction))
    found = [one for one in refuted(faulty) if one.operation != "create"]
    assert {one.name for one in found} == {"the premises are satisfiable"}
    assert {one.operation for one in found} == {o.name for o in (*machine.operations, machine.withdraw)}
    assert {one.status for one in found} == {"refuted"}


def test_an_invariant_that_is_not_kept_is_refuted_with_its_claim() -> None:
    alone = Property("one is parked at most", (C6,), lambda parties, parked, broken: parked <= 1)
    found = refuted(with_parts(BARRIER, invariants=(*BARRIER.invariants, alone)))
    assert {(one.name, one.claims, one.operation, one.rule) for one in found} == {
        ("stays: one is parked at most", ("C6",), "wait", "B1")
    }


def test_an_account_that_does_not_add_up_is_refuted() -> None:
    (kept,) = LATCH.accounts
    forgetful = Account(
        "forgetful", (C1,), kept.ghosts, kept.start,
        lambda step, ghosts: ghosts if step.rule is latch.L1 else kept.update(step, ghosts), kept.holds,
    )  # fmt: skip
    late = Account("late", (C1,), kept.ghosts, lambda constants, state: (0, 0), kept.update, kept.holds)
    found = refuted(with_parts(LATCH, accounts=(forgetful, late)))
    assert {(one.name, one.operation, one.rule) for one in found} == {
        ("still adds up: forgetful", "count_down", "L1"),
        ("a new latch: late", "create", "L6"),
    }


def test_only_the_lemma_is_refuted_where_only_it_is_broken() -> None:
    """A count_down that leaves instead of returning if more than five are parked: no counter shows it."""
    leaves = Rule("L1z", "count_down", "leaves", "A rule that there is not.")

    def count_down(count: Any, parked: Any, exception_if_zero: Any, policy: Any) -> tuple[Any, Any, Rule]:
        if count > 1 and parked > 5:
            return count - 1, parked, leaves
        return latch.count_down(count, parked, exception_if_zero, policy)

    (one,) = refuted(with_operation(LATCH, "count_down", count_down))
    assert (one.name, one.operation, one.rule, one.status) == (LEMMA, "count_down", "all", "refuted")
    assert "fewer = " in one.counterexample


@pytest.mark.parametrize(
    ("effect", "difference"),
    [
        (("returns", "stays"), "the count"),
        (("returns", "released"), None),
        (("raises", "stays"), None),
    ],
)
def test_the_lemma_is_about_steps_that_do_not_heed_the_parked(effect: Any, difference: str | None) -> None:
    caller, queue = effect
    rule = Rule("X", "wait", caller, "A rule that there is not.", queue=queue, errors=(ValueError,))

    def wait(count: Any, parked: Any, policy: Any) -> tuple[Any, Any, Rule]:
        return count + parked, parked, rule

    found = refuted(with_parts(with_operation(LATCH, "wait", wait), step_properties=(), accounts=()), only="wait")
    assert ({one.operation for one in found if one.name == LEMMA} == {"wait"}) == (difference is not None)


@pytest.mark.parametrize(
    ("bounds", "name"), [((5, 1), "the paths leave nothing out"), ((1, 5), "the paths are disjoint")]
)
def test_a_function_that_is_not_deterministic_is_refuted(bounds: tuple[int, int], name: str) -> None:
    """The enumeration relies on it: a path that is repeated must come to the same decisions."""
    runs = iter(bounds * 50)

    def wait(count: Any, parked: Any, policy: Any) -> tuple[Any, Any, Rule]:
        if count > next(runs):
            return count, parked + 1, latch.L8
        return count, parked, latch.L7

    found = [one for one in refuted(with_operation(LATCH, "wait", wait), only="wait") if one.rule == "all"]
    assert name in {one.name for one in found}


def test_what_the_solver_does_not_answer_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = with_parts(LATCH, operations=(), invariants=(), step_properties=(), accounts=())
    answer = z3.Solver.check
    monkeypatch.setattr(z3.Solver, "check", lambda self, *given: answer(self, *given) if given else z3.unknown)
    found = refuted(alone)
    assert {one.status for one in found} == {"unknown"}
    assert "the premises are satisfiable" in {one.name for one in found}


def test_each_query_is_asked_once_whatever_the_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[z3.Solver] = []
    answer = z3.Solver.check

    def check(self: z3.Solver, *given: z3.BoolRef) -> z3.CheckSatResult:
        if not given:
            asked.append(self)
        return answer(self, *given)

    monkeypatch.setattr(z3.Solver, "check", check)
    found = list(prove(LATCH, parts=("counters",)))
    assert len(asked) == len({one.query for one in found}) < len(found) / 2


def test_the_policies_that_are_asked_for_are_tried_and_else_all() -> None:
    few = with_parts(LATCH, operations=(), step_properties=())
    assert {one.policy for one in prove(few, LATCH.policies[1:3])} == {"any", "keeps", "aiologic"}
    assert {one.policy for one in prove(few)} == {"any", *(policy.name for policy in LATCH.policies)}


def test_what_is_assumed_too_much_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a premise that is true of small counts alone, all is proved that was; but not of every state."""
    whole = steps.symbols

    def small(machine: Machine, operation: Operation | None = None) -> Symbolic:
        given = whole(machine, operation)
        return replace(given, premises=(*given.premises, term(given.state[0]) <= 1000))

    monkeypatch.setattr(steps, "symbols", small)
    found = unproved(list(prove(LATCH, LATCH.policies[:1], parts=("counters",))))
    assert {one.name for one in found} == {"the paths leave nothing out"}
    assert {one.operation for one in found} == {"wait", "count_down", "set_count", "withdraw"}


def test_what_is_assumed_too_much_of_identities_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Identities._numbers

    def small(self: Identities, world: World) -> list[z3.BoolRef]:
        return [*whole(self, world), term(world.state[0]) <= 1000]

    monkeypatch.setattr(Identities, "_numbers", small)
    found = unproved(list(prove(LATCH, LATCH.policies[:1], parts=("identities",))))
    assert {one.name for one in found} >= {"stays: what is assumed of the numbers"}
    assert "set_count" in {one.operation for one in found}


def test_what_the_solver_does_not_know_is_not_proved() -> None:
    """A quantifier without anything to instantiate it by leaves z3 in doubt; the second solver alone is not enough."""
    number = z3.Int("number")
    larger = z3.Function("larger", z3.IntSort(), z3.IntSort())
    premise = z3.ForAll([number], larger(number) > number, patterns=[larger(number)])
    where = ("latch", "latchproof", "wait", "L7")
    found = discharge.Discharge()(Goal("a name", ("C1",), *where, "counters", (premise,), z3.BoolVal(False)))
    assert (found.status, found.verdicts) == ("unknown", (("z3", "unknown"),))
    assert confirmed(replace(found, status="proved"), "unsat").status == "unknown"
    sure = replace(found, status="proved", verdicts=(("z3", "unsat"),))
    assert [confirmed(sure, answer).status for answer in ("unsat", "unknown", "sat")] == [
        "proved",
        "unknown",
        "disputed",
    ]


def confirmed(one: Obligation, answer: str) -> Obligation:
    assert one.query is not None
    return with_answer(one, one.query, answer)


def test_what_no_small_world_refutes_either_is_unknown() -> None:
    """And what one refutes is refuted, with its model."""
    number, larger = z3.Int("number"), z3.Function("larger", z3.IntSort(), z3.IntSort())
    premise = z3.ForAll([number], larger(number) > number, patterns=[larger(number)])
    goal = Goal("a name", ("C1",), "latch", "any", "wait", "L7", "counters", (premise,), z3.Int("count") > 0)
    never, some = (z3.BoolVal(False),), (larger(0) > 0,)
    assert discharge.Discharge()(replace(goal, small=never)).status == "unknown"
    found = discharge.Discharge()(replace(goal, small=some))
    assert (found.status, "count = 0" in found.counterexample) == ("refuted", True)
