"""The mutants of a machine: what would be wrong with the specification, if it were wrong by a little.

A claim that no fault breaks says nothing, and a fault that breaks no claim would go unnoticed. So both are tried: this
module makes the faults, and `latchproof mutants` puts them to the claims and compares them with the original.

Most are generated: from the syntax tree of the machine's rules, from the fields of each rule, and from the functions of
`step.py` that say what a rule does to tasks. The named ones have gone wrong in released software. And each observation
is read wrong, which shows that what judges running code looks at it.

A mutant's ID is the statement that it changes, before and after, and so stays the same when lines move.

>>> from latchproof_spec.machines import MACHINES
>>> mutants = {one.id: one for machine in MACHINES.values() for one in generated(machine)}
>>> mutant = mutants["barrier.withdraw: return parked, broken, B5 -> return parked - 1, broken, B5"]
>>> mutant.machine.withdraw.function(3, 2, False, False, True)
(1, False, B5)
"""

import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any, Final

from latchproof.explore.completeness import CALLERS, ORDERS, QUEUES
from latchproof.mutants.mutant import Mutant, rules_module
from latchproof.mutants.mutator import Edit, Source
from latchproof.mutants.named import NAMED, NAMED_OF_APPLY, NICKNAMES
from latchproof.mutants.rule_faults import rule_faults, with_keywords
from latchproof.mutants.task_faults import TASK_FAULTS, Queue, Released, Resumed
from latchproof_spec import step
from latchproof_spec.machine import Machine, Operation
from latchproof_spec.step import Rule

OF_APPLY: Final = ("endings", "caller_ending", "apply")
"""The functions of `step.py` that say what a rule does to tasks."""


def mutants(machine: Machine, every: int = 1) -> tuple[Mutant, ...]:
    """Return the mutants of a machine: the named ones, then the generated ones or the first of each `every` of them.

    Raises LookupError where a named one no longer fits the specification.
    """
    return (*named(machine), *generated(machine, every))


def generated(machine: Machine, every: int = 1) -> Iterator[Mutant]:
    """Yield the mutants of one edit that the syntax trees suggest; with `every`, the first of each so many."""
    return (make() for make in islice(_made(machine), 0, None, every))


def _made(machine: Machine) -> Iterator[Callable[[], Mutant]]:
    """Yield what makes each of them: to compile one takes longer than to find where it can be."""
    source = machine_source(machine)
    for edit in source.edits():
        name = f"{machine.name}.{edit.place}: {edit.before} -> {edit.after}"
        sentence = f"{edit.place} has `{edit.after}` where `{edit.before}` should stand."
        yield partial(_of_machine, name, f"{NICKNAMES.get(name, '')} {sentence}".lstrip(), [edit], source, machine)
    for rule in machine.rules:
        constant = source.constants[rule.id]
        for change, new in rule_faults(machine, rule, constant):
            name, edits = f"{machine.name}.{rule.id}: {change}", [Edit(rule.id, constant, new)]
            yield partial(
                _of_machine, name, f"By the rule {rule.id} of {rule.operation}: {change}.", edits, source, machine
            )
    source = step_source()
    for edit in source.edits():
        name = f"{machine.name}, step.{edit.place}: {edit.before} -> {edit.after}"
        sentence = f"{edit.place} has `{edit.after}` where `{edit.before}` should stand."
        yield partial(_of_apply, name, sentence, edit, source, machine)


def named(machine: Machine) -> Iterator[Mutant]:
    """Yield the faults of the tables, and one for each observation of the machine."""
    source = machine_source(machine)
    for name, (sentence, *changes) in NAMED.get(machine.name, {}).items():
        edits = [named_edit(source, *change) for change in changes]
        yield _of_machine(f"{machine.name}: {name}", sentence, edits, source, machine)
    for name, (fault, is_possible) in TASK_FAULTS.items():
        if is_possible(machine):
            sentence = " ".join((fault.__doc__ or "").split())
            yield Mutant(f"{machine.name}: {name}", f"{step.__name__}.apply", sentence, 1, machine, fault)
    source = step_source()
    for name, (sentence, before, after) in NAMED_OF_APPLY.items():
        yield _of_apply(f"{machine.name}: {name}", sentence, source.edit(before, after), source, machine)
    for name in machine.observations:
        place = f"{rules_module(machine).__package__}.machine.{machine.name.upper()}"
        sentence = f"{name} is read wrong: one too many, or the opposite."
        yield Mutant(f"{machine.name}: {name} misread", place, sentence, 1, misreading(machine, name))


def machine_source(machine: Machine) -> Source:
    """Return the syntax tree of a machine's rules."""
    policies = machine.policies
    axes = [axis for axis in type(policies[0]).__slots__ if axis != "name"]
    words = [tuple(dict.fromkeys(getattr(policy, axis) for policy in policies)) for axis in axes]
    functions = [one.function for one in machine.every_operation]
    names = [*(function.__name__ for function in functions), machine.create.__name__]
    return Source(rules_module(machine), names, words, {rule.id: _other_rules(machine, rule) for rule in machine.rules})


def step_source() -> Source:
    """Return the syntax tree of `step.py`."""
    return Source(step, OF_APPLY, (CALLERS, QUEUES, ORDERS), about_queues=True)


def named_edit(source: Source, place: str, before: str, after: str) -> Edit:
    """Return the edit of a named fault: in a function one statement for another, of a rule one keyword for others."""
    if place in source.functions:
        return source.edit(before, after, place)
    constant = source.constants[place]
    return Edit(place, constant, with_keywords(constant, before, after))


def _other_rules(machine: Machine, rule: Rule) -> list[str]:
    """Return the other rules of the operation; where it has no other, all that say what it never says."""
    others = [one.id for one in machine.rules if one.operation == rule.operation and one is not rule]
    return others or [one.id for one in machine.rules if one.caller not in ("leaves", "parks") and one is not rule]


def _of_machine(name: str, sentence: str, edits: Sequence[Edit], source: Source, machine: Machine) -> Mutant:
    faulty = with_functions(machine, source.names_with(edits))
    place, text = source.place_of(edits[0]), partial(source.text_with, edits)
    return Mutant(name, place, sentence, len(edits), faulty, text=text)


def _of_apply(name: str, sentence: str, edit: Edit, source: Source, machine: Machine) -> Mutant:
    apply = source.names_with([edit])["apply"]

    def task_fault(rule: Rule, queue: Queue, who: Any, released: Released) -> tuple[Queue, Resumed]:
        left, resumed = apply(rule, queue, who)
        return left, resumed

    text = partial(source.text_with, [edit])
    return Mutant(name, source.place_of(edit), sentence, 1, machine, task_fault, apply, step_text=text)


def with_functions(machine: Machine, names: dict[str, Any]) -> Machine:
    """Return the machine with the functions and rules of its module taken from these names."""

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
    """Return the machine with one observation read wrong."""
    right = machine.observations[name]
    constants, state, _ = machine.create(machine.smallest)
    is_bool = isinstance(right.read(*constants, *state), bool)

    def read(*state: Any) -> Any:
        value = right.read(*state)
        return operator.ne(value, True) if is_bool else value + 1  # not `not`: the prover reads it of symbols

    return replace(machine, observations={**machine.observations, name: replace(right, read=read)})
