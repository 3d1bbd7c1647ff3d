"""The Promela model of a machine and its tasks, which Spin verifies.

Everything about the machine comes from its enumerated paths (`rows`); what stands here is how tasks queue. For each
task there is a process that calls and is cancelled, which may also do nothing forever, and a process by which it
continues; so weak fairness of processes, as Spin has it, is weak fairness of the host alone. Every step is a `d_step`,
so that the states that Spin stores are those of the machine and its tasks, and no others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

import z3

from latchproof.explore.system import choices
from latchproof.export.rows import (
    AFTER,
    TASKS_PARKED,
    TASKS_RELEASED,
    Model,
    Row,
    chosen_inputs,
    facts_read,
    heading,
)
from latchproof.export.terms import PROMELA, written
from latchproof.export.tla import codes, label
from latchproof.prove.paths import bool_term, check_sat, symbol
from latchproof_spec.machine import Operation

_NEW = "new_"
_TYPES = {int: "short", bool: "bool"}


def promela(model: Model) -> str:
    """Return the model, with its bounds."""
    name = model.machine.name
    first, *others = heading(model)
    lines = [
        f"/* {first}",
        *(f" * {line}" for line in others),
        " *",
        f" * The {name} together with the tasks that use it. A task is idle, parked at a position, or released with an",
        " * ending; owed_C[t] says that by claim C task t must continue eventually. There is one inline for each path",
        " * through an operation, named by its rule, with its guard simplified under the invariants below.",
        " *",
        f" * Safety:   spin -a {name}.pml && cc -O2 -DSAFETY -DNOREDUCE -DNOCLAIM -o pan pan.c && ./pan -m1000000",
        f" * Liveness: spin -a {name}.pml && cc -O2 -DNOREDUCE -DNFAIR=3 -o pan pan.c && ./pan -m1000000 -a -f -N C",
        " */",
        f"#define TASKS {model.bounds.tasks}",
        "#define IDLE 0",
        "#define PARKED 1",
        "#define RELEASED 2",
        *(f"#define {label(ending)} ({code})" for ending, code in codes(model).items()),
        *(f"#define {constant} {_number(model, value)}" for constant, value in model.constants.items()),
        "",
        *_variables(model),
        "",
        *_looking(model),
        "",
    ]
    for operation in (*model.calls, model.machine.withdraw):
        for row in model.rows_of(operation):
            lines += [*_inline(model, row), ""]
    lines += [*_processes(model), *_eventualities(model)]
    return "\n".join(lines) + "\n"


def _number(model: Model, value: z3.ExprRef) -> str:
    """Return a term in the constructor's argument, with the number of the bounds for it."""
    argument = (z3.Int(model.machine.parameter), z3.IntVal(model.bounds.argument))
    return written(z3.simplify(z3.substitute(value, argument)), PROMELA)


def _variables(model: Model) -> Iterator[str]:
    for name, kind in model.machine.state.items():
        yield f"{_TYPES[kind]} {name} = {_number(model, model.start[name])};"
    yield "byte is[TASKS] = IDLE;"
    yield "short at[TASKS] = 0;  /* the position of a task that is parked, the ending of one that is released */"
    for claim in model.eventualities:
        yield f"bool owed_{claim}[TASKS] = false;"
    if model.bounds.calls is not None:
        yield f"byte left[TASKS] = {model.bounds.calls};  /* calls */"
    yield ""
    yield "/* scratch: not part of a state */"
    for name in (*(_NEW + name for name in model.machine.state), TASKS_PARKED, TASKS_RELEASED, "place", "u"):
        yield f"hidden short {name};"


def _looking(model: Model) -> list[str]:
    """Return what checks every state, from a task that does nothing. The symbols of a census are its variables."""
    return [
        "inline look() {",
        "    tasks_parked = 0; tasks_released = 0; u = 0;",
        "    do",
        "    :: u < TASKS -> tasks_parked = tasks_parked + (is[u] == PARKED);",
        "        tasks_released = tasks_released + (is[u] == RELEASED); u++",
        "    :: else -> break",
        "    od;",
        *(
            f"    assert({written(one.holds, PROMELA)});  /* {', '.join(one.claims)}: {one.name} */"
            for one in model.invariants
        ),
        "    u = 0",
        "}",
    ]


def _facts(operation: Operation) -> dict[str, str]:
    return facts_read(operation, PROMELA, "(is[t] == PARKED)", "(is[t] == RELEASED)")


def _inline(model: Model, row: Row) -> Iterator[str]:
    operation = row.operation
    names = _facts(operation)
    parameters = "".join(f", {name}" for name in chosen_inputs(operation).inputs)
    yield f"/* {row.rule.sentence} */"
    yield f"inline {row.name}(t{parameters}) {{"
    for name, after in row.after.items():
        yield f"    {_NEW}{name} = {written(after, PROMELA, names)};"
    after_names = names | {AFTER + name: _NEW + name for name in model.machine.state}
    for check in row.checks:
        text = written(check.holds, PROMELA, after_names)
        yield f"    assert({text});  /* {', '.join(check.claims)}: {check.name} */"
    yield from _queue(model, row, names)
    for name in model.machine.state:
        yield f"    {name} = {_NEW}{name};"
    if model.bounds.calls is not None and operation is not model.machine.withdraw:
        yield "    left[t] = left[t] - 1;"
    yield "    u = 0"
    yield "}"


