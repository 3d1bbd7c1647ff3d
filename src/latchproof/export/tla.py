"""The TLA+ module of a machine and its tasks, and the configuration with which TLC checks it.

Everything about the machine comes from its enumerated paths (`rows`); what stands here is how tasks queue. A constant
of the module can be given another value in the configuration; the number of calls cannot.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import z3

from latchproof.explore.fairness import name_of
from latchproof.export.rows import (
    AFTER,
    TASKS_PARKED,
    TASKS_RELEASED,
    ExportError,
    Model,
    Row,
    chosen_inputs,
    facts_read,
    heading,
)
from latchproof.export.terms import TLA, written
from latchproof_spec.machine import Operation
from latchproof_spec.step import Ending

_CENSUS = {TASKS_PARKED: "Cardinality(Queue)", TASKS_RELEASED: "Cardinality(Released)"}


def module(model: Model) -> str:
    """Return the module, which has the machine's name."""
    name = model.machine.name
    text = [
        f"---- MODULE {name} ----",
        *(f"\\* {line}" for line in heading(model)),
        "\\*",
        f"\\* The {name} together with the tasks that use it. A task is idle, parked at a position, or released with",
        "\\* an ending; owed[t] holds the claims by which task t must continue eventually. There is one action for",
        "\\* each path through an operation, named by its rule, with its guard simplified under the invariants below.",
        "EXTENDS Integers, FiniteSets",
        "",
        *_constants(model),
        "",
        f"VARIABLES {', '.join(_variables(model))}",
        f"vars == <<{', '.join(_variables(model))}>>",
        "",
        *_tasks(model),
        "",
        *_start(model),
        "",
    ]
    for operation in (*model.calls, model.machine.withdraw):
        for row in model.rows_of(operation):
            text += [*_action(model, row), ""]
        text += [*_operation(model, operation), ""]
    text += [*_next(model), "", *_claims(model), "===="]
    return "\n".join(text) + "\n"


def configuration(model: Model, *, fair: bool = True) -> str:
    """Return the configuration for TLC. Without fairness, the eventualities are expected to fail."""
    bounds = model.bounds
    lines = [
        f"\\* TLC: java -cp tla2tools.jar tlc2.TLC -config {model.machine.name}.cfg {model.machine.name}.tla",
        f"SPECIFICATION {'Fair' if fair else 'Spec'}",
        "CONSTANTS",
        f"    Tasks = {{{', '.join(name_of(task) for task in range(bounds.tasks))}}}",
        f"    Argument = {bounds.argument}",
    ]
    if _has_numbers(model):
        lines.append(f"    Highest = {bounds.highest_count}")
    if bounds.calls is not None:
        lines.append(f"    Calls = {bounds.calls}")
    lines += ["INVARIANTS", *(f"    {one.function}" for one in model.invariants)]
    eventualities = [] if bounds.calls is not None else list(model.eventualities)
    properties = [*(["every_step"] if _checks_steps(model) else []), *eventualities]
    lines += ["PROPERTIES", *(f"    {one}" for one in properties)] if properties else []
    return "\n".join(lines) + "\n"


def _checks_steps(model: Model) -> bool:
    return any(row.checks for row in model.rows)


def _has_numbers(model: Model) -> bool:
    return any(kind is int for operation in model.calls for kind in chosen_inputs(operation).inputs.values())


def _variables(model: Model) -> list[str]:
    return [*model.machine.state, "task", "owed", *([] if model.bounds.calls is None else ["left"])]


def _constants(model: Model) -> Iterator[str]:
    constants = {
        "Tasks": "the tasks that use it, a finite set",
        "Argument": f"its {model.machine.parameter} when it is made",
    }
    if _has_numbers(model):
        constants["Highest"] = "numbers that are arguments are -1 to this"
    if model.bounds.calls is not None:
        constants["Calls"] = "the number of calls that each task makes"
    yield "CONSTANTS"
    for name, meaning in constants.items():
        comma = "" if name == list(constants)[-1] else ","
        yield f"    {name + comma:<9} \\* {meaning}"
    for condition in model.accepted:
        yield f"ASSUME {written(condition, TLA, {model.machine.parameter: 'Argument'})}"
    for name, constant in model.constants.items():
        yield f"{name} == {written(constant, TLA, {model.machine.parameter: 'Argument'})}"


