"""The TLA+ modules are what the specification says now, and say all of it.

That TLC accepts them, and finds what we find, is what `make crosscheck` is for.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from latchproof.cli.main import main
from latchproof.export.rows import ExportError, Given, Model, make_model
from latchproof.export.tla import codes, configuration, label, module
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Machine, ModelBounds
from latchproof_spec.machines import MACHINES
from latchproof_spec.step import BrokenBarrierError
from tests.explore.faults import FAULTS, Fault, faulty

MODELS = Path(__file__).resolve().parents[2] / "spec" / "exports"
BOTH = pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)


def of(machine: Machine, policy: Any = None, **bounds: Any) -> str:
    return module(
        make_model(machine, policy or machine.policies[0], ModelBounds(**({"argument": 2, "tasks": 3} | bounds)))
    )


@cache
def model_of(machine: Machine, policy: Any) -> Model:
    return make_model(machine, policy, machine.bounds.model)


@BOTH
@pytest.mark.parametrize(("form", "suffix"), [("tla", "tla"), ("cfg", "cfg"), ("promela", "pml")])
def test_what_is_kept_is_not_stale(
    machine: Machine, form: str, suffix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", machine.name, "--format", form]) == 0
    kept = (MODELS / f"{machine.name}.{suffix}").read_text(encoding="utf-8")
    assert kept == capsys.readouterr().out, f"spec/exports/{machine.name}.{suffix} is stale: run `make spec`"


@BOTH
def test_every_path_and_property_is_in_the_module(machine: Machine) -> None:
    for policy in machine.policies:
        model = model_of(machine, policy)
        text = module(model)
        for row in model.rows:
            assert text.count(f"\n{row.name}(t") == 1  # its definition
            assert len(re.findall(rf"(?<![\w.]){row.name}\(t", text)) == (3 if row.checks else 2)  # its use, its check
            assert f"\\* {row.rule.sentence}\n{row.name}(" in text
        for one in (*machine.invariants, *machine.censuses):
            assert text.count(f"\n{one.holds.__name__} ==") == 1
            assert f"    {one.holds.__name__}\n" in configuration(model)
        for eventuality in machine.eventualities:
            claim = eventuality.claim.id
            assert f'{claim} == \\A t \\in Tasks : ("{claim}" \\in owed[t]) ~> ("{claim}" \\notin owed[t])' in text
            assert f"    {claim}\n" in configuration(model)
        assert text.count("(") == text.count(")")
        assert not re.search(r"[≤≥≠]", text)


@BOTH
def test_every_name_is_defined_once_and_whatever_is_used_is_defined(machine: Machine) -> None:
    text = "\n".join(line.split("\\*")[0] for line in of(machine).splitlines())
    text = re.sub(r'"[^"]*"', "", text)
    defined = re.findall(r"^(\w+)(?:\([^)]*\))? ==", text, flags=re.MULTILINE)
    declared = re.findall(r"\w+", text[text.index("VARIABLES") + 9 : text.index("vars ==")])
    declared += [name for name in ("Tasks", "Argument", "Highest") if f"    {name}" in text]
    assert len(set(defined) | set(declared)) == len(defined) + len(declared)
    bound = {*re.findall(r"\\[EA] (\w+)", text), *re.findall(r"[\[{](\w+) \\in", text), "t", "u"}
    parameters = {
        name for head in re.findall(r"^\w+\(([^)]*)\) ==", text, flags=re.MULTILINE) for name in head.split(", ")
    }
    assert not (bound | parameters) & (set(defined) | set(declared))
    words = set(re.findall(r"(?<![\\\w.])[A-Za-z_]\w*", text))
    language = {
        "MODULE", machine.name, "EXTENDS", "Integers", "FiniteSets", "CONSTANTS", "VARIABLES", "ASSUME", "IF", "THEN",
        "ELSE", "EXCEPT", "TRUE", "FALSE", "BOOLEAN", "UNCHANGED", "Cardinality", "WF_vars", "_vars", "is", "at",
    }  # fmt: skip
    assert words - language - bound - parameters <= set(defined) | set(declared)


def test_a_rule_as_it_is_written() -> None:
    text = of(BARRIER, argument=3)
    assert (
        "B2(t) ==\n"
        "    /\\ ~broken\n"
        "    /\\ parked + 1 >= parties\n"
        "    /\\ parked' = 0\n"
        "    /\\ broken' = broken\n"
        "    /\\ task' = [u \\in Tasks |-> IF u = t THEN Idle ELSE "
        "IF IsParked(u) THEN ReleasedWith(task[u].at) ELSE task[u]]\n"
        '    /\\ Owe(t, {}, {"C13"})\n'
    ) in text
    assert "ASSUME Argument >= 1\nparties == Argument\n" in text
    assert "\\* C6: arrivals are counted\n" in text
    reversed_ = next(policy for policy in BARRIER.policies if policy.name == "java")
    assert "ReleasedWith(Others(t) - task[u].at)" in of(BARRIER, reversed_)
    assert "ReleasedWith(BrokenBarrierError)" in of(BARRIER)


def test_fairness_is_asked_of_the_host_alone() -> None:
    assert "Fair == Spec /\\ \\A t \\in Tasks : WF_vars(Continues(t))" in of(LATCH)
    model = model_of(LATCH, LATCH.policies[0])
    assert "SPECIFICATION Fair" in configuration(model)
    assert "SPECIFICATION Spec" in configuration(model, fair=False)


def test_bounded_calls_are_counted_and_no_eventuality_is_asked_of_them() -> None:
    bounds = ModelBounds(2, 3, calls=2, operations=("wait",))
    model = make_model(BARRIER, BARRIER.policies[0], bounds)
    text = module(model)
    assert "    Calls     \\* the number of calls" in text
    assert text.count("left' = [left EXCEPT ![t] = @ - 1]") == 3  # B1, B2 and B3
    assert text.count("left' = left\n") == 3  # B4, B5 and B5e
    assert "abort(" not in text
    assert "C13 ==" not in text
    assert "    Calls = 2\n" in configuration(model)
    assert "    C13\n" not in configuration(model)


def test_the_end_of_all_calls_is_no_deadlock_and_without_an_end_there_is_nothing_to_except() -> None:
    bounded = make_model(BARRIER, BARRIER.policies[0], ModelBounds(2, 3, calls=2, operations=("wait",)))
    end = "Ended ==  \\* all calls are made, and nothing more happens\n"
    end += "    /\\ \\A t \\in Tasks : task[t] = Idle /\\ left[t] = 0\n    /\\ UNCHANGED vars\n"
    assert end in module(bounded)
    assert "        \\/ Continues(t)\n    \\/ Ended\n" in module(bounded)
    assert "Ended" not in of(BARRIER)
    # TLC looks for deadlocks unless it is told not to, and versions of it before 2.16 cannot be told so here
    assert "CHECK_DEADLOCK" not in configuration(bounded) + configuration(model_of(BARRIER, BARRIER.policies[0]))


def test_endings_have_codes_of_their_own() -> None:
    for machine in MACHINES.values():
        for policy in machine.policies:
            found = codes(model_of(machine, policy))
            assert len(set(found.values())) == len(found)
            assert all(code < -1 for code in found.values())


@pytest.mark.parametrize(("ending", "is_refused"), [(-3, True), (-2, True), (-1, False), (0, False)])
def test_an_ending_below_every_index_is_refused(ending: int, is_refused: bool) -> None:
    """Those numbers are the codes of the endings that are not an index."""
    model = model_of(BARRIER, BARRIER.policies[0])
    (row,) = (row for row in model.rows if row.name == "B6")
    given = replace(model, rows=(replace(row, given=Given("ending", ending)),))
    if is_refused:
        with pytest.raises(ExportError, match=f"B6 gives {ending}, which is not an index"):
            codes(given)
    else:
        assert codes(given) == {}


def test_codes_begin_below_the_number_for_any_index() -> None:
    assert codes(model_of(BARRIER, BARRIER.policies[0])) == {None: -2, BrokenBarrierError: -3}
    assert [label(ending) for ending in (None, BrokenBarrierError, 7)] == ["Plain", "BrokenBarrierError", "7"]


SHOWN = [
    fault for fault in FAULTS if fault.policy == "latchproof" and "!= 70" not in fault.new and "L7" not in fault.new
]


@pytest.mark.parametrize("fault", SHOWN[::6], ids=lambda fault: f"{fault.operation}-{fault.new.strip()}")
def test_a_fault_changes_the_module(fault: Fault) -> None:
    assert of(fault.plant()) != of(fault.machine)


def test_a_fault_beyond_any_bound_changes_the_module_too() -> None:
    far = faulty(
        LATCH, "withdraw", "return count, parked - 1, L9",
        "return (count, parked - 1, L9) if count != 70 else (1, parked - 1, L9)",
    )  # fmt: skip
    assert "    /\\ count = 70\n    /\\ is_parked\n    /\\ count' = 1\n" in of(far)