def _queue(model: Model, row: Row, names: Mapping[str, str]) -> Iterator[str]:
    """Yield what becomes of the tasks: first of the others, which need to know where the caller was."""
    leaves = row.rule.caller == "leaves"
    if row.rule.caller == "parks" or row.given is not None:
        yield from [
            "    tasks_parked = 0; u = 0;  /* how many other tasks are parked */",
            "    do",
            "    :: u < TASKS -> tasks_parked = tasks_parked + (u != t && is[u] == PARKED); u++",
            "    :: else -> break",
            "    od;",
        ]
    owing = {claim: written(condition, PROMELA, names) for claim, condition in row.owes.items()}
    effects = [_given(row, leaves)] if leaves or row.given is not None else []
    effects += [f"owed_{claim}[u] = owed_{claim}[u] || ({condition});" for claim, condition in owing.items()]
    if effects:
        yield from [
            "    u = 0;",
            "    do",
            "    :: u < TASKS && u != t && is[u] == PARKED ->",
            *(f"        {effect}" for effect in effects),
            "        u++",
            "    :: u < TASKS && (u == t || is[u] != PARKED) -> u++",
            "    :: else -> break",
            "    od;",
        ]
    parks = row.rule.caller == "parks"
    for claim in model.eventualities:
        yield f"    owed_{claim}[t] = {f'({owing[claim]})' if parks and claim in owing else 'false'};"
    yield f"    is[t] = {'PARKED' if parks else 'IDLE'};"
    yield f"    at[t] = {'tasks_parked' if parks else '0'};"


def _given(row: Row, leaves: bool) -> str:
    """Return what becomes of another task that is parked, if it does not just stay."""
    place = "place = at[u] - (is[t] == PARKED && at[t] < at[u]);" if leaves else "place = at[u];"
    if row.given is None:
        return f"{place} at[u] = place;"
    ending = {"position": "place", "less": "tasks_parked - place", "ending": label(row.given.ending)}[row.given.kind]
    first = row.given.first
    if first is None:
        return f"{place} is[u] = RELEASED; at[u] = {ending};"
    status = f"is[u] = (place < {first} -> RELEASED : PARKED);"
    return f"{place} {status} at[u] = (place < {first} -> {ending} : place - {first});"


def _guard(row: Row, names: Mapping[str, str]) -> list[str]:
    return [f"({written(condition, PROMELA, names)})" for condition in row.guard]


def _processes(model: Model) -> Iterator[str]:
    owed = " ".join(f"owed_{claim}[t] = false;" for claim in model.eventualities)
    # macros, because an inline with a loop would begin in a state to which it never returns
    yield from [
        *_macro("user", _user(model)),
        "",
        *_macro("host", [f":: d_step {{ is[t] == RELEASED -> is[t] = IDLE; at[t] = 0; {owed} }}"]),
        "",
    ]
    for task in range(model.bounds.tasks):
        yield f"active proctype user_{task}() {{ user({task}) }}"
        yield f"active proctype host_{task}() {{ host({task}) }}"


def _macro(name: str, choices_: Iterable[str]) -> list[str]:
    """Return a loop of choices, for a task t."""
    return [f"#define {name}(t) \\", "    do \\", *(f"    {choice} \\" for choice in choices_), "    od"]


def _user(model: Model) -> Iterator[str]:
    for operation in (*model.calls, model.machine.withdraw):
        can = _can(model, operation)
        tried = choices(chosen_inputs(operation), model.bounds.highest_count)
        for row, arguments in product(model.rows_of(operation), tried):
            values = {name: _literal(value) for name, value in arguments.items()}
            if not _never(row, arguments):
                given = "".join(f", {value}" for value in values.values())
                when = " && ".join((*can, *_guard(row, values | _facts(operation))))
                yield f":: d_step {{ {when or 'true'} -> {row.name}(t{given}) }}"
    yield ":: d_step { true -> look() }"


def _can(model: Model, operation: Operation) -> list[str]:
    """Return the conditions on a task that can make the step."""
    has_calls = [] if model.bounds.calls is None else ["left[t] > 0"]
    if operation is not model.machine.withdraw:
        return ["is[t] == IDLE", *has_calls]
    if model.machine.withdraws_early:  # also an idle task, whose call then ends before it arrives
        return [f"(is[t] != IDLE || {condition})" for condition in has_calls]
    return ["is[t] != IDLE"]


def _never(row: Row, arguments: Mapping[str, Any]) -> bool:
    """Return whether the guard refuses these arguments in every state."""
    given = [symbol(name, type(value)) == value for name, value in arguments.items()]
    return bool(check_sat(*row.guard, *map(bool_term, given)) == z3.unsat)


def _literal(value: int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else f"({value})" if value < 0 else str(value)


def _eventualities(model: Model) -> Iterator[str]:
    """Yield the eventualities of the first task; all tasks are the same."""
    if model.bounds.calls is None:
        for claim, name in model.eventualities.items():
            yield from [
                "",
                f"/* {claim}: {name} */",
                f"#define is_owed_{claim} (owed_{claim}[0])",
                f"ltl {claim} {{ [] (is_owed_{claim} -> <> (!is_owed_{claim})) }}",
            ]