def _tasks(model: Model) -> Iterator[str]:
    yield from [
        'Idle == [is |-> "idle", at |-> 0]',
        'ParkedAt(position) == [is |-> "parked", at |-> position]',
        'ReleasedWith(ending) == [is |-> "released", at |-> ending]',
        'IsParked(t) == task[t].is = "parked"',
        "Queue == {t \\in Tasks : IsParked(t)}",
        'Released == {t \\in Tasks : task[t].is = "released"}',
        "Others(t) == Cardinality(Queue \\ {t})  \\* how many other tasks are parked",
        "Place(u, t) ==  \\* the position of u, once t has left",
        "    IF IsParked(t) /\\ task[t].at < task[u].at THEN task[u].at - 1 ELSE task[u].at",
        "Owe(t, caller, others) ==  \\* what a step of t owes to it, and to each of the parked",
        "    owed' = [u \\in Tasks |->",
        "        IF u = t THEN caller ELSE IF IsParked(u) THEN owed[u] \\cup others ELSE owed[u]]",
        "\\* endings that are not an index",
    ]
    for ending, code in codes(model).items():
        yield f"{label(ending)} == {code}"


def codes(model: Model) -> dict[Ending, int]:
    """Return a number for each ending that is not a number, below every index."""
    found: dict[Ending, int] = {}
    for row in model.rows:
        ending = row.given.ending if row.given is not None else 0
        if isinstance(ending, int):
            if ending < -1:
                raise ExportError(f"{row.name} gives {ending}, which is not an index")
        else:
            found.setdefault(ending, -2 - len(found))
    return found


def label(ending: Ending) -> str:
    """Return the name of an ending that is not an index."""
    return "Plain" if ending is None else ending.__name__ if isinstance(ending, type) else str(ending)


def _start(model: Model) -> Iterator[str]:
    yield "Init =="
    for name, term in model.start.items():
        yield f"    /\\ {name} = {written(term, TLA, {model.machine.parameter: 'Argument'})}"
    yield "    /\\ task = [t \\in Tasks |-> Idle]"
    yield "    /\\ owed = [t \\in Tasks |-> {}]"
    if model.bounds.calls is not None:
        yield "    /\\ left = [t \\in Tasks |-> Calls]"


def _parameters(inputs: Iterable[str]) -> str:
    return "".join(f", {name}" for name in inputs)


def _facts(operation: Operation) -> dict[str, str]:
    return facts_read(operation, TLA, "IsParked(t)", '(task[t].is = "released")')


def _can(model: Model, operation: Operation) -> list[str]:
    """Return the conditions on a task that can make the step."""
    has_calls = [] if model.bounds.calls is None else ["left[t] > 0"]
    if operation is not model.machine.withdraw:
        return ["task[t] = Idle", *has_calls]
    if model.machine.withdraws_early:  # also an idle task, whose call then ends before it arrives
        return [f"(task[t] = Idle => {condition})" for condition in has_calls]
    return ["task[t] # Idle"]


def _action(model: Model, row: Row) -> Iterator[str]:
    yield f"\\* {row.rule.sentence}"
    yield f"{row.name}(t{_parameters(row.operation.inputs)}) =="
    for condition in row.guard:
        yield f"    /\\ {_junct(written(condition, TLA))}"
    for name, after in row.after.items():
        yield f"    /\\ {name}' = {written(after, TLA)}"
    yield f"    /\\ task' = [u \\in Tasks |-> IF u = t THEN {_caller(row)} ELSE {_others(row)}]"
    yield f"    /\\ {_owed(row)}"
    if model.bounds.calls is not None:
        is_call = row.operation is not model.machine.withdraw
        yield f"    /\\ left' = {'[left EXCEPT ![t] = @ - 1]' if is_call else 'left'}"


def _caller(row: Row) -> str:
    return "ParkedAt(Others(t))" if row.rule.caller == "parks" else "Idle"


def _others(row: Row) -> str:
    place = "Place(u, t)" if row.rule.caller == "leaves" else "task[u].at"
    if row.given is None:
        return f"IF IsParked(u) THEN ParkedAt({place}) ELSE task[u]" if row.rule.caller == "leaves" else "task[u]"
    ending = {"position": place, "less": f"Others(t) - {place}", "ending": label(row.given.ending)}[row.given.kind]
    first = row.given.first
    if first is None:
        return f"IF IsParked(u) THEN ReleasedWith({ending}) ELSE task[u]"
    moved = f"IF {place} < {first} THEN ReleasedWith({ending}) ELSE ParkedAt({place} - {first})"
    return f"IF ~IsParked(u) THEN task[u] ELSE {moved}"


