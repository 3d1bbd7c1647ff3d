"""A machine's rules and the arrows of its diagram, for a page that is made without a solver.

They are found by calling the specification's functions with small numbers: from every state that the constructor's
arguments of `bounds.page` lead to, as long as no more tasks are parked than the largest of them. The report's tables,
which have each rule's guard, come from the prover instead; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

from latchproof_spec.claims import Step
from latchproof_spec.machine import Machine
from latchproof_spec.step import Rule

HOW = (
    "One row for each rule that an operation can fire, with the first step by it that was found: the specification's "
    "functions were called with small numbers, in every state that these lead to."
)
"""How the rows were found, as the page says it."""


def steps(machine: Machine, policy: Any, argument: int) -> Iterator[Step]:
    """Yield every step from every state within the bounds; nothing if the constructor refuses the argument."""
    constants, start, rule = machine.create(argument)
    if rule.refuses:
        return
    highest = max(machine.bounds.page)
    states = [start]
    for before in states:  # it grows
        for operation in machine.every_operation:
            domains = [(False, True) if kind is bool else range(-1, highest + 1) for kind in operation.inputs.values()]
            for values in product(*domains):
                inputs = dict(zip(operation.inputs, values, strict=True))
                parked = before[machine.parked_at]
                if not all(fact.premise(inputs[fact.name], parked) for fact in operation.facts):
                    continue
                *after, rule = operation.function(*constants, *before, *values, policy=policy)
                yield Step(operation.name, constants, before, inputs, tuple(after), rule, policy)
                if tuple(after) not in states and after[machine.parked_at] <= highest:
                    states.append(tuple(after))


def rule_rows(machine: Machine, policy: Any) -> list[dict[str, Any]]:
    """Return a row for each rule that making the machine, or an operation, can fire under the policy."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for argument in range(-1, max(machine.bounds.page) + 1):
        rule = machine.create(argument)[2]
        example = f"{machine.parameter} = {argument}"
        rows.setdefault(("create", rule.id), _row(rule, f"create({machine.parameter})", example))
    parameters = {operation.name: ", ".join(operation.inputs) for operation in machine.every_operation}
    for argument in machine.bounds.page:
        for step in steps(machine, policy, argument):
            names = (*machine.constants, *machine.state)
            before = _named(names, (*step.constants, *step.before))
            example = f"{before} → {_named(machine.state, step.after)}"
            call = f"{step.operation}({parameters[step.operation]})"
            rows.setdefault((step.operation, step.rule.id), _row(step.rule, call, example))
    operations, ids = ["create", *parameters], [rule.id for rule in machine.rules]
    return [rows[key] for key in sorted(rows, key=lambda key: (operations.index(key[0]), ids.index(key[1])))]


def arrows(machine: Machine, policy: Any) -> dict[tuple[str, str], list[str]]:
    """Return the rules that lead from one phase to another, for each pair of phases with some."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for argument in machine.bounds.page:
        for step in steps(machine, policy, argument):
            for source, is_source in machine.phases.items():
                for goal, is_goal in machine.phases.items():
                    if is_source(*step.constants, *step.before) and is_goal(*step.constants, *step.after):
                        found.setdefault((source, goal), {})[step.rule.id] = None
    return {pair: list(rules) for pair, rules in found.items()}


def _row(rule: Rule, call: str, example: str) -> dict[str, Any]:
    parked = {"indexed": f"released with their indices ({rule.order})"}
    caller = {"returns an index": "returns its index"}
    if rule.errors:
        parked["failed"] = f"fail with {rule.errors[0].__name__}"
        caller["raises"] = f"raises {rule.errors[0].__name__}"
    return {
        "rule": rule.id,
        "call": call,
        "parked": "" if call.startswith("create(") else parked.get(rule.queue, rule.queue),
        "caller": caller.get(rule.caller, rule.caller),
        "sentence": rule.sentence,
        "example": example,
    }


def _named(names: Any, values: tuple[Any, ...]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in zip(names, values, strict=True))
