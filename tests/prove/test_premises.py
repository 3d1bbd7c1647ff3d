"""A premise too many excludes states, and a conclusion too weak says nothing of them: each is refuted, or seen."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import pytest

from latchproof.prove import identities, liveness, obligations, steps
from latchproof.prove.counters import Counters
from latchproof.prove.goals import Part
from latchproof.prove.identities import Identities
from latchproof.prove.obligations import prove
from latchproof.prove.premises import LEFT_OUT, NEXT
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Machine
from tests.explore.faults import with_parts
from tests.prove.planted import plant

PARTS: Final[tuple[Part, ...]] = ("counters", "identities", "liveness", "premises")
STAYS = "a released call stays so, with what it was given"
OWED = "it is owed to each parked call"
ORDER = "an open order "


def refuted(machine: Machine, policy: str) -> set[tuple[str, str]]:
    """What is not proved of the premises under a policy: the operation, and the name without a claim's."""
    policies = tuple(one for one in machine.policies if one.name == policy)
    found = prove(machine, policies, parts=PARTS, written=False, is_wanted=lambda goal: goal.part == "premises")
    return {(one.operation, _short(one.name)) for one in found if one.status != "proved"}


def _short(name: str) -> str:
    return next((one for one in (LEFT_OUT, OWED, ORDER) if one in name), name)


@pytest.mark.parametrize(
    ("machine", "policy"), [(LATCH, LATCH.policies[1].name), (BARRIER, "java"), (BARRIER, "cpython")]
)
def test_the_premises_leave_nothing_out(machine: Machine, policy: str) -> None:
    assert refuted(machine, policy) == set()


class Fault(NamedTuple):
    """A fault in the prover, and what of the premises it makes false: of which operations, and which name."""

    owner: Any
    function: str
    old: str
    new: str
    name: str
    operations: str
    policy: str = "latchproof"


_GUARD = "return (can, *read,"
_KNOWN = "premises = (*self.invariant,"
_PHASE = "if operation is self._machine.withdraw else phase == FRESH"
SMALL = with_parts(BARRIER, operations=BARRIER.operations[:2])
ALL = "wait abort withdraw"
EVERY = f"{ALL} continue"

