"""Files that have Coq compute what Python computes, and fail to compile where the results differ.

The proofs are about the rendered text; that it means what the Python means is tried here. The functions run in Python,
on small numbers and short queues, under every policy, and each result is written as a term. Terms are written from
values, not from syntax trees, so a fault of the renderer does not repeat itself here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from inspect import isfunction, signature
from itertools import product
from typing import Any, Final, TypeAlias, get_type_hints

from latchproof.export.coq import LIBRARY
from latchproof_spec import step
from latchproof_spec.machine import Machine
from latchproof_spec.machines import MACHINES
from latchproof_spec.step import Rule, is_whole_number

NUMBERS: Final = range(-1, 4)
"""The numbers that are tried."""

NOT_NUMBERS: Final = (True, False)
"""What is tried in place of a number that a caller gives."""

LONGEST: Final = 4
"""The longest queue that is tried."""

_EACH: Final = "(*=*) "
"""What stands before each term that is compared, so that they can be counted."""

_HEAD: Final = """\
(* What Python computes, compared with what Coq computes. Made by {module}. *)
From Coq Require Import ZArith List Bool.
From {library} Require Import Py Step.
From {library} Require {machines}.
Import ListNotations.
Local Open Scope Z_scope.
"""


def comparisons() -> dict[str, str]:
    """Return the files, by their names without the suffix."""
    head = _HEAD.format(module=__name__, library=LIBRARY, machines=" ".join(map(_module, MACHINES.values())))
    every = {"Py": [("Py", list(_lists()))]}
    every |= {_module(machine): list(_of(machine)) for machine in MACHINES.values()}
    return {
        f"{name}Comparison": "\n".join([head, *(_compared(f"{name}_{one}", cases) for one, cases in parts)])
        for name, parts in every.items()
    }


def compared(text: str) -> int:
    """Return the number of results that a file compares."""
    return text.count(_EACH)


def _compared(name: str, cases: list[tuple[str, str]]) -> str:
    """Return a statement that each first term is the second."""
    left, right = (
        "\n  ".join(side) for side in zip(*((f"{_EACH}{one};", f"{two};") for one, two in cases), strict=True)
    )
    left, right = left.removesuffix(";"), right.removesuffix(";")
    return f"Example {name}_computes : [\n  {left}\n] = [\n  {right}\n].\nProof. vm_compute. reflexivity. Qed.\n"


def _lists() -> Iterator[tuple[str, str]]:
    """Yield what Python does with tuples, with the definition of `Py.v` for it; all as lists of numbers."""
    for length, n in product(range(LONGEST + 1), range(-LONGEST, LONGEST + 1)):
        items = tuple(range(10, 10 + length))
        yield f"py_upto {_number(n)} {_numbers(items)}", _numbers(items[:n])
        yield f"py_from {_number(n)} {_numbers(items)}", _numbers(items[n:])
        yield f"py_times {_number(n)} {_number(length)}", _numbers((n,) * length)
        yield f"py_range {_number(n)} {_number(length)}", _numbers(range(n, length))
        yield f"py_range_down {_number(length)} {_number(n)}", _numbers(range(length, n, -1))
        yield f"[@py_len Z {_numbers(items)}]", f"[{len(items)}]"
    for items, sought in product(((), (3,), (4, 3), (3, 4, 3)), (3, 4)):
        yield f"[Z.b2z (py_in {sought} {_numbers(items)})]", f"[{int(sought in items)}]"
        if sought in items:
            yield f"[py_index {sought} {_numbers(items)}]", f"[{items.index(sought)}]"


def _of(machine: Machine) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield what is compared of a machine: a name, and the cases."""
    yield "rules", [case for rule in machine.rules for case in _fields(machine, rule)]
    yield "apply", [case for rule in machine.rules for case in _applied(machine, rule)]
    domains = [*([_INTS] * len(machine.constants)), *(_DOMAINS[kind] for kind in machine.state.values())]
    for operation in machine.every_operation:
        inputs = [_BOOLS if kind is bool else _GIVEN for kind in operation.inputs.values()]
        yield operation.name, list(_calls(machine, operation.function, [*domains, *inputs]))
    yield "create", list(_created(machine))
    yield from _other_functions(machine)
    yield (
        "reaches",
        [
            (
                f"{_module(machine)}.reaches_released {_policy(machine, policy)} {_rule(machine, rule)}",
                _bool(machine.reaches_released(rule, policy)),
            )
            for policy, rule in product(machine.policies, machine.rules)
        ],
    )
    for name, observation in machine.observations.items():
        yield (
            f"reads_{name}",
            [
                (" ".join([f"{_module(machine)}.reads_{name}", *map(_plain, one)]), _plain(observation.read(*one)))
                for one in product(*(values for _, values in domains))
            ],
        )
        yield (
            f"counts_released_in_{name}",
            [
                (
                    f"{_module(machine)}.counts_released_in_{name} {_policy(machine, policy)}",
                    _bool(observation.counts_released(policy)),
                )
                for policy in machine.policies
            ],
        )


