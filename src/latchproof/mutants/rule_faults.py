"""Small faults of one rule: each of its fields that has an effect becomes another.

Those fields are what becomes of the caller and of the queue, the order of indices, the errors and the warning. Words
for a reader, which are a rule's ID, sentence and message, are left alone.
"""

import ast
import builtins
from collections.abc import Iterator
from typing import Any, Final

from latchproof.explore.completeness import CALLERS, ORDERS, QUEUES
from latchproof.mutants.mutant import rules_module
from latchproof.mutants.mutator import name_node
from latchproof_spec import step
from latchproof_spec.machine import Machine
from latchproof_spec.step import Rule

COMMON: Final = ("parks", "returns", "raises", "stays", "released")
"""Words that a faulty rule of any machine may hold; the others, only where some rule of the machine holds them."""

ERRORS: Final[tuple[type[Exception], ...]] = (
    *(ValueError, TypeError, RuntimeError),
    *(one for one in vars(step).values() if isinstance(one, type) and issubclass(one, Exception)),
)
"""Errors that may stand in place of a rule's."""


def rule_faults(machine: Machine, rule: Rule, constant: ast.AnnAssign) -> Iterator[tuple[str, ast.expr]]:
    """Yield what may stand in place of the call that makes a rule, each with the change in words."""
    operations = {one.name: one for one in machine.every_operation}
    if rule.operation in operations:  # a new machine has no queue, and its maker does not park
        yield from _of_caller(machine, rule, constant, may_wait=operations[rule.operation].waits)
        yield from _of_queue(machine, rule, constant)
    yield from _of_errors(machine, rule, constant)
    if rule.operation in operations and not rule.refuses:
        yield (
            f"it warns: {rule.warns} -> {not rule.warns}",
            _changed(constant, warns=not rule.warns, message="it is said"),
        )


def _of_caller(
    machine: Machine, rule: Rule, constant: ast.AnnAssign, *, may_wait: bool
) -> Iterator[tuple[str, ast.expr]]:
    usual = [one for one in CALLERS if one in COMMON or any(other.caller == one for other in machine.rules)]
    for caller in ("leaves", "returns") if rule.caller == "leaves" else (one for one in usual if one != "leaves"):
        if caller != rule.caller and (caller != "parks" or may_wait):
            errors = rule.errors or ((RuntimeError,) if caller == "raises" else ())
            yield f"the caller {rule.caller} -> {caller}", _changed(constant, caller=caller, errors=errors)


def _of_queue(machine: Machine, rule: Rule, constant: ast.AnnAssign) -> Iterator[tuple[str, ast.expr]]:
    failure = next((one.errors[:1] for one in machine.rules if one.queue == "failed"), ())
    for queue in (one for one in QUEUES if one in COMMON or any(other.queue == one for other in machine.rules)):
        if queue != rule.queue:
            errors = rule.errors or (failure if queue == "failed" else ())
            yield f"the queue {rule.queue} -> {queue}", _changed(constant, queue=queue, errors=errors)
    if rule.queue == "first":
        yield f"the first {rule.first} -> {rule.first + 1}", _changed(constant, first=rule.first + 1)
    for order in ORDERS if rule.queue == "indexed" else ():
        if order != rule.order:
            yield f"the order {rule.order} -> {order}", _changed(constant, order=order)


def _of_errors(machine: Machine, rule: Rule, constant: ast.AnnAssign) -> Iterator[tuple[str, ast.expr]]:
    names = vars(builtins) | vars(rules_module(machine))
    for position, error in enumerate(rule.errors):
        before, after = rule.errors[:position], rule.errors[position + 1 :]
        for other in (one for one in ERRORS if one.__name__ in names and one not in rule.errors):
            change = f"the error {error.__name__} -> {other.__name__}"
            yield change, _changed(constant, errors=(*before, other, *after))
        if before or after:
            yield f"the error {error.__name__} -> none", _changed(constant, errors=(*before, *after))


def with_keywords(constant: ast.AnnAssign, before: str, after: str) -> ast.Call:
    """Return the call that makes a rule, with some keywords in place of the keyword `before`, or added if that is "".

    Raises LookupError if there is no such keyword: the specification has changed under the fault.
    """
    call = _call(constant)
    kept = [one for one in call.keywords if ast.unparse(one) != before]
    if before and len(kept) == len(call.keywords):
        raise LookupError(f"the rule {ast.unparse(constant.target)} has no {before}")
    new = ast.parse(f"f({after})", mode="eval").body
    assert isinstance(new, ast.Call)
    return ast.Call(call.func, call.args, [*kept, *new.keywords])


def _call(constant: ast.AnnAssign) -> ast.Call:
    assert isinstance(constant.value, ast.Call)
    return constant.value


def _changed(constant: ast.AnnAssign, caller: str | None = None, **fields: Any) -> ast.Call:
    """Return the call that makes a rule, with the caller and other fields replaced."""
    call = _call(constant)
    arguments = list(call.args)
    if caller is not None:
        arguments[2] = ast.Constant(caller)
    keywords = {one.arg: one for one in call.keywords}
    keywords |= {name: ast.keyword(name, _literal(value)) for name, value in fields.items()}
    return ast.Call(call.func, arguments, list(keywords.values()))


def _literal(value: str | int | type | tuple[type, ...]) -> ast.expr:
    if isinstance(value, tuple):
        return ast.Tuple([_literal(one) for one in value], ast.Load())
    return name_node(value.__name__) if isinstance(value, type) else ast.Constant(value)