def _owed(row: Row) -> str:
    """Return that what a step owes is owed to the parked, and to a caller that parks; nothing to another caller."""
    if not row.owes:
        return "owed' = [owed EXCEPT ![t] = {}]"
    owing = " \\cup ".join(
        f'{{"{claim}"}}' if z3.is_true(condition) else f'{{c \\in {{"{claim}"}} : {written(condition, TLA)}}}'
        for claim, condition in row.owes.items()
    )
    return f"Owe(t, {owing if row.rule.caller == 'parks' else '{}'}, {owing})"


def _junct(text: str) -> str:
    return f"({text})" if " \\/ " in text else text


def _operation(model: Model, operation: Operation) -> Iterator[str]:
    is_call = operation is not model.machine.withdraw
    comment = "" if is_call else "  \\* the host cancels it"
    yield f"{operation.name}(t{_parameters(chosen_inputs(operation).inputs)}) =={comment}"
    yield from (f"    /\\ {condition}" for condition in _can(model, operation))
    yield "    /\\ " + " \\/ ".join(_made(row) for row in model.rows_of(operation))


def _made(row: Row) -> str:
    """Return the action of a row, with the call's arguments and what the host tells of it."""
    facts = _facts(row.operation)
    return f"{row.name}(t{_parameters(facts.get(name, name) for name in row.operation.inputs)})"


def _chosen(operation: Operation, quantifier: str = "\\E") -> str:
    """Return a choice of arguments."""
    domains = {bool: "BOOLEAN", int: "-1..Highest"}
    inputs = chosen_inputs(operation).inputs.items()
    return "".join(f"{quantifier} {name} \\in {domains[kind]} : " for name, kind in inputs)


def _next(model: Model) -> Iterator[str]:
    unchanged = [name for name in _variables(model) if name not in ("task", "owed")]
    yield from [
        "Continues(t) ==  \\* a released task runs",
        "    /\\ t \\in Released",
        "    /\\ task' = [task EXCEPT ![t] = Idle]",
        "    /\\ owed' = [owed EXCEPT ![t] = {}]",
        f"    /\\ UNCHANGED <<{', '.join(unchanged)}>>",
        "",
    ]
    # so that deadlocks can be looked for: without it, the end of all calls would be taken for one
    if model.bounds.calls is not None:
        yield from [
            "Ended ==  \\* all calls are made, and nothing more happens",
            "    /\\ \\A t \\in Tasks : task[t] = Idle /\\ left[t] = 0",
            "    /\\ UNCHANGED vars",
            "",
        ]
    yield "Next =="
    yield "    \\/ \\E t \\in Tasks :"
    for operation in (*model.calls, model.machine.withdraw):
        yield f"        \\/ {_chosen(operation)}{operation.name}(t{_parameters(chosen_inputs(operation).inputs)})"
    yield "        \\/ Continues(t)"
    if model.bounds.calls is not None:
        yield "    \\/ Ended"
    yield from [
        "",
        "Spec == Init /\\ [][Next]_vars",
        "Fair == Spec /\\ \\A t \\in Tasks : WF_vars(Continues(t))  \\* the host lets a released task run eventually",
    ]


def _claims(model: Model) -> Iterator[str]:
    for one in model.invariants:
        yield f"\\* {', '.join(one.claims)}: {one.name}"
        yield f"{one.function} == {written(one.holds, TLA, _CENSUS)}"
        yield ""
    if _checks_steps(model):
        yield "\\* What each step does, by the rule that applied."
        yield "every_step == [][\\A t \\in Tasks :"
        for row in model.rows:
            if row.checks:
                yield from _step(model, row)
        yield "    ]_vars"
    if model.bounds.calls is None:
        for claim, name in model.eventualities.items():
            yield ""
            yield f"\\* {claim}: {name}"
            yield f'{claim} == \\A t \\in Tasks : ("{claim}" \\in owed[t]) ~> ("{claim}" \\notin owed[t])'


def _step(model: Model, row: Row) -> Iterator[str]:
    names = {f"{AFTER}{name}": f"{name}'" for name in model.machine.state} | _facts(row.operation)
    chosen = _chosen(row.operation, "\\A")
    made = " /\\ ".join((*_can(model, row.operation), _made(row)))
    yield f"    /\\ {chosen}{made} =>"
    for check in row.checks:
        yield f"        /\\ {_junct(written(check.holds, TLA, names))}  \\* {', '.join(check.claims)}: {check.name}"
