"""The review documents: a machine's rules, its diagram and its claims, rendered from the enumerated paths.

Nothing here knows a latch or a barrier. A rule's guard is the conjunction of the decisions on its path, as far as the
invariants do not imply them; what it does to the state is read off the terms that the path returns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import z3

from latchproof.prove.paths import Path, enumerate_paths, symbol, term, truth
from latchproof.prove.steps import paths_of, symbols
from latchproof_spec.claims import Step
from latchproof_spec.machine import Machine, Operation
from latchproof_spec.step import Rule

_LE, _LT, _GE, _GT, _EQ, _NE = z3.Z3_OP_LE, z3.Z3_OP_LT, z3.Z3_OP_GE, z3.Z3_OP_GT, z3.Z3_OP_EQ, z3.Z3_OP_DISTINCT
_NEGATION = {_LE: _GT, _LT: _GE, _GE: _LT, _GT: _LE, _EQ: _NE, _NE: _EQ}
_TURNED = {_LE: _GE, _LT: _GT, _GE: _LE, _GT: _LT}
_SIGN = {_LE: "≤", _LT: "<", _GE: "≥", _GT: ">", _EQ: "=", _NE: "≠"}


@dataclass(frozen=True)
class RuleRow:
    """One path: the rule that it returns, the call, its guard, and what becomes of state, parked and caller."""

    rule: Rule
    call: str
    when: str
    change: str
    parked: str
    caller: str


def document(machine: Machine) -> str:
    """The review document of a machine, in Markdown."""
    title = {"latch": "CountdownLatch", "barrier": "Barrier"}[machine.name]
    first, *others = machine.policies
    lines = [
        f"# The {title}",
        "",
        f"Rendered from `latchproof_spec/{machine.name}.py` by running its functions on symbolic numbers, one line for",
        "each path through them. Do not edit: `make spec` writes it anew, and the test suite fails when it is stale.",
        "",
        "Constants: " + (", ".join(f"`{name}`" for name in machine.constants) or "none") + ". "
        "State: " + ", ".join(f"`{name}` ({kind.__name__})" for name, kind in machine.state.items()) + ".",
        "",
        "## Rules",
        "",
        f"Under the policy `{first.name}`, which our own classes keep.",
        "",
        *_rule_table(machine, first),
        "",
        *(
            f"- **{rule.id}** {_callers_of(machine, rule)}: {rule.sentence} It raises {rule.errors[0].__name__}."
            for rule in unreached(machine)
        ),
        "",
        "A path's guard is given as far as the invariants do not imply it already. *Parked* says what becomes of the",
        "tasks that were parked before; *caller*, what becomes of the task that made the step.",
        "",
        "## Other policies",
        "",
        *_policy_table(machine, others),
        "",
        "## Diagram",
        "",
        "```mermaid",
        *diagram(machine, first),
        "```",
        "",
        "## Invariants and properties",
        "",
        "| claim | shape | what is checked | function |",
        "|---|---|---|---|",
        *_property_rows(machine),
        "",
        "## Claims",
        "",
        *(f"- **{claim.id}** ({claim.kind}) {claim.sentence}" for claim in machine.claims),
        "",
    ]
    return "\n".join(lines)


def guard(path: Path[Any], premises: Sequence[z3.BoolRef]) -> str:
    """When a path is taken, given the premises, in words."""
    return ", ".join(_words(condition) for condition in conditions(path, premises)) or "always"


def conditions(path: Path[Any], premises: Sequence[z3.BoolRef]) -> list[z3.BoolRef]:
    """When a path is taken, given the premises: a value if it is but one, else the decisions that are not implied."""
    needed = list(path.conditions)
    for condition in path.conditions:
        others = [one for one in needed if one is not condition]
        if is_implied(condition, [*premises, *others]):
            needed = others
    return _pinned(needed, premises)


def is_implied(conclusion: z3.BoolRef, premises: Sequence[z3.BoolRef]) -> bool:
    solver = z3.Solver()
    solver.add(*premises, z3.Not(conclusion))
    return bool(solver.check() == z3.unsat)


def _pinned(needed: list[z3.BoolRef], premises: Sequence[z3.BoolRef]) -> list[z3.BoolRef]:
    """The conditions; several on one variable that leave it but one value as that value."""
    names = {str(v): v for condition in needed for v in _variables(condition) if v.sort() == z3.IntSort()}
    values: list[z3.BoolRef] = []
    rest = list(needed)
    for name, variable in sorted(names.items()):
        about = [one for one in rest if {str(v) for v in _variables(one)} == {name}]
        solver = z3.Solver()
        solver.add(*premises, *about)
        if not about or solver.check() != z3.sat:
            continue
        value = solver.model().eval(variable, model_completion=True)
        if is_implied(variable == value, [*premises, *about]):
            values.append(variable == value)
            rest = [one for one in rest if not any(one is other for other in about)]
    return values + rest


def _variables(expression: z3.ExprRef) -> list[z3.ExprRef]:
    if z3.is_const(expression) and expression.decl().kind() == z3.Z3_OP_UNINTERPRETED:
        return [expression]
    return [variable for child in expression.children() for variable in _variables(child)]


def _words(condition: z3.ExprRef, negated: bool = False) -> str:
    """A condition as one would write it: the variable first, and a negated comparison turned round."""
    if z3.is_not(condition):
        return _words(condition.arg(0), not negated)
    kind = condition.decl().kind()
    if kind not in _NEGATION or condition.num_args() != 2:
        return f"{'not ' if negated else ''}{condition}"
    left, right = condition.children()
    kind = _NEGATION[kind] if negated else kind
    if z3.is_int_value(left):
        left, right, kind = right, left, _TURNED.get(kind, kind)
    return f"{_sum(left)} {_SIGN[kind]} {_sum(right)}"


def _change(step: Step, machine: Machine) -> str:
    """What the step does to the state, component by component."""
    changes = []
    for name, before, after in zip(machine.state, step.before, step.after, strict=True):
        old, new = z3.simplify(term(before)), z3.simplify(term(after))
        if not old.eq(new):
            changes.append(f"{name} := {str(new).lower() if z3.is_bool(new) else _sum(new)}")
    return ", ".join(changes) or "nothing"


def _sum(value: z3.ExprRef) -> str:
    """A sum as one would write it: z3 puts the constant first."""
    if value.num_args() == 2 and z3.is_add(value) and z3.is_int_value(value.arg(0)):
        constant = value.arg(0).as_long()
        return f"{value.arg(1)} {'-' if constant < 0 else '+'} {abs(constant)}"
    return str(value)


def _caller(rule: Rule) -> str:
    if rule.caller == "raises":
        return f"raises {rule.errors[0].__name__}"
    return "returns its index" if rule.caller == "returns an index" else rule.caller


def _parked(rule: Rule) -> str:
    if rule.queue == "indexed":
        return f"released with their indices ({rule.order})"
    return f"fail with {rule.errors[0].__name__}" if rule.queue == "failed" else rule.queue


def _operations(machine: Machine) -> tuple[Operation, ...]:
    return (*machine.operations, machine.withdraw)


def _created(machine: Machine) -> list[tuple[str, Rule]]:
    argument = symbol(machine.parameter, int)
    paths = enumerate_paths(lambda: machine.create(argument)[2])
    return [(guard(path, ()), path.result) for path in paths]


def rule_rows(machine: Machine, policy: Any) -> list[RuleRow]:
    """A row for each path through the constructor and through every operation, under the policy."""
    rows = [
        RuleRow(rule, f"create({machine.parameter})", when, "", "", _caller(rule)) for when, rule in _created(machine)
    ]
    for operation in _operations(machine):
        premises = symbols(machine, operation).premises
        for path in paths_of(machine, operation, policy):
            rule = path.result.rule
            call = f"{operation.name}({', '.join(operation.inputs)})"
            change = _change(path.result, machine)
            rows.append(RuleRow(rule, call, guard(path, premises), change, _parked(rule), _caller(rule)))
    return rows


def _rule_table(machine: Machine, policy: Any) -> list[str]:
    lines = ["| rule | operation | when | state | parked | caller | in words |", "|---|---|---|---|---|---|---|"]
    for row in rule_rows(machine, policy):
        cells = (row.rule.id, row.call, row.when, row.change, row.parked, row.caller, row.rule.sentence)
        lines.append("".join(f"| {cell} " if cell else "| " for cell in cells) + "|")
    return lines


def unreached(machine: Machine) -> list[Rule]:
    """The rules that no number leads to: those for an argument that is none."""
    ours = {row.rule.id for policy in machine.policies for row in rule_rows(machine, policy)}
    return [rule for rule in machine.rules if rule.id not in ours]


def _callers_of(machine: Machine, rule: Rule) -> str:
    """What raises by a rule that no number leads to: its operation, with which the constructor may share it."""
    shared = rule.operation != "create" and machine.create(True)[2] is rule
    return f"create, {rule.operation}" if shared else rule.operation


def _policy_table(machine: Machine, policies: Sequence[Any]) -> list[str]:
    lines = ["| policy | its rules in place of ours |", "|---|---|"]
    ours = {path.result.rule.id for one in _operations(machine) for path in paths_of(machine, one, machine.policies[0])}
    for policy in policies:
        rows = []
        for operation in _operations(machine):
            premises = symbols(machine, operation).premises
            for path in paths_of(machine, operation, policy):
                rule = path.result.rule
                if rule.id not in ours:
                    effect = f"{_parked(rule)}; caller {_caller(rule)}"
                    rows.append(f"{rule.id}: {operation.name} when {guard(path, premises)}: {effect}")
        rows += _freedoms(policy)
        lines.append(f"| {policy.name} | {'<br>'.join(rows)} |")
    return lines


def _freedoms(policy: Any) -> list[str]:
    """What a policy leaves open that is in no rule: what may be seen of the released."""
    words = {"abort_reaches": "abort and reset fail", "n_waiting_counts": "n_waiting counts"}
    return [f"{said} {getattr(policy, axis)}" for axis, said in words.items() if hasattr(policy, axis)]


def arrows(machine: Machine, policy: Any) -> dict[tuple[str, str], list[str]]:
    """The rules that can lead from one phase to another, as the solver finds, for each pair of phases with some."""
    found: dict[tuple[str, str], list[str]] = {}
    for operation in _operations(machine):
        premises = symbols(machine, operation).premises
        for path in paths_of(machine, operation, policy):
            step = path.result
            for source, is_source in machine.phases.items():
                for goal, is_goal in machine.phases.items():
                    solver = z3.Solver()
                    solver.add(
                        *premises,
                        *path.conditions,
                        truth(partial(is_source, *step.constants, *step.before)),
                        truth(partial(is_goal, *step.constants, *step.after)),
                    )
                    if solver.check() == z3.sat:
                        found.setdefault((source, goal), []).append(step.rule.id)
    return {pair: list(dict.fromkeys(rules)) for pair, rules in found.items()}


def diagram(machine: Machine, policy: Any) -> list[str]:
    """The phases and the rules between them as a Mermaid state diagram."""
    return [
        "stateDiagram-v2",
        *(f"    {source} --> {goal}: {', '.join(rules)}" for (source, goal), rules in arrows(machine, policy).items()),
    ]


def _property_rows(machine: Machine) -> list[str]:
    shapes = (
        ("invariant", machine.invariants),
        ("step property", machine.step_properties),
        ("history property", machine.history_properties),
        ("census", machine.censuses),
        ("of any two calls", machine.call_claims.invariants),
        ("of any place", machine.call_claims.places),
        ("of any call in a step", machine.call_claims.steps),
    )
    rows = [
        f"| {', '.join(claim.id for claim in one.claims)} | {shape} | {one.name} | `{one.holds.__name__}` |"
        for shape, properties in shapes
        for one in properties
    ]
    rows += [
        f"| {', '.join(claim.id for claim in account.claims)} | account | {account.name} | "
        f"{', '.join(f'`{ghost}`' for ghost in account.ghosts)} |"
        for account in machine.accounts
    ]
    rows += [f"| {one.claim.id} | eventuality | {one.name} | `{one.owes.__name__}` |" for one in machine.eventualities]
    return rows
