"""The specification's faults: what would be wrong with it, if it were wrong by a little.

A claim that no fault breaks says nothing, and a fault that breaks no claim is one that nobody would see. So both are
tried: this module makes the faults, and `latchproof mutants` judges them by the claims and by the original.

Most are generated from the syntax tree of `latch.py` and `barrier.py`: each guard of each operation, each constant and
variable, each update of the state and each outcome, and each field of each rule that has an effect (what becomes of the
caller and of the queue, the order of indices, the error, the warning). Words for a reader, which are a rule's ID,
sentence and message, are left alone. So it is with `step.apply`, which says what a rule does to the tasks
(`apply_edits`). The named ones are shapes that have gone wrong in released software; some of those are about tasks that
have been released and have not run yet (`outcomes`). And what can be read of a latch or barrier is read wrong, and
errors are others than the rules say: so it is seen that whoever judges code that runs looks at these.

A mutant's ID is the statement that it changes, before and after, and so stays when lines move.

>>> from latchproof_spec.barrier.machine import BARRIER
>>> mutant = next(one for one in generated(BARRIER) if one.id.endswith("return parked - 1, broken, B5"))
>>> mutant.id
'barrier.withdraw: return parked, broken, B5 -> return parked - 1, broken, B5'
>>> mutant.machine.withdraw.function(3, 2, False, False)
(1, False, B5)
"""

from __future__ import annotations

import ast
import builtins
import copy
import inspect
from dataclasses import replace
from functools import partial
from itertools import islice

from latchproof.mutants import task_faults as outcomes
from latchproof.mutants.apply_faults import ApplyEdit, apply_edit, apply_edits
from latchproof.mutants.syntax_edits import Changed, expression_of, name_node, names_with, number_node, text_of
from latchproof.mutants.task_faults import as_specified
from latchproof_spec.barrier import rules as barrier
from latchproof_spec.latch import rules as latch
from latchproof_spec.machine import Machine, Operation
from latchproof_spec.machines import MACHINES
from latchproof_spec.step import BrokenBarrierError, LatchInUseError, ZeroLatchError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType
    from typing import Any, Final

    from latchproof.mutants.syntax_edits import Edit, Statement
    from latchproof.mutants.task_faults import Outcome

_MODULES: Final[dict[str, ModuleType]] = {"latch": latch, "barrier": barrier}
_ORDERINGS: Final = (ast.Lt, ast.LtE, ast.Eq, ast.NotEq, ast.GtE, ast.Gt)
_ERRORS: Final = (ValueError, TypeError, RuntimeError, LatchInUseError, ZeroLatchError, BrokenBarrierError)
_QUEUES: Final = {"latch": ("stays", "released"), "barrier": ("stays", "released", "indexed", "failed")}
_CALLERS: Final = {
    "latch": ("parks", "returns", "raises"),
    "barrier": ("parks", "returns", "returns an index", "raises"),
}


class Mutant:
    """One fault: the machine that has it.

    `id`        what is changed, in words that stay when lines move.
    `place`     the module and function, or rule, that it is in, with its line.
    `sentence`  what is wrong, for a reader.
    `edits`     how many places are changed.
    `machine`   the machine with its functions replaced.
    `outcome`   what stands in place of `step.apply`: it is given the rule, the queue, who made the step, and who has
                been released and has not run yet, with what.
    `apply`     the same as a function that takes what `step.apply` takes, where the fault is in that; else None.
    """

    __slots__ = ("_source", "apply", "edits", "id", "machine", "outcome", "place", "sentence")

    def __init__(
        self,
        id: str,
        place: str,
        sentence: str,
        edits: int,
        machine: Machine,
        outcome: Outcome = as_specified,
        source: Callable[[], str] | None = None,
        apply: Callable[..., Any] | None = None,
    ) -> None:
        self.id: Final = id
        self.place: Final = place
        self.sentence: Final = sentence
        self.edits: Final = edits
        self.machine: Final = machine
        self.outcome: Final = outcome if apply is None else _not_told_of_the_released(apply)
        self.apply: Final = apply
        self._source = source

    @property
    def is_of_functions(self) -> bool:
        """Whether the operations are at fault, and not what is made of their outcomes."""
        return self._source is not None

    @property
    def source(self) -> str:
        """The text of the machine's module with the fault; that of the original, where the fault is not in it."""
        return self._source() if self._source else inspect.getsource(_MODULES[self.machine.name])

    def __repr__(self) -> str:
        return self.id


