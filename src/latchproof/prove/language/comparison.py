"""The functions of the specification, held against what the second interpreter says that their texts mean.

The prover says what a function does to symbols. That it does the same to numbers follows from the text being in the
subset (`subset`); here it is tried, too, without the subset and without the prover. Each operation, `create` and
`withdraw` run on numbers up to `MOST`, and `apply`, `endings` and `caller_ending` on queues of up to `LONGEST` tasks.
The results must be the same values of the same types.

Not every combination can be tried. Each number takes every value, while the others are near 0 and near it, since where
functions differ is mostly at such a boundary; small numbers are tried in every combination.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from itertools import product
from typing import Any, Final

from latchproof.prove.language.constants import NotAConstantError, fields_of, text_of
from latchproof.prove.language.interpreter import NotUnderstoodError, interpreted
from latchproof.prove.language.subset import QUEUES, Rejection, rejections, specified_machines

MOST, LONGEST, SMALL = 1000, 300, 5
"""The largest number, the longest queue, and the numbers below which every combination is tried."""

NOT_NUMBERS: Final = (True, False, 1.5, None, "1")
"""What is given in place of an argument that is a number."""

GATE: Final = "the second interpreter disagrees with"

BOUND: Final = (
    f"all numbers below {SMALL} (those that a call gives from -1) under every policy; each number to {MOST} with the "
    "others 0 or one less, under every policy that differs in what the function reads; each flag; each "
    f"rule's effect on each queue of 0..{LONGEST} tasks, where a task leaves either end or the middle, or is not there"
)
"""What is compared."""


@dataclass(frozen=True)
class Checked:
    """What was checked of the specification before anything is proved of it, and what was found to be wrong.

    `functions` is how many are in the subset, `results` how many are those of the second interpreter.
    """

    functions: int
    results: int
    wrong: tuple[Rejection, ...]


def check_specification() -> Checked:
    """Check that what the prover executes means on numbers what it means on symbols.

    Our classes are loaded first, in case they change it. A function that is outside of the subset is not compared.
    """
    for machine in specified_machines():
        module, _, name = machine.shell.partition(":")
        getattr(import_module(module), name)
    functions, wrong = rejections()
    results, differing = (0, []) if wrong else differences()
    return Checked(functions, results, (*wrong, *differing))


def differences() -> tuple[int, list[Rejection]]:
    """Return how many results were compared, and where one is not what the text says: the first of each function."""
    found: list[Rejection] = []
    number = 0
    for function, cases in cases_of(specified_machines()):
        try:
            meaning = interpreted(function.__module__, function.__name__)
        except (NotUnderstoodError, NotAConstantError) as error:
            found.append(_rejection(function, str(error)))
            continue
        for case in cases:
            number += 1
            here, there = _result(function, case), _result(meaning, case)
            if not _is_same(here, there):
                found.append(
                    _rejection(function, f"{_shown(case)} gives {_shown(here)}, its text says {_shown(there)}")
                )
                break
    return number, found


def cases_of(machines: list[Any]) -> Iterator[tuple[Any, Iterable[tuple[Any, ...]]]]:
    """Yield each function that is compared, with the arguments that it is given."""
    step = import_module(QUEUES)
    rules = [rule for machine in machines for rule in machine.rules]
    yield step.apply, _queues(rules)
    for function in (step.endings, step.caller_ending):
        yield function, product(rules, range(LONGEST + 1))
    yield step.is_whole_number, ((value,) for value in (*range(-2, MOST + 1), *NOT_NUMBERS))
    for machine in machines:
        yield machine.create, ((value,) for value in (*range(-2, MOST + 1), *NOT_NUMBERS))
        for operation in machine.every_operation:
            yield operation.function, _calls(machine, operation)


def _queues(rules: list[Any]) -> Iterator[tuple[Any, ...]]:
    effects = {(rule.caller, rule.queue, rule.first, rule.order, rule.errors[:1]): rule for rule in rules}
    for length in range(LONGEST + 1):
        queue = tuple(range(length))
        places = {0, length // 2, length - 1} & {*queue}
        for rule in rules if length < SMALL else effects.values():
            for who in (*places, length) if rule.caller == "leaves" else (length,):
                yield rule, queue, who


def _calls(machine: Any, operation: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the arguments of an operation's function: constants, state, what a call gives it, and a policy."""
    kinds = [*[int] * len(machine.constants), *machine.state.values(), *operation.inputs.values()]
    at = [place for place, kind in enumerate(kinds) if kind is int]
    given = set(range(len(machine.constants) + len(machine.state), len(kinds)))
    flags = list(product(*((False, True) if kind is bool else (0,) for kind in kinds)))
    axes = [axis for axis in fields_of(type(machine.policies[0])) if axis != "name"]
    read = set(axes) & _attributes(operation.function)
    for numbers, policies in (
        (_small(at, given), _distinct(machine.policies, axes)),
        (_large(at), _distinct(machine.policies, read)),
    ):
        for chosen, others, policy in product(numbers, flags, policies):
            yield (*(chosen.get(place, value) for place, value in enumerate(others)), policy)
    for place in given & set(at):
        for value in NOT_NUMBERS:
            yield (*(value if one == place else kind(1) for one, kind in enumerate(kinds)), machine.policies[0])


def _small(at: list[int], given: set[int]) -> Iterator[dict[int, int]]:
    """Yield small numbers, by the places that take one; those that a call gives may be negative."""
    for small in product(range(-1, SMALL), repeat=len(at)):
        if all(value >= 0 or place in given for place, value in zip(at, small, strict=True)):
            yield dict(zip(at, small, strict=True))


def _large(at: list[int]) -> Iterator[dict[int, int]]:
    """Yield each number at each place that takes one, with others that are near 0 or near it."""
    for place in at:
        rest = [one for one in at if one != place]
        for value in range(SMALL, MOST + 1):
            for others in product((0, value - 1), repeat=len(rest)):
                yield {place: value, **dict(zip(rest, others, strict=True))}


def _distinct(policies: Iterable[Any], axes: Iterable[str]) -> list[Any]:
    """Return one of all policies that are the same on these axes."""
    return list({tuple(getattr(one, axis) for axis in axes): one for one in policies}.values())


def _attributes(function: Any) -> set[str]:
    """Return the attributes that the text of a function reads."""
    nodes = text_of(function.__module__).bindings.get(function.__name__, [])
    return {one.attr for node in nodes for one in ast.walk(node) if isinstance(one, ast.Attribute)}


def _result(function: Callable[..., Any], case: tuple[Any, ...]) -> Any:
    """Return what a function returns, a range as a tuple; or the class of the error that it raises."""
    try:
        found = function(*case)
    except Exception as error:
        return type(error)
    return tuple(found) if type(found) is range else found


def _is_same(one: Any, other: Any, depth: int = 2) -> bool:
    """Return whether two results are equal, and of the very same types, as their parts and the parts of these are."""
    if type(one) is not type(other) or one != other:
        return False
    if type(one) is not tuple:
        return True
    types = [*map(type, one)]
    if types != [*map(type, other)]:
        return False
    return depth == 1 or tuple not in types or all(_is_same(*parts, 1) for parts in zip(one, other, strict=True))


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:50]}...{text[-20:]}"


def _rejection(function: Any, what: str) -> Rejection:
    try:
        file = text_of(function.__module__).file
    except NotAConstantError:
        file = str(function.__module__)
    return Rejection(file, function.__code__.co_firstlineno, function.__name__, what, GATE)
