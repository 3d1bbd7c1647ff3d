"""A machine's rules and the arrows of its diagram, for a page that is made without a solver.

They are found by calling the specification's functions with small numbers: from every state that the constructor's
arguments of `bounds.page` lead to, as long as no more tasks are parked than the largest of them. The report's tables,
which have each rule's guard, come from the prover instead; a test compares the two.
"""

from collections.abc import Iterable, Iterator
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


def steps(machine: Machine, policy: Any) -> Iterator[Step]:
    """Yield every step from every state within the bounds."""
    highest = max(machine.bounds.page)
    states = [machine.create(argument)[:2] for argument in machine.bounds.page]
    for constants, before in states:  # it grows
        for operation in machine.every_operation:
            domains = [(False, True) if kind is bool else range(-1, highest + 1) for kind in operation.inputs.values()]
            for values in product(*domains):
                inputs = dict(zip(operation.inputs, values, strict=True))
                if not all(fact.premise(inputs[fact.name], before[machine.parked_at]) for fact in operation.facts):
                    continue
                *changed, rule = operation.function(*constants, *before, *values, policy=policy)
                after = tuple(changed)
                yield Step(operation.name, constants, before, inputs, after, rule, policy)
                if (constants, after) not in states and after[machine.parked_at] <= highest:
                    states.append((constants, after))


def rule_rows(machine: Machine, policy: Any) -> list[dict[str, Any]]:
    """Return a row for each rule that making the machine, or an operation, can fire under the policy."""
    calls = {one.name: f"{one.name}({', '.join(one.inputs)})" for one in machine.every_operation}
    rows: dict[tuple[str, Rule], dict[str, Any]] = {}
    for argument in range(-1, max(machine.bounds.page) + 1):
        rule, example = machine.create(argument)[2], f"{machine.parameter} = {argument}"
        rows.setdefault(("create", rule), _row(rule, f"create({machine.parameter})", example, parked=""))
    for step in steps(machine, policy):
        before = _named((*machine.constants, *machine.state), (*step.constants, *step.before))
        example = f"{before} → {_named(machine.state, step.after)}"
        row = _row(step.rule, calls[step.operation], example, parked=_parked(step.rule))
        rows.setdefault((step.operation, step.rule), row)
    operations = ["create", *calls]
    return [rows[key] for key in sorted(rows, key=lambda key: (operations.index(key[0]), machine.rules.index(key[1])))]


def arrows(machine: Machine, policy: Any) -> dict[tuple[str, str], list[str]]:
    """Return the rules that lead from one phase to another, for each pair of phases with some."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for step in steps(machine, policy):
        for (source, is_source), (goal, is_goal) in product(machine.phases.items(), repeat=2):
            if is_source(*step.constants, *step.before) and is_goal(*step.constants, *step.after):
                found.setdefault((source, goal), {})[step.rule.id] = None
    return {pair: list(rules) for pair, rules in found.items()}


def _row(rule: Rule, call: str, example: str, parked: str) -> dict[str, Any]:
    caller = {"returns an index": "returns its index", "raises": f"raises {_error(rule)}"}.get(rule.caller, rule.caller)
    return {
        "rule": rule.id, "call": call, "parked": parked, "caller": caller, "sentence": rule.sentence,
        "example": example,
    }  # fmt: skip


def _parked(rule: Rule) -> str:
    words = {
        "first": f"first {rule.first} released",
        "indexed": f"released with their indices ({rule.order})",
        "failed": f"fail with {_error(rule)}",
    }
    return words.get(rule.queue, rule.queue)


def _error(rule: Rule) -> str:
    return rule.errors[0].__name__ if rule.errors else ""


def _named(names: Iterable[str], values: tuple[Any, ...]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in zip(names, values, strict=True))