def _not_told_of_the_released(apply: Callable[..., Any]) -> Outcome:
    return lambda rule, queue, who, released: apply(rule, queue, who)


def mutants(machine: Machine) -> tuple[Mutant, ...]:
    """Every mutant of a machine, the named ones first.

    Raises LookupError where a named one no longer fits the specification.
    """
    return (*named(machine), *generated(machine))


def all_mutants() -> tuple[Mutant, ...]:
    """Every mutant of both machines."""
    return tuple(mutant for machine in MACHINES.values() for mutant in mutants(machine))


def generated(machine: Machine, every: int = 1) -> Iterator[Mutant]:
    """Mutants of one edit that the syntax trees yield: that of the machine's module, and that of `step.py`.

    All of them, or of `every` so many the first.
    """
    return (make() for make in islice(_edited(machine), 0, None, every))


def _edited(machine: Machine) -> Iterator[Callable[[], Mutant]]:
    """What makes each of them: to compile one takes longer than to find where it can be."""
    source = _Source(machine)
    for function in source.functions.values():
        for statement in source.statements(function):
            for new in source.variants(function, statement):
                before, after = text_of(statement), text_of(statement, new)
                name = f"{machine.name}.{function.name}: {before} -> {after}"
                sentence = f"{function.name} has `{after}` where `{before}` should stand."
                shape = _SHAPES.get(name)
                yield partial(source.mutant, name, f"{shape} {sentence}" if shape else sentence, [(statement, new)])
    for rule, constant in source.constants.items():
        for change, new in source.rule_variants(rule, constant):
            yield partial(
                source.mutant,
                f"{machine.name}.{rule}: {change}",
                f"By the rule {rule} of {source.rules[rule].operation}: {change}.",
                [(constant, new)],
            )
    for edit in apply_edits():
        sentence = f"{edit.function} has `{edit.after}` where `{edit.before}` should stand."
        name = f"{machine.name}, step.{edit.function}: {edit.before} -> {edit.after}"
        yield partial(_of_apply, name, sentence, edit, machine)


def named(machine: Machine) -> Iterator[Mutant]:
    """The shapes that take more than one edit, or one that the syntax tree does not suggest, or another outcome."""
    source = _Source(machine)
    for name, (sentence, *edits) in _NAMED[machine.name].items():
        made = [source.edit(place, before, after) for place, before, after in edits]
        yield source.mutant(f"{machine.name}: {name}", sentence, made)
    for name, (machines, outcome) in outcomes.SHAPES.items():
        if machine.name in machines:
            sentence = " ".join((outcome.__doc__ or "").split())
            yield Mutant(f"{machine.name}: {name}", "latchproof_spec.step.apply", sentence, 1, machine, outcome)
    for name, (sentence, before, after) in _NAMED_OF_APPLY.items():
        yield _of_apply(f"{machine.name}: {name}", sentence, apply_edit(before, after), machine)
    for name in machine.observations:
        sentence = f"{name} is read wrong: one too many, or the opposite."
        place = f"latchproof_spec.machines.{machine.name.upper()}"
        yield Mutant(f"{machine.name}: {name} misread", place, sentence, 1, misreading(machine, name))


def _of_apply(name: str, sentence: str, edit: ApplyEdit, machine: Machine) -> Mutant:
    place = f"latchproof_spec.step.{edit.function}, line {edit.line}"
    return Mutant(name, place, sentence, 1, machine, apply=edit.apply)


