"""The exported models mean what the specification's functions do, under every policy.

The other tests know the text of a model. Here a model is run, by a reader of its language that knows nothing of the
exporter, and is compared with the explorer's system, state by state and call by call. So a fault of an exporter is
noticed although the committed models were rendered with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from latchproof.explore.fairness import name_of
from latchproof.explore.system import Local, State, choices
from latchproof.export.promela import promela
from latchproof.export.rows import Model
from latchproof.export.tla import configuration, module
from latchproof_spec.claims import Step
from latchproof_spec.machine import Machine, Operation
from latchproof_spec.machines import MACHINES
from tests.export.behaviour import CONTINUES, POLICIES, Call, Node, calls, model_of, nodes, some_nodes, valued
from tests.export.promela_interpreter import Program
from tests.export.tla_evaluator import Function, Module, record

EVERY_POLICY = pytest.mark.parametrize(("machine", "policy"), POLICIES, ids=repr)
BOTH = pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)


def label(ending: object) -> str:
    """Return the name that a model gives to an ending that is not an index."""
    return ending.__name__ if isinstance(ending, type) else {"None": "Plain"}[str(ending)]


class InTla:
    """A module, in which a node is a state."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.module = Module(module(model), configuration(model))
        self.names = [name_of(task) for task in range(model.bounds.tasks)]

    def state(self, node: Node) -> Function:
        """Return a node as a state of the module."""
        tasks = Function()
        for name, local in zip(self.names, node.state.tasks, strict=True):
            at: object = local.position
            if local.released:
                is_index = isinstance(local.ending, int)
                at = local.ending if is_index else self.module.value_of(label(local.ending))
            tasks[name] = record(**{"is": local.kind, "at": at})
        variables = dict(zip(self.model.machine.state, node.state.machine, strict=True))
        variables |= {"task": tasks, "owed": Function(zip(self.names, node.owed, strict=True))}
        if self.model.bounds.calls is not None:
            lefts = (local.calls_left for local in node.state.tasks)
            variables["left"] = Function(zip(self.names, lefts, strict=True))
        return Function(variables)