def _other_functions(machine: Machine) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield the functions beside those of the table in the module of the rules, as `invariant`."""
    module = import_module(machine.create.__module__)
    known = (machine.create, *(one.function for one in machine.every_operation))
    for name, function in vars(module).items():
        if isfunction(function) and function.__module__ == module.__name__ and function not in known:
            kinds = get_type_hints(function)
            yield (
                name,
                list(_calls(machine, function, [_DOMAINS[kinds[one]] for one in signature(function).parameters])),
            )


def _fields(machine: Machine, rule: Rule) -> Iterator[tuple[str, str]]:
    """Yield whether a rule has just the fields that it has in Python, each compared with every value."""
    name = _rule(machine, rule)
    for field, kind, words in (
        ("caller", "Caller", ("parks", "returns", "returns an index", "raises", "leaves")),
        ("queue", "Queue", ("stays", "released", "first", "indexed", "failed")),
        ("order", "IndexOrder", ("arrival", "reversed", "any", "one leads")),
    ):
        for word in words:
            constructor = f"{kind}_{word.replace(' ', '_')}"
            yield f"{kind}_beq (Rule_{field} {name}) {constructor}", _bool(getattr(rule, field) == word)
    for field in ("refuses", "heeds_parked", "warns"):
        yield f"Rule_{field} {name}", _bool(getattr(rule, field))
    errors = [error.__name__ for error in rule.errors]
    yield f"Rule_first {name} =? {rule.first}", "true"
    yield f"Nat.eqb (length (Rule_errors {name})) {len(errors)}%nat", "true"
    for place, error in enumerate(errors):
        yield f"Error_beq (nth {place} (Rule_errors {name}) IndexError) {error}", "true"


def _applied(machine: Machine, rule: Rule) -> Iterator[tuple[str, str]]:
    """Yield what a rule does to queues: who makes the step is parked at any place, or is not there."""
    for length in range(LONGEST + 1):
        queue = tuple(range(10, 10 + length))
        for who in (*queue, 99):
            after, resumed = step.apply(rule, queue, who)
            given = "; ".join(f"({call}, {_ending(ending)})" for call, ending in resumed)
            yield f"apply {_rule(machine, rule)} {_numbers(queue)} {who}", f"({_numbers(after)}, [{given}])"


def _calls(machine: Machine, function: Any, inputs: list[_Domain]) -> Iterator[tuple[str, str]]:
    """Yield what a function returns, for every choice of its inputs under every policy."""
    takes_policy = "policy" in signature(function).parameters
    for policy in machine.policies if takes_policy else (None,):
        for values in product(*(one for _, one in inputs)):
            result = function(*values, policy=policy) if takes_policy else function(*values)
            asked = [write(value) for (write, _), value in zip(inputs, values, strict=True)]
            if takes_policy:
                asked.append(_policy(machine, policy))
            yield " ".join([f"{_module(machine)}.{function.__name__}", *asked]), _result(machine, result)


def _created(machine: Machine) -> Iterator[tuple[str, str]]:
    """Yield what the constructor makes. What is refused may be kept as a constant, so constants are read as ints."""
    write, values = _GIVEN
    for value in values:
        constants, state, rule = machine.create(value)
        made = (tuple(map(int, constants)), state, rule)
        yield f"{_module(machine)}.create {write(value)}", _result(machine, made)


def _result(machine: Machine, value: object) -> str:
    match value:
        case ():
            return "tt"
        case (one,):
            return _result(machine, one)
        case tuple():
            return f"({', '.join(_result(machine, one) for one in value)})"
        case Rule():
            return _rule(machine, value)
    return _plain(value)


def _module(machine: Machine) -> str:
    return machine.name.capitalize()


def _rule(machine: Machine, rule: Rule) -> str:
    return f"{_module(machine)}.{rule.id}"


def _policy(machine: Machine, policy: object) -> str:
    """Return a policy by its place among the machine's, so that the rendered ones are compared too."""
    place = machine.policies.index(policy)
    return f"(nth {place} {_module(machine)}.POLICIES {_module(machine)}.LATCHPROOF)"


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return _bool(value)
    assert isinstance(value, int), value
    return _number(value)


def _ending(ending: step.Ending) -> str:
    if ending is None:
        return "Ends_plainly"
    return f"Ends_index {_number(ending)}" if isinstance(ending, int) else f"Ends_error {ending.__name__}"


def _bool(value: bool) -> str:
    return str(bool(value)).lower()


def _number(value: int) -> str:
    return f"({value})"


def _numbers(values: Iterable[int]) -> str:
    return f"[{'; '.join(map(_number, values))}]"


def _given(value: Any) -> str:
    """Return what a caller may give in place of a number."""
    return f"{{| is_whole_number := {_bool(is_whole_number(value))}; number := {_number(int(value))} |}}"


_Domain: TypeAlias = tuple[Callable[[Any], str], Iterable[Any]]
"""How values are written as terms, and which are tried."""

_INTS: Final[_Domain] = (_plain, NUMBERS)

_BOOLS: Final[_Domain] = (_plain, (False, True))

_GIVEN: Final[_Domain] = (_given, (*NUMBERS, *NOT_NUMBERS))

_DOMAINS: Final = {int: _INTS, bool: _BOOLS}