class _Source:
    """The syntax tree of a machine's module. It is changed in place, compiled, and put right again."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.module = _MODULES[machine.name]
        self.tree = ast.parse(inspect.getsource(self.module))
        self.rules = {rule.id: rule for rule in machine.rules}
        self._errors = [
            one for one in _ERRORS if vars(self.module).get(one.__name__, getattr(builtins, one.__name__, None))
        ]
        names = [one.function.__name__ for one in (*machine.operations, machine.withdraw)] + [machine.create.__name__]
        functions = {one.name: one for one in self.tree.body if isinstance(one, ast.FunctionDef)}
        self.functions = {name: functions[name] for name in names}
        self.constants = {
            one.target.id: one
            for one in self.tree.body
            if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name) and one.target.id in self.rules
        }

    def statements(self, function: ast.FunctionDef) -> Iterator[Statement]:
        """The statements of a function that say something: guards, updates and outcomes."""
        for node in ast.walk(function):
            if isinstance(node, ast.If | ast.Return | ast.Assign):
                yield node

    def edit(self, place: str, before: str, after: str) -> Edit:
        """In a function, one statement for another; of a rule, one keyword of the call that makes it for another.

        Raises LookupError if the statement stands there no more: the specification has changed under the mutant.
        """
        if place in self.constants:
            call = self.constants[place].value
            (new,) = (one for one in ast.walk(ast.parse(f"f({after})")) if isinstance(one, ast.Call))
            assert isinstance(call, ast.Call)
            kept = [one for one in call.keywords if ast.unparse(one) != before]
            if before and len(kept) == len(call.keywords):
                raise LookupError(f"the rule {place} has no {before}")
            return self.constants[place], ast.Call(call.func, call.args, [*kept, *new.keywords])
        found = [one for one in self.statements(self.functions[place]) if text_of(one) == before]
        if len(found) != 1:
            raise LookupError(f"`{before}` stands {len(found)} times in {self.machine.name}.{place}, not once")
        (parsed,) = ast.parse(after).body
        assert isinstance(parsed, ast.Return)
        return found[0], expression_of(parsed)

    def mutant(self, id: str, sentence: str, edits: list[Edit]) -> Mutant:
        """The mutant with these edits."""
        return Mutant(
            id, self._place(edits[0][0]), sentence, len(edits), self._machine(edits),
            source=lambda: self._text_with(edits),
        )  # fmt: skip

    def _place(self, statement: Statement) -> str:
        within = [name for name, one in self.functions.items() if statement in ast.walk(one)]
        within += [name for name, one in self.constants.items() if statement is one]
        return f"{self.module.__name__}.{within[0]}, line {statement.lineno}"

    def _machine(self, edits: list[Edit]) -> Machine:
        names = names_with(self.module, [*self.functions.values(), *self.constants.values()], edits)
        return with_functions(self.machine, names)

    def _text_with(self, edits: list[Edit]) -> str:
        with Changed(edits):
            return ast.unparse(self.tree)

    def variants(self, function: ast.FunctionDef, statement: Statement) -> Iterator[ast.expr]:
        """What might stand in place of the statement's expression, each by one edit."""
        expression = expression_of(statement)
        seen = {ast.dump(expression)}
        guard = [ast.Constant(True), ast.Constant(False)] if isinstance(statement, ast.If) else []
        variants: list[ast.expr] = [*guard]
        for node in ast.walk(expression):
            if isinstance(node, ast.expr):
                # the copy of the expression in which the copy of this node is another
                others = self._of_node(function, node, statement)
                variants += [copy.deepcopy(expression, {id(node): new}) for new in others]
        for variant in variants:
            if ast.dump(variant) not in seen:
                seen.add(ast.dump(variant))
                yield variant

    def _of_node(self, function: ast.FunctionDef, node: ast.expr, statement: Statement) -> Iterator[ast.expr]:
        if isinstance(node, ast.Constant):
            yield from self._of_constant(node)
        elif isinstance(node, ast.Name) and node.id in self.rules:
            yield from map(name_node, self._outcomes(function, node.id))
        elif isinstance(node, ast.Name):
            yield from self._of_variable(function, node, statement)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
            yield node.left
            yield ast.BinOp(node.left, ast.Sub() if isinstance(node.op, ast.Add) else ast.Add(), node.right)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield node.operand
        elif isinstance(node, ast.Compare):
            of_words = any(isinstance(one, ast.Constant) and isinstance(one.value, str) for one in node.comparators)
            for other in (ast.Eq, ast.NotEq) if of_words else _ORDERINGS:
                yield ast.Compare(node.left, [other()], node.comparators)
            if of_words:
                yield from self._of_axis(node)

    def _of_constant(self, node: ast.Constant) -> Iterator[ast.expr]:
        if isinstance(node.value, bool):
            yield ast.Constant(not node.value)
        elif isinstance(node.value, int):
            yield ast.Constant(node.value + 1)
            yield number_node(node.value - 1)

    def _of_variable(self, function: ast.FunctionDef, node: ast.Name, statement: Statement) -> Iterator[ast.expr]:
        kinds = _variables(function, statement)
        kind = kinds.get(node.id)
        if kind is None:
            return
        yield from (name_node(other) for other in kinds if kinds[other] is kind and other != node.id)
        if kind is bool:
            yield ast.UnaryOp(ast.Not(), node)
            yield ast.Constant(True)
            yield ast.Constant(False)
        elif not isinstance(statement, ast.If):
            yield ast.BinOp(node, ast.Add(), ast.Constant(1))
            yield ast.BinOp(node, ast.Sub(), ast.Constant(1))
            yield ast.Constant(0)

    def _of_axis(self, node: ast.Compare) -> Iterator[ast.expr]:
        """The other values of the axis of policy that the guard looks at."""
        (word,) = node.comparators
        assert isinstance(node.left, ast.Attribute)
        assert isinstance(word, ast.Constant)
        for value in dict.fromkeys(getattr(policy, node.left.attr) for policy in self.machine.policies):
            if value != word.value:
                yield ast.Compare(node.left, node.ops, [ast.Constant(value)])

    def _outcomes(self, function: ast.FunctionDef, rule: str) -> list[str]:
        """The other rules of the operation; where it has one rule alone, all that say what it never says."""
        own = [one.id for one in self.rules.values() if one.operation == self.rules[rule].operation]
        if len(own) == 1:
            own = [one.id for one in self.rules.values() if one.caller not in ("leaves", "parks")]
        return [one for one in own if one != rule]

    def rule_variants(self, id: str, constant: ast.AnnAssign) -> Iterator[tuple[str, ast.expr]]:
        """What might stand in place of a rule, each with the field that is changed."""
        rule, name = self.rules[id], self.machine.name
        makes_states = rule.operation == "create"  # a new machine has no queue, and its maker is not parked
        callers = ("leaves", "returns") if rule.caller == "leaves" else _CALLERS[name]
        for caller in callers:
            if caller != rule.caller and not makes_states and not (caller == "parks" and rule.operation != "wait"):
                errors = rule.errors or ((RuntimeError,) if caller == "raises" else ())
                yield f"the caller {rule.caller} -> {caller}", _changed(constant, caller=caller, errors=errors)
        for queue in _QUEUES[name] if not makes_states else ():
            if queue != rule.queue:
                errors = rule.errors or ((BrokenBarrierError,) if queue == "failed" else ())
                yield f"the queue {rule.queue} -> {queue}", _changed(constant, queue=queue, errors=errors)
        if rule.queue == "indexed":
            for order in ("arrival", "reversed", "any"):
                if order != rule.order:
                    yield f"the order {rule.order} -> {order}", _changed(constant, order=order)
        for position, due in enumerate(rule.errors):
            for error in self._errors:
                if error not in rule.errors:
                    errors = (*rule.errors[:position], error, *rule.errors[position + 1 :])
                    yield f"the error {due.__name__} -> {error.__name__}", _changed(constant, errors=errors)
            if len(rule.errors) > 1:
                errors = (*rule.errors[:position], *rule.errors[position + 1 :])
                yield f"the error {due.__name__} -> none", _changed(constant, errors=errors)
        if not rule.refuses and not makes_states:
            warns = not rule.warns
            yield f"it warns: {rule.warns} -> {warns}", _changed(constant, warns=warns, message="it is said")