class InPromela:
    """A Promela model, in which a node is a state."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.program = Program(promela(model))
        self.operations = {row.name: row.operation.name for row in model.rows}

    def state(self, node: Node) -> dict[str, Any]:
        """Return a node as the values of the global variables."""
        known, tasks = self.program.constants, node.state.tasks
        found = dict(zip(self.model.machine.state, node.state.machine, strict=True))
        found["is"] = [known[local.kind.upper()] for local in tasks]
        found["at"] = [one.position if not one.released else self._ending(one.ending) for one in tasks]
        for claim in self.model.eventualities:
            found[f"owed_{claim}"] = [claim in owed for owed in node.owed]
        if self.model.bounds.calls is not None:
            found["left"] = [local.calls_left for local in tasks]
        return found

    def _ending(self, ending: object) -> object:
        return ending if isinstance(ending, int) else self.program.constants[label(ending)]

    def steps(self, task: int, node: Node) -> dict[Call, list[dict[str, Any]]]:
        """Return what a task can do, and what that leads to. What only looks at the state is left out."""
        here = self.state(node)
        found: dict[Call, list[dict[str, Any]]] = {}
        for process in (f"user_{task}", f"host_{task}"):
            for made in self.program.steps(process, here):
                assert made.failed == 0, f"{made.name} asserts what does not hold"
                if made.name == "look":
                    assert made.after == here
                    continue
                task_and, *arguments = made.arguments or (task,)
                assert task_and == task
                name = CONTINUES if made.name == "host" else self.operations[made.name]
                chosen = arguments[: self._chosen(name)]
                found.setdefault((name, tuple(chosen)), []).append(made.after)
        return found

    def _chosen(self, name: str) -> int:
        return next((len(arguments) for one, arguments in calls(self.model) if one == name), 0)


def models(machine: Machine, policy: Any) -> list[Model]:
    """Return a model of which few numbers are arguments and, under our own policy, one whose calls are bounded."""
    model = model_of(machine, policy)
    small = replace(model, bounds=replace(model.bounds, highest_count=1))
    bounded = replace(model, bounds=replace(small.bounds, argument=2, tasks=3, calls=1))
    return [small, bounded] if policy is machine.policies[0] else [small]


@EVERY_POLICY
def test_a_tla_module_makes_the_steps_of_the_system(machine: Machine, policy: Any) -> None:
    for model in models(machine, policy):
        one = InTla(model)
        for number, (node, steps) in enumerate(nodes(model)):
            here = one.state(node)
            if number == 0:
                assert [Function(first) for first in one.module.first_states()] == [here]
            for task, can in steps.items():
                name = one.names[task]
                for call in [*calls(model), (CONTINUES, ())]:
                    found = [Function(after) for after in one.module.steps(call[0], here, name, *call[1])]
                    assert found == [one.state(after) for after in can.get(call, [])], f"{name}: {call} in {here}"
                    assert all(one.module.step_holds("every_step", here, after) for after in found)
            if number % 15 == 0:
                every = {
                    Function(after)
                    for name in one.names
                    for call in [*calls(model), (CONTINUES, ())]
                    for after in one.module.steps(call[0], here, name, *call[1])
                }
                is_over = model.bounds.calls is not None and not any(steps.values())
                assert set(map(Function, one.module.steps("Next", here))) == every | ({here} if is_over else set())
            assert all(one.module.holds(name, here) for name in one.module.sections["INVARIANTS"])


@EVERY_POLICY
def test_a_promela_model_makes_the_steps_of_the_system(machine: Machine, policy: Any) -> None:
    for model in models(machine, policy):
        one = InPromela(model)
        assert len(one.program.processes) == 2 * model.bounds.tasks
        for number, (node, steps) in enumerate(nodes(model)):
            if number == 0:
                assert one.program.start == one.state(node)
            for task, can in steps.items():
                expected = {call: [one.state(after) for after in found] for call, found in can.items()}
                assert one.steps(task, node) == expected, f"task {task} in {node}"


@BOTH
def test_the_invariants_of_the_models_hold_where_those_of_the_specification_do(machine: Machine) -> None:
    """Of any state, reachable or not."""
    model = model_of(machine, machine.policies[0])
    tla, spin = InTla(model), InPromela(model)
    (constants, _, _) = machine.create(model.bounds.argument)
    refused = dict.fromkeys((*machine.invariants, *machine.censuses), 0)
    for node in some_nodes(model, 400, seed=1):
        values, tasks = node.state.machine, node.state.tasks
        counts = sum(one.parked for one in tasks), sum(one.released for one in tasks)
        said = [one.holds(*constants, *values) for one in machine.invariants]
        said += [one.holds(constants, values, *counts) for one in machine.censuses]
        here = tla.state(node)
        assert [tla.module.holds(name, here) for name in tla.module.sections["INVARIANTS"]] == said
        (look,) = (made for made in spin.program.steps("user_0", spin.state(node)) if made.name == "look")
        assert look.failed == said.count(False)
        for one, holds in zip(refused, said, strict=True):
            refused[one] += not holds
    assert all(refused.values())


@EVERY_POLICY
def test_what_the_models_check_of_a_step_is_what_the_specification_says(machine: Machine, policy: Any) -> None:
    """Of any state after it, right or wrong."""
    model = model_of(machine, policy)
    tla, spin = InTla(model), InPromela(model)
    conclusions = tla.module.conclusions("every_step")
    (constants, _, _) = machine.create(model.bounds.argument)
    refused = 0
    for node, operation, inputs in one_call(model):
        *_, rule = operation.function(*constants, *node.state.machine, *inputs.values(), policy=policy)
        rows = [row for row in model.rows_of(operation) if row.rule is rule]
        if len(rows) > 1:
            values = dict(zip((*machine.constants, *machine.state), (*constants, *node.state.machine), strict=True))
            rows = [row for row in rows if all(valued(condition, values | inputs) for condition in row.guard)]
        (row,) = rows
        in_tla, in_promela = {**tla.state(node), **inputs, "t": tla.names[0]}, {**spin.state(node), **inputs, "t": 0}
        for after in product(*((False, True) if kind is bool else (0, 2) for kind in machine.state.values())):
            step = Step(operation.name, constants, node.state.machine, inputs, after, rule, policy)
            holds = all(one.holds(step) for one in machine.step_properties)
            decided = dict(zip(machine.state, after, strict=True))
            told = [tla.module.value(one, in_tla, decided) for one in conclusions.get(row.name, [])]
            assert all(told) == holds, f"{row.name} from {node.state.machine} to {after}"
            new = {f"new_{name}": value for name, value in decided.items()}
            assert all(spin.program.asserted(row.name, in_promela | new)) == holds
            refused += not holds
    assert refused > 50


def one_call(model: Model) -> Iterator[tuple[Node, Operation, dict[str, Any]]]:
    """Yield every small state that has the invariants, with a call of the first task, or its cancellation."""
    machine, bounds = model.machine, model.bounds
    (constants, _, _) = machine.create(bounds.argument)
    for values in product(*((False, True) if kind is bool else range(3) for kind in machine.state.values())):
        if not all(one.holds(*constants, *values) for one in machine.invariants):
            continue
        parked = values[list(machine.state).index(machine.parked)]
        idle, *others = (Local(kind, ending=0) for kind in ("idle", "parked", "released"))
        for operation in (*model.calls, machine.withdraw):
            for local, inputs in product(others if operation is machine.withdraw else [idle], choices(operation, 1)):
                reads = all(inputs[one.name] == one.read(local) for one in operation.facts if one.read)
                if reads and (parked or not local.parked):
                    tasks = (local, *(idle,) * (bounds.tasks - 1))
                    yield Node(State(values, tasks), (frozenset(),) * bounds.tasks), operation, inputs


IN_TLA = [
    ("barrier", "java", "Others(t) - task[u].at", "task[u].at"),
    ("barrier", "java", "Others(t) - Place(u, t)", "Place(u, t)"),
    ("barrier", "latchproof", "task[t].at < task[u].at", "task[t].at > task[u].at"),
    ("barrier", "latchproof", "ParkedAt(Others(t))", "ParkedAt(Cardinality(Queue) - Cardinality(Queue))"),
    ("barrier", "latchproof", '{"C13"})', "{})"),
    ("barrier", "latchproof", "ReleasedWith(BrokenBarrierError)", "ReleasedWith(Plain)"),
    ("barrier", "latchproof", "        \\/ reset(t)\n", ""),
    ("barrier", "latchproof", "    /\\ t \\in Released\n", ""),
    ("latch", "latchproof", "-1..Highest", "0..Highest"),
    ("latch", "keeps", "/\\ count' = n", "/\\ count' = count"),
    ("latch", "latchproof", "count > 1", "count >= 1"),
]
IN_PROMELA = [
    ("barrier", "java", "tasks_parked - place", "place"),
    ("barrier", "latchproof", "at[t] < at[u]", "at[t] > at[u]"),
    ("barrier", "latchproof", "at[t] = tasks_parked", "at[t] = 0"),
    ("barrier", "latchproof", "owed_C14[u] || (true)", "owed_C14[u] || (false)"),
    ("barrier", "latchproof", "new_broken = true", "new_broken = broken"),
    ("barrier", "latchproof", "(parked + 1 < parties) -> B1(t)", "(parked + 1 <= parties) -> B1(t)"),
    ("latch", "latchproof", "is[t] == RELEASED -> is[t] = IDLE;", "is[t] == RELEASED -> is[t] = PARKED;"),
    ("latch", "latchproof", "-> L4(t, (-1)) }", "-> L5(t, (-1)) }"),
]


def _with_fault(render: Any, old: str, new: str) -> Any:
    def faulty(model: Model) -> str:
        text: str = render(model)
        assert old in text
        return text.replace(old, new)

    return faulty


def _policy(name: str, policy: str) -> tuple[Machine, Any]:
    machine = MACHINES[name]
    return machine, next(one for one in machine.policies if one.name == policy)


@pytest.mark.parametrize(("name", "policy", "old", "new"), IN_TLA)
def test_a_fault_of_the_exporter_of_tla_is_noticed(
    name: str, policy: str, old: str, new: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.export.test_meaning.module", _with_fault(module, old, new))
    with pytest.raises(AssertionError):
        test_a_tla_module_makes_the_steps_of_the_system(*_policy(name, policy))


@pytest.mark.parametrize(("name", "policy", "old", "new"), IN_PROMELA)
def test_a_fault_of_the_exporter_of_promela_is_noticed(
    name: str, policy: str, old: str, new: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.export.test_meaning.promela", _with_fault(promela, old, new))
    with pytest.raises(AssertionError):
        test_a_promela_model_makes_the_steps_of_the_system(*_policy(name, policy))
