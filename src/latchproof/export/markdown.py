"""The review documents: a machine's rules, its diagram and its claims, rendered from the enumerated paths.

A rule's guard is the conjunction of the decisions on its path that the invariants do not imply. What it does to the
state is read off the terms that the path returns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import z3

from latchproof.export.coq_theorems import stated
from latchproof.export.rows import GuardedPath, conditions, guarded_paths, require_known
from latchproof.export.terms import MARKDOWN, written
from latchproof.prove.paths import check_sat, enumerate_paths, symbol, term, truth
from latchproof_spec.machine import Machine
from latchproof_spec.step import Rule

KEPT: Final = " Do not edit: `make spec` writes it again, and the test suite fails when it is stale."
"""What is said of the file of a machine of the specification."""


@dataclass(frozen=True)
class PathRow:
    """One path as text: the rule that it returns, the call, its guard, and what becomes of state, parked and caller."""

    rule: Rule
    call: str
    when: str
    change: str
    parked: str
    caller: str


def document(machine: Machine) -> str:
    """Return the review document of a machine, in Markdown."""
    first, *others = machine.policies
    lines = [
        f"# The {machine.title}",
        "",
        f"Rendered from `{machine.source}` by running its functions on symbolic numbers, one line for each",
        f"path through them.{'' if machine.compiled_from else KEPT}",
        "",
        "Constants: " + (", ".join(f"`{name}`" for name in machine.constants) or "none") + ". "
        "State: " + ", ".join(f"`{name}` ({kind.__name__})" for name, kind in machine.state.items()) + ".",
        "",
        "## Rules",
        "",
        f"Under the policy `{first.name}`{'.' if machine.compiled_from else ', which our own classes keep.'}",
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
        *(["## Other policies", "", *_policy_table(machine, others), ""] if others else []),
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
        *_claims(machine),
        "",
    ]
    return "\n".join(lines)


def _claims(machine: Machine) -> list[str]:
    """Return each claim, and how it is stated in Coq, if it is."""
    lines = []
    statements = stated(machine)
    for claim in machine.claims:
        lines.append(f"- **{claim.id}** ({claim.kind}) {claim.sentence}")
        if claim.id in statements:
            one = statements[claim.id]
            text = [*([f"(* {one.remark} *)"] if one.remark else []), *one.text.splitlines()]
            lines += ["", *(f"  {line}".rstrip() for line in ("```coq", *text, "```")), ""]
    return lines


def in_words(guard: Sequence[z3.BoolRef]) -> str:
    """Return when a path is taken, in words."""
    return ", ".join(written(condition, MARKDOWN) for condition in guard) or "always"


def _change(path: GuardedPath, machine: Machine) -> str:
    """Return what a step does to the state, component by component."""
    changes = []
    for name, before, after in zip(machine.state, path.step.before, path.step.after, strict=True):
        old, new = z3.simplify(term(before)), z3.simplify(term(after))
        if not old.eq(new):
            changes.append(f"{name} := {written(new, MARKDOWN)}")
    return ", ".join(changes) or "nothing"


def _caller(rule: Rule) -> str:
    if rule.caller == "raises":
        return f"raises {rule.errors[0].__name__}"
    return "returns its index" if rule.caller == "returns an index" else rule.caller


def _parked(rule: Rule) -> str:
    require_known(rule)
    if rule.queue == "first":
        return f"first {rule.first} released"
    if rule.queue == "indexed":
        return f"released with their indices ({rule.order})"
    return f"fail with {rule.errors[0].__name__}" if rule.queue == "failed" else rule.queue


def rule_rows(machine: Machine, policy: Any) -> list[PathRow]:
    """Return a row for each path through the constructor and through every operation, under the policy."""
    argument = symbol(machine.parameter, int)
    rows = []
    for made in enumerate_paths(lambda: machine.create(argument)[2]):
        call, when = f"create({machine.parameter})", in_words(conditions(made, ()))
        rows.append(PathRow(made.result, call, when, "", "", _caller(made.result)))
    for path in guarded_paths(machine, policy, machine.every_operation):
        rule, call = path.step.rule, f"{path.operation.name}({', '.join(path.operation.inputs)})"
        change = _change(path, machine)
        rows.append(PathRow(rule, call, in_words(path.guard), change, _parked(rule), _caller(rule)))
    return rows


def _rule_table(machine: Machine, policy: Any) -> list[str]:
    lines = ["| rule | operation | when | state | parked | caller | in words |", "|---|---|---|---|---|---|---|"]
    for row in rule_rows(machine, policy):
        cells = (row.rule.id, row.call, row.when, row.change, row.parked, row.caller, row.rule.sentence)
        lines.append("".join(f"| {cell} " if cell else "| " for cell in cells) + "|")
    return lines


def unreached(machine: Machine) -> list[Rule]:
    """Return the rules that no number leads to: those for an argument that is not a number."""
    reached = {row.rule.id for policy in machine.policies for row in rule_rows(machine, policy)}
    return [rule for rule in machine.rules if rule.id not in reached]


def _callers_of(machine: Machine, rule: Rule) -> str:
    """Return what raises by a rule that no number leads to: its operation, and the constructor if that shares it."""
    shared = rule.operation != "create" and machine.create(True)[2] is rule
    return f"create, {rule.operation}" if shared else rule.operation


def _policy_table(machine: Machine, policies: Sequence[Any]) -> list[str]:
    lines = ["| policy | its rules in place of ours |", "|---|---|"]
    ours = {path.step.rule.id for path in guarded_paths(machine, machine.policies[0], machine.every_operation)}
    for policy in policies:
        rows = [
            f"{path.step.rule.id}: {path.operation.name} when {in_words(path.guard)}: {_parked(path.step.rule)}; "
            f"caller {_caller(path.step.rule)}"
            for path in guarded_paths(machine, policy, machine.every_operation)
            if path.step.rule.id not in ours
        ]
        rows += [f"{said} {getattr(policy, axis)}" for axis, said in machine.freedoms.items()]
        name, *others = machine.names_of(policy)
        called = f"{name} (also called {', '.join(others)})" if others else name
        lines.append(f"| {called} | {'<br>'.join(rows)} |")
    return lines


def arrows(machine: Machine, policy: Any) -> dict[tuple[str, str], list[str]]:
    """Return the rules that can lead from one phase to another, as the solver finds, for each such pair of phases."""
    found: dict[tuple[str, str], list[str]] = {}
    for path in guarded_paths(machine, policy, machine.every_operation):
        step = path.step
        for source, is_source in machine.phases.items():
            for goal, is_goal in machine.phases.items():
                before = truth(partial(is_source, *step.constants, *step.before))
                after = truth(partial(is_goal, *step.constants, *step.after))
                if check_sat(*path.known, before, after) == z3.sat:
                    found.setdefault((source, goal), []).append(step.rule.id)
    return {pair: list(dict.fromkeys(rules)) for pair, rules in found.items()}


def diagram(machine: Machine, policy: Any) -> list[str]:
    """Return the phases and the rules between them as a Mermaid state diagram."""
    return [
        "stateDiagram-v2",
        *(f"    {source} --> {goal}: {', '.join(rules)}" for (source, goal), rules in arrows(machine, policy).items()),
    ]


def _property_rows(machine: Machine) -> list[str]:
    shapes = (
        ("invariant", machine.invariants),
        ("step property", machine.step_properties),
        ("history property", machine.history_properties),
        ("reading", machine.readings),
        ("census", machine.censuses),
        ("of any two calls", machine.call_claims.invariants),
        ("of any place", machine.call_claims.places),
        ("of any call in a step", machine.call_claims.steps),
    )
    rows = [
        f"| {', '.join(one.ids)} | {shape} | {one.name} | `{one.holds.__name__}` |"
        for shape, properties in shapes
        for one in properties
    ]
    rows += [
        f"| {', '.join(account.ids)} | account | {account.name} | "
        f"{', '.join(f'`{ghost}`' for ghost in account.ghosts)} |"
        for account in machine.accounts
    ]
    rows += [f"| {one.claim.id} | eventuality | {one.name} | `{one.owes.__name__}` |" for one in machine.eventualities]
    return rows