def with_functions(machine: Machine, names: dict[str, Any]) -> Machine:
    """The machine with the functions and rules of its module taken from these names."""

    def taken(one: Operation) -> Operation:
        return replace(one, function=names[one.function.__name__])

    return replace(
        machine,
        create=names[machine.create.__name__],
        operations=tuple(map(taken, machine.operations)),
        withdraw=taken(machine.withdraw),
        rules=tuple(names[rule.id] for rule in machine.rules),
    )


def misreading(machine: Machine, name: str) -> Machine:
    """The machine with one observation read wrong."""
    observation = machine.observations[name]

    def wrong(*state: Any) -> int:
        value = observation.read(*state)
        return not value if isinstance(value, bool) else value + 1

    return replace(machine, observations={**machine.observations, name: replace(observation, read=wrong)})


def _variables(function: ast.FunctionDef, statement: Statement) -> dict[str, type]:
    """The parameters that are numbers or truths, with what they are, and the variables that a return may use."""
    kinds = {"int": int, "bool": bool}
    annotated = {one.arg: ast.unparse(one.annotation) for one in function.args.args if one.annotation is not None}
    found = {name: kinds[kind] for name, kind in annotated.items() if kind in kinds}
    for node in ast.walk(function) if isinstance(statement, ast.Return) else ():
        if isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Store):
            *numbers, _ = node.elts  # an operation's result: the state, then the rule
            found |= {one.id: int for one in numbers if isinstance(one, ast.Name)}
    return found