FAULTS = (
    # in the guard: of ghosts, of the state, of the place of the call, of its phase, of what another call is
    *(
        Fault(Identities, "_guard", _GUARD, f"return (can, {extra}, *read,", LEFT_OUT, operations)
        for extra, operations in (
            ("self.world.tripped < 2", ALL),
            ("self.world.clock < 5", ALL),
            ("self.world.parked != 5", ALL),
            ("self.world.position(WHO) == 0", ALL),
            ("self.world.arrival(WHO) != 41", ALL),
            ("phase != RELEASED", "withdraw"),
            ("phase != PARKED", "withdraw"),
            ("self.world.phase(ONE) != LEFT", ALL),
            ("self.world.generation(OTHER) <= 1", ALL),
            ("z3.Or(self.world.phase(OTHER) == FRESH, OTHER != ONE)", ALL),
            ("self.world.waits(ONE)", ALL),
            ("self.world.owner(z3.IntVal(0)) != WHO", "withdraw"),
        )
    ),
    Fault(Identities, "_guard", "z3.Or(phase == PARKED, phase == RELEASED, *early)", "phase == PARKED", LEFT_OUT,
          "withdraw"),
    Fault(Identities, "_guard", "can = phase == FRESH", "can = phase == DONE", LEFT_OUT, "wait abort"),
    Fault(Identities, "_guard", "truth(partial(fact.read, call))", "z3.Not(truth(partial(fact.read, call)))", LEFT_OUT,
          "withdraw"),
    # in a path's conditions, as they are used
    Fault(Identities, "_transitions", "*path.conditions)", "*path.conditions, self.world.parked != 5)", LEFT_OUT, ALL),
    Fault(Identities, "_transitions", "*one.conditions)", "*one.conditions, self.world.tripped < 2)", LEFT_OUT, ALL),
    Fault(Identities, "_transitions", "for path in self._paths[operation]:", "for path in self._paths[operation][:1]:",
          LEFT_OUT, "wait withdraw"),
    Fault(Identities, "_continuing", "(before.phase(WHO) == RELEASED,)",
          "(before.phase(WHO) == RELEASED, before.given(WHO) == INDEX)", LEFT_OUT, "continue"),
    # in all premises of a step, and in those of a goal
    *(
        Fault(Identities, "_transition", _KNOWN, f"premises = ({extra}, *self.invariant,", LEFT_OUT, EVERY)
        for extra in (
            "self.world.clock < 5", "OTHER == ONE", "self.world.index(ONE) < 4", "z3.BoolVal(False)",
            "z3.ForAll([ONE], self.world.phase(ONE) != LEFT)",
        )
    ),
    Fault(Identities, "_transition", _KNOWN, "premises = (ONE != WHO, *self.invariant,", LEFT_OUT, EVERY),
    Fault(Identities, "goal", "premises = small if", "premises = (*one.premises, self.world.clock < 5) if others == () "
          "and conclusion is not None else small if", LEFT_OUT, EVERY),
    # names that are not fresh, or stand for something else
    Fault(Identities, "_transition", "(*self._known_before,", "(self.world.tripped == 1, *self._known_before,",
          LEFT_OUT, EVERY),
    Fault(Identities, "_transition", "(*self._known_before,",
          "(BEFORE['one']['phase'] == BEFORE['other']['phase'], *self._known_before,", LEFT_OUT, EVERY),
    Fault(Identities, "_known_after", 'equations(AFTER[name], facets_of(world, c))',
          'equations(AFTER[name], facets_of(self.world, c))', NEXT, EVERY),
    # what is assumed of any state, but not proved of the next
    *(
        Fault(Identities, "__init__", "self.invariant = (*ground,", f"self.invariant = (*ground, {extra},", NEXT, some)
        for extra, some in (
            ("self.world.tripped < 2", "wait"),
            ("self.world.clock < 5", "wait abort"),
            ("self.world.parked != 5", "wait"),
            ("z3.ForAll([ONE], self.world.phase(ONE) != LEFT)", "withdraw"),
        )
    ),
    Fault(Identities, "_invariant_goals", "zip(claims.invariants, self.invariant_terms, strict=True)",
          "[*zip(claims.invariants, self.invariant_terms, strict=True)][1:]", LEFT_OUT, EVERY),
    Fault(Identities, "_invariant_goals", 'make(f"{when}: {property_}", property_.ids, body)',
          'make(f"{when}: {property_}", property_.ids, z3.BoolVal(True))', NEXT, "create wait withdraw"),
    Fault(Identities, "_invariant_goals", "all_of(self._numbers(world))", "all_of(self._numbers(world)[:1])", NEXT,
          "wait"),
    Fault(Identities, "_invariant_goals", "all_of(self._numbers(world))", "all_of(self._numbers(self.world))", NEXT,
          "wait"),
    Fault(Identities, "_invariant_goals", 'make(f"{when}: {name}", (), body)',
          'make(f"{when}: {name}", (), self.world.clock >= 0)', NEXT, "withdraw continue"),
    # steps of which less is proved, or nothing
    Fault(Identities, "goals", "for one in self.steps:", "for one in self.steps[1:]:", LEFT_OUT, "wait"),
    Fault(Identities, "goals", "for one in self.steps:", "for one in self.steps[:-1]:", LEFT_OUT, "continue"),
    Fault(Identities, "transition_goals", "for property_ in self._machine.call_claims.steps:",
          "for property_ in self._machine.call_claims.steps[:3]:", LEFT_OUT, ALL),
    Fault(Identities, "transition_goals", "yield make(ONCE, (), one.apart)", "pass", LEFT_OUT, ALL),
    Fault(Identities, "transition_goals", "yield from self._invariant_goals(one.after",
          'yield from () if one.rule == "B4" else self._invariant_goals(one.after', LEFT_OUT, "withdraw"),
    # liveness: less is owed, or to fewer, and less is proved of it
    Fault(liveness, "_owing", '_BEFORE["phase"] == PARKED',
          'z3.And(_BEFORE["phase"] == PARKED, _BEFORE["position"] > 0)', OWED, "wait abort"),
    Fault(liveness, "_owing", "z3.And(owes, ", "z3.And(owes, model.world.tripped < 2, ", OWED, "wait abort"),
    Fault(liveness, "_owing", "for one in model.steps:", "for one in model.steps[:3]:", OWED, "abort"),
    Fault(liveness, "liveness_goals", "z3.Implies(owed, released)", "z3.BoolVal(True)", OWED, "wait abort"),
    Fault(liveness, "liveness_goals", "released = z3.Or(", 'released = z3.Or(_AFTER["phase"] == LEFT, ', OWED,
          "wait abort"),
    Fault(liveness, "liveness_goals", "for eventuality in machine.eventualities:",
          "for eventuality in machine.eventualities[:1]:", OWED, "abort"),
    Fault(liveness, "liveness_goals", "for one in model.steps:", "for one in model.steps[:-1]:", LEFT_OUT, "continue"),
    Fault(liveness, "liveness_goals", "for one in model.steps:", "for one in model.steps[:3]:", STAYS,
          "abort"),
    Fault(liveness, "liveness_goals", "z3.Implies(_WAS_RELEASED, z3.Or(kept, settled))",
          "z3.Implies(z3.And(_WAS_RELEASED, ONE != WHO), z3.Or(kept, settled))", STAYS, EVERY),
    Fault(liveness, "liveness_goals", "settled = z3.And(ONE == WHO, ", "settled = z3.And(", STAYS, EVERY),
    Fault(liveness, "liveness_goals", 'yield model.goal("liveness", WF1_CAN',
          'yield model.goal("liveness", WF1_FULFILS', LEFT_OUT, "continue"),
    Fault(liveness, "liveness_goals", "own = z3.Implies(z3.And(_WAS_RELEASED, ONE == WHO),",
          "own = z3.Implies(z3.And(_WAS_RELEASED, ONE != ONE),", "a call that continues is done", "continue"),
    # an open order that is one order
    Fault(Identities, "_world_after", "body = z3.Implies(within(PLACE), z3.And(",
          "body = z3.Implies(within(PLACE), z3.And(there(PLACE) == PLACE, ", ORDER, "wait", policy="cpython"),
    Fault(Identities, "_world_after", "body = z3.Implies(within(PLACE), z3.And(",
          "body = z3.Implies(within(PLACE), z3.And(there(0) == 0, ", ORDER, "wait", policy="cpython"),
    Fault(Identities, "_world_after", 'return chosen(k) if somewhere.kind == "any" else given(k).index',
          'return k if somewhere.kind == "any" else given(k).index', ORDER, "wait", policy="cpython"),
    Fault(Identities, "_world_after", "return z3.And(k >= 0, k < resumed.length)",
          "return z3.And(k >= 0, k <= resumed.length)", ORDER, "wait", policy="cpython"),
    # of the machine's own numbers
    Fault(Counters, "operation", "premises_of = [(*given.premises,",
          "premises_of = [(term(given.state[0]) != 5, *given.premises,", LEFT_OUT, ALL),
    Fault(Counters, "operation", "(*premises, before)", "(*premises, before, term(ghosts[0]) < 9)", LEFT_OUT, ALL),
    Fault(Counters, "operation", "for property_ in machine.step_properties:",
          "for property_ in machine.step_properties[:-1]:", LEFT_OUT, ALL),
    Fault(Counters, "operation", "in zip(paths, premises_of, strict=True):",
          "in [*zip(paths, premises_of, strict=True)][:1]:", LEFT_OUT, "wait withdraw"),
    Fault(Counters, "operation", "for account in machine.accounts:", "for account in machine.accounts[1:]:", LEFT_OUT,
          ALL),
    Fault(steps, "symbols", "premises = [truth(", "premises = [term(state[0]) != 5] + [truth(", LEFT_OUT, ALL),
    Fault(steps, "fact_premises", "truth(partial(fact.premise, arguments[fact.name], parked))",
          "z3.And(truth(partial(fact.premise, arguments[fact.name], parked)), term(parked) != 5)", LEFT_OUT,
          "withdraw"),
    # of a new machine: by a condition, and by something said of any call
    *(
        Fault(Identities, "creation", "(*path.conditions, self._distinct,",
              f"(*path.conditions, {extra}, self._distinct,", "no new machine is left out", "create")
        for extra in ("term(state[0]) == 1", "z3.ForAll([ONE], ONE == WHO)")
    ),
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=lambda one: f"{one.function}: {one.new}"[:90])
def test_a_fault_that_leaves_out_a_state_is_refuted(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, fault.owner, fault.function, fault.old, fault.new)
    if fault.owner is liveness and fault.function == "liveness_goals":
        monkeypatch.setattr(obligations, "liveness_goals", liveness.liveness_goals)
    if fault.function == "fact_premises":
        monkeypatch.setattr(identities, "fact_premises", steps.fact_premises)
    found = refuted(SMALL, fault.policy)
    assert {operation for operation, name in found if name == fault.name} >= set(fault.operations.split())