def _changed(constant: ast.AnnAssign, caller: str | None = None, **fields: Any) -> ast.Call:
    """The call that makes a rule, with the caller's fate and other fields replaced."""
    call = constant.value
    assert isinstance(call, ast.Call)
    arguments = list(call.args)
    if caller is not None:
        arguments[2] = ast.Constant(caller)
    keywords = {one.arg: one for one in call.keywords}
    for name, value in fields.items():
        keywords[name] = ast.keyword(name, _literal(value))
    return ast.Call(call.func, arguments, list(keywords.values()))


def _literal(value: str | bool | type | tuple[type, ...]) -> ast.expr:
    if isinstance(value, tuple):
        return ast.Tuple([_literal(one) for one in value], ast.Load())
    return name_node(value.__name__) if isinstance(value, type) else ast.Constant(value)


_NAMED: Final[dict[str, dict[str, Any]]] = {
    "latch": {
        "a token for each waiter": (
            "A count_down gives a waiter a token of the many that it needs: the count never falls.",
            ("count_down", "return count - 1, parked, L1", "return count, parked, L1"),
            ("count_down", "return 0, 0, L2", "return count, parked, L1"),
        ),
        "if for while": (
            "A waiter that any count_down wakes does not look at the count again, and goes on.",
            ("count_down", "return count - 1, parked, L1", "return count - 1, 0, L1"),
            ("L1", "", "queue='released'"),
        ),
        "a shared future": (
            "All wait for one future, and cancelling one waiter cancels it: here all go on.",
            ("withdraw", "return count, parked - 1, L9", "return count, 0, L9"),
            ("L9", "", "queue='released'"),
        ),
        "trapped in use": (
            "set_count does as it is told whoever is parked, and opens the gate for nobody.",
            ("set_count", "return count, parked, L5", "return n, parked, L5"),
            ("set_count", "return 0, 0, L5r", "return 0, parked, L5k"),
        ),
    },
    "barrier": {
        "no generation": (
            "The count of arrivals is not begun anew when the barrier trips.",
            ("wait", "return 0, broken, B2", "return parked, broken, B2"),
            ("wait", "return 0, broken, B2r", "return parked, broken, B2r"),
            ("wait", "return 0, broken, B2a", "return parked, broken, B2a"),
        ),
        "alone once": (
            "A barrier of one party is not begun anew.",
            ("wait", "return 0, broken, B2", "return (1 if parties == 1 else 0), broken, B2"),
        ),
        "a shared future": (
            "All wait for one future, and cancelling one waiter cancels it: here all fail.",
            ("withdraw", "return parked - 1, broken, B4", "return 0, broken, B4"),
            ("B4", "", "queue='failed', errors=BROKEN"),
        ),
        "aborted only in use": (
            "An abort with nobody parked is forgotten.",
            ("abort", "return 0, True, B6", "return 0, parked > 0 or broken, B6"),
        ),
    },
}
_NAMED_OF_APPLY: Final = {
    "a withdrawal goes on": (
        "Whoever is withdrawn goes on as well, as if it had returned: also if it was released before, with an index.",
        "if rule.caller in ('returns', 'returns an index', 'raises')",
        "if rule.caller != 'parks'",
    ),
}
_SHAPES: Final = {
    "latch.withdraw: return count, parked - 1, L9 -> return count, parked, L9": "A cancelled waiter stays counted.",
    "barrier.withdraw: return parked - 1, broken, B4 -> return parked, broken, B4": "A cancelled waiter stays counted.",
    "latch.set_count: return n, parked, L6 -> return count, parked, L6": "set_count does not move the gate.",
    "latch.L2: the queue released -> stays": "The last count_down wakes nobody.",
    "barrier.B2: the queue indexed -> stays": "The last arrival wakes nobody.",
}
"""What some of the generated mutants are, in the words of those who met them."""
