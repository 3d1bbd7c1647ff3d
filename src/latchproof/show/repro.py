"""A trace as a standalone test, for a bug report: it needs only the target, its event loop and pytest.

The schedule becomes a program: a call is a task, and a step of the event loop is one turn of it. A turn runs *every*
task that is ready, where the schedule may run only one; so the program is tried here before it is written. If it does
not end as the trace did, a program for asyncio makes the steps one by one; if that does not either, there is none.
Then `shortest_reproduction` tries the other runs that a check has kept: those of the same length, then those for other
claims.

A test names no folder: it imports the target from where it stands itself, or as the module that it is, and says so.
"""

import os
import re
import subprocess
import sys
import tempfile
from dataclasses import replace
from inspect import getsource
from pathlib import Path
from textwrap import indent

from latchproof.check.choices import TIME_PASSES
from latchproof.check.harness import HandledError
from latchproof.check.history import SEEN_ONCE, EventData, describe
from latchproof.check.trace import Trace
from latchproof.check.verdict import Verdict
from latchproof.show.dialects import CALL, DIALECTS, IN_EXCEPT, Dialect
from latchproof.show.words import CannotRenderError, alternatives, judged_by
from latchproof_spec.machines import sentence_of
from latchproof_spec.models import SHIPPED

SECONDS = 60
"""Time that a program may take, in seconds."""

MANY_TURNS = 20
"""Turns that a call is given to end, before the test concludes that it is still waiting."""


TASKS = ("call ", "early ", "except ")
"""How the words of a schedule begin that make a task."""

WAITING = "'still waiting'"
"""What a program says of a call that has not ended."""


def shortest_reproduction(verdict: Verdict) -> tuple[str, str]:
    """Return the test for the shortest run of which one can be made, and why it is not the shortest run of all, if so.

    Raise CannotRenderError if there is none.
    """
    first: tuple[Trace, CannotRenderError] | None = None
    for trace in verdict.alternatives:
        try:
            note = "" if first is None else _instead(trace, *first)
            return reproduction(trace, note), note
        except CannotRenderError as error:
            first = first or (trace, error)
    assert first is not None
    raise first[1]


def _instead(trace: Trace, shortest: Trace, reason: CannotRenderError) -> str:
    which = "another run of that length" if trace.claim == shortest.claim else f"a run that breaks {trace.claim}"
    return f"no test can be made of the shortest run, which breaks {shortest.claim} ({reason}); this is {which}"


def reproduction(trace: Trace, note: str = "") -> str:
    """Return the source of a test that fails where the trace's fault is, and passes where it is not.

    `note` is added to what the test says of itself. Raise CannotRenderError if no program shows the fault, or if none
    can be written for the trace's host.
    """
    if trace.host not in DIALECTS:
        raise CannotRenderError(f"tests are written for {', '.join(DIALECTS)}, not for {trace.host}")
    if trace.seen_once:
        raise CannotRenderError(f"the run was {SEEN_ONCE}")
    ending: str | None = None
    for dialect in DIALECTS[trace.host]:
        source = _source(trace, dialect, note)
        ending = _run(source + f"\n\n{_function(trace)}()\n", _module(trace.target)[1])
        if ending is None:
            return source
    raise CannotRenderError(
        "as a plain program, in which a turn of the event loop runs every ready task, the run does not show the "
        f"fault: {ending}"
    )


def _run(source: str, beside: Path | None) -> str | None:
    """Return None if the program fails by its assertion, else the last line that it printed.

    It finds its target in the folder `beside`, if that is given, as it will in its own.
    """
    folders = [*([] if beside is None else [str(beside)]), os.getcwd(), os.environ.get("PYTHONPATH", "")]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reproduction.py"
        path.write_text(source, encoding="utf-8")
        try:
            done = subprocess.run(
                [sys.executable, str(path)], capture_output=True, text=True, timeout=SECONDS, check=False,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)},
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return f"it does not end within {SECONDS} s"
    if done.returncode != 0 and "AssertionError" in done.stderr:
        return None
    return (done.stderr.strip().splitlines() or ["it passes"])[-1]


def _function(trace: Trace) -> str:
    return re.sub(r"\W+", "_", f"test_{trace.machine}_{trace.claim.lower()}")


def _module(target: str) -> tuple[str, Path | None]:
    """Return the module that a target is imported from, and for a file the folder in which Python finds that."""
    name = target.rpartition(":")[0]
    if not name.endswith(".py"):
        return name, None
    path = Path(name).resolve()
    parts, folder = [path.stem], path.parent
    if path.is_file() and re.search(r"^\s*from\s+\.", path.read_text(encoding="utf-8"), re.MULTILINE):
        while (folder / "__init__.py").is_file():  # it is a part of a package
            parts.insert(0, folder.name)
            folder = folder.parent
    return ".".join(parts), folder


def _made(trace: Trace) -> str:
    """Return how a program makes what it calls."""
    made = f"{_import(trace.target)[1]}({trace.argument if trace.parameter else ''})"
    driven = _wrapper(trace)
    return made if driven is None else f"{driven.__name__}({made})"


def _wrapper(trace: Trace) -> type | None:
    """Return the class that makes what is driven of an object, if there is one."""
    shipped = None if trace.model else SHIPPED.get(trace.machine)
    driven = None if shipped is None else shipped.driven
    assert driven is None or isinstance(driven, type)  # its source stands in the program
    return driven


def _driven(trace: Trace) -> str:
    """Return the source of the class that makes what is driven, "" if there is none."""
    driven = _wrapper(trace)
    return "" if driven is None else re.sub(r"(\w+): \w+(?=[,)])|(?<=\)) -> \w+(?=:)", r"\1", getsource(driven))


def _member(trace: Trace, name: str, of: str = "it") -> str:
    """Return an operation or a reading of what is driven."""
    if not trace.objects:
        return f"{of}.{trace.own_name(name)}"
    place, own = trace.objects.get(name, (0, trace.own_name(name)))
    return f"{of}[{place}].{own}"


def _import(target: str) -> tuple[str, str]:
    """Return how the target is imported, and by which name it is then called."""
    module, attribute = _module(target)[0], target.rpartition(":")[2]
    first = attribute.partition(".")[0]
    if not all(part.isidentifier() for part in module.split(".")):  # a space or a hyphen cannot follow `import`
        return f"import importlib\n\n{first} = importlib.import_module({module!r}).{first}", attribute
    return f"from {module} import {first}", attribute


def _where(target: str) -> str:
    """Return where the target must be for the test to find it."""
    module, folder = _module(target)
    if folder is None:
        return f"It imports {module}, which must be installed or lie beside this file."
    package, _, rest = module.partition(".")
    return f"Put {package if rest else f'{package}.py'} beside this file."


def _source(trace: Trace, dialect: Dialect, note: str) -> str:
    imported = _import(trace.target)[0]
    frame = dialect.frame.format(made=_made(trace), body=indent("\n".join(_program(trace, dialect)), "    "))
    body = indent("\n".join(filter(None, (_driven(trace), _calls(trace, dialect), frame))), "    ")
    folder, _, name = trace.target.rpartition(":")
    made = replace(trace, target=f"{Path(folder).name}:{name}").made
    more = "".join(f"{one}\n" for one in (_where(trace.target), note and f"{note[0].upper()}{note[1:]}.") if one)
    return f'''"""{made}: {trace.seen}.

Allowed is {alternatives(trace.allowed)}.
{trace.claim}: {sentence_of(trace.claim, trace.machine, trace.policy)}

Found by latchproof on Python {trace.python}, on {trace.host}, judged by the {judged_by(trace)}.
{more}"""

{dialect.imports}

{imported}


def {_function(trace)}():
    ended = {{}}  # how each call ended

{body}'''


def _calls(trace: Trace, dialect: Dialect) -> str:
    """Return the function that makes the calls of a task, one after another."""
    again = _calls_after_cancellation(trace)
    if again and not dialect.recover:
        raise CannotRenderError("a task calls again after its call was cancelled")
    call = CALL.format(cancelled=dialect.cancelled, after=dialect.recover if again else "raise")
    if again and dialect.scope:
        call = f"{dialect.scope}\n{indent(call, '    ')}"
    calls = f"async def calls(*todo):\n    for number, method, *arguments in todo:\n{indent(call, '        ')}"
    calls = f"scopes = {{}}\n\n{calls}" if again and dialect.scope else calls
    return f"{IN_EXCEPT}\n{calls}" if any(begin.get("handling") for begin in _begun(trace).values()) else calls


def _program(trace: Trace, dialect: Dialect) -> list[str]:
    """Return the body: the schedule's actions in order, then the assertion that the trace's last event breaks."""
    begun = _begun(trace)
    tasks = _tasks(trace)
    others = [choice.removeprefix("other ") for choice in trace.schedule if choice.startswith("other ")]
    lines = [f"other = {_made(trace)}"] if others else []
    if trace.is_eager and not dialect.eager:
        raise CannotRenderError("the tasks that the class starts are eager")
    lines += [dialect.eager] if trace.is_eager else []
    make_task = dialect.plain_task if trace.is_eager else dialect.task
    gates = _gates(trace)
    if gates and not dialect.gate:
        raise CannotRenderError("a task calls again in a later step")
    lines += [f"{gate} = {dialect.gate}" for gate in gates.values()]
    task_of_call = {call: f"task{calls[0]}" for calls in tasks for call in calls}
    words = _with_orders(trace.schedule)
    times = (event["seconds"] for event in trace.events if event["kind"] == "time")
    calls_of = dict(zip(_in_order_of_first_steps(words), tasks, strict=False))
    for position, choice in enumerate(words):
        if choice in dialect.words:
            lines.append(dialect.words[choice])
        elif choice.startswith(TASKS):
            if position not in calls_of:
                continue  # a task that never ran
            calls = calls_of[position]
            cancel = dialect.cancel.format(name=f"task{calls[0]}")
            before = f"('before', lambda: {cancel}), " if begun[calls[0]].get("cancelled") else ""
            todo = before + ", ".join(
                (f"({gates[call]!r}, {gates[call]}.wait), " if call in gates else "")
                + _call(trace, begun[call], dialect)
                for call in calls
            )
            lines += make_task.format(name=f"task{calls[0]}", todo=todo).splitlines()
        elif choice.startswith("other "):
            operation, _, arguments = choice.removeprefix("other ").rstrip(")").partition("(")
            name = f"other{sum(line.startswith('other') for line in lines)}"
            todo = ", ".join([repr(name), _member(trace, operation, "other"), *([arguments] if arguments else [])])
            lines += make_task.format(name=name, todo=f"({todo})").splitlines()
        elif choice == TIME_PASSES:
            lines += _passing(next(times), dialect)
        elif choice.startswith("again "):
            lines += [f"{gates[call]}.set()" for call in gates if begun[call]["again"] == int(choice.split()[1])]
        elif choice.startswith("cancel "):
            call = int(choice.split()[1])
            in_scope = dialect.scope and _calls_after_cancellation(trace)
            lines.append(dialect.cancel.format(name=f"scopes[{call}]" if in_scope else task_of_call[call]))
    return [*lines, *_assertion(trace, dialect)]


def _passing(seconds: float, dialect: Dialect) -> list[str]:
    """Return how time passes."""
    if not dialect.time:
        raise CannotRenderError(f"{seconds:g} s pass in the run, which this program would have to wait")
    return dialect.time.format(seconds=seconds).splitlines()


def _call(trace: Trace, begin: EventData, dialect: Dialect) -> str:
    """Return what a task is told of one call: its number, the method and the arguments."""
    method = _member(trace, begin["operation"])
    if "passes" in begin:
        method = f"lambda *given: {method}(*given, ended[{begin['passes']}])"
    if handling := begin.get("handling"):
        errors = {HandledError.__name__: "Exception('handled')", **dialect.errors}
        if handling not in errors:
            raise CannotRenderError(f"a call is made in the except block for {handling}")
        method = f"in_except, {errors[handling]}, {method}"
    return f"({', '.join([str(begin['call']), method, *map(repr, begin['arguments'])])})"


def _gates(trace: Trace) -> dict[int, str]:
    """Return what each call waits for that a task makes in a later step, by a name."""
    later = {int(word.split()[1]) for word in trace.schedule if word.startswith("again ")}
    return {call: f"gate{call}" for call, begin in _begun(trace).items() if begin.get("again") in later}


def _calls_after_cancellation(trace: Trace) -> bool:
    """Return whether a task makes a call after another of its calls was cancelled."""
    cancelled = {event["call"] for event in trace.events if event.get("how") == "cancelled"}
    return any(begin.get("again") in cancelled for begin in _begun(trace).values())


def _begun(trace: Trace) -> dict[int, EventData]:
    """Return the beginning of each call."""
    return {event["call"]: event for event in trace.events if event["kind"] == "begin"}


def _with_orders(schedule: tuple[str, ...]) -> list[str]:
    """Return the schedule with the order of each pass said where the pass begins; a schedule says it later.

    Raise CannotRenderError if something happens during a pass, which no task of a program can do.
    """
    words: list[str] = []
    in_pass = False
    for word in schedule:
        if word == "reversed":
            latest = max(position for position, one in enumerate(words) if one == "pass")
            words[latest] = "pass reversed"
        else:
            if in_pass and word == "run" and words[-1] not in ("run", "pass", "pass reversed"):
                raise CannotRenderError("a call is made or cancelled during a pass")
            in_pass |= word == "pass"
            words.append(word)
    return words


def _in_order_of_first_steps(words: list[str]) -> list[int]:
    """Return the positions of the words that make a task, in the order in which these tasks make their first steps.

    >>> _in_order_of_first_steps(["call wait()", "call abort()", "pass reversed", "run", "run", "call wait()"])
    [1, 0, 5]
    """
    begun: list[int] = []
    made: list[int] = []
    for position, word in enumerate(words):
        if word.startswith(TASKS):
            made.append(position)
        elif word.startswith("pass"):
            begun += reversed(made) if word == "pass reversed" else made
            made = []
    return begun + made


def _tasks(trace: Trace) -> list[list[int]]:
    """Return the calls that each task makes, in the order of the tasks' first steps."""
    tasks: list[list[int]] = []
    for call, begin in _begun(trace).items():
        before = begin.get("again")
        if before is None:
            tasks.append([call])
        else:
            next(calls for calls in tasks if before in calls).append(call)
    return tasks


def _assertion(trace: Trace, dialect: Dialect) -> list[str]:
    kind = trace.events[-1]["kind"]
    if kind == "stray":
        raise CannotRenderError("the error reached only the event loop")
    if kind == "host-fault":
        raise CannotRenderError("the fault is the event loop's own, and no assertion about the class shows it")
    if kind == "hang":
        raise CannotRenderError("a step of the run does not end, so a test would not end either")
    if kind == "observe":
        return _assertion_of_reading(trace)
    return _assertion_of_rest(trace, dialect) if kind == "rest" else _assertion_of_end(trace, dialect)


def _assertion_of_reading(trace: Trace) -> list[str]:
    values = [one.split(" = ", 1) for one in trace.allowed if " = " in one]
    if not values:
        raise CannotRenderError("no single assertion says what may be observed")
    name = trace.own_name(values[0][0])
    member = _member(trace, values[0][0])
    return [
        f"seen = {member}() if callable({member}) else {member}",
        f"assert seen in ({', '.join(value for _, value in values)},), f'{name} is {{seen}}'",
    ]


def _assertion_of_rest(trace: Trace, dialect: Dialect) -> list[str]:
    finished = {one["call"] for one in trace.events if one["kind"] == "end"}
    match = re.search(r"of call (\d+) has not ended", trace.seen)
    late = [call for call in _begun(trace) if (call == int(match[1]) if match else call not in finished)]
    _, one_of, calls = trace.seen.partition("neither ")
    if one_of:
        late = [int(call) for call in re.findall(r"of call (\d+)", calls)]
    which = "any" if one_of else "all"
    return [
        f"for _ in range({MANY_TURNS}):",
        f"    {dialect.turn}",
        f"assert {which}(call in ended for call in {late}), f'nothing can run, and only {{ended}} have ended'",
    ]


def _assertion_of_end(trace: Trace, dialect: Dialect) -> list[str]:
    event = trace.events[-1]
    call = event["call"]
    wanted = ", ".join(ending for one in trace.allowed for ending in _endings(one, trace)) or WAITING
    is_right = f"got in ({wanted},)"
    if trace.is_of_a_model and "to return" in trace.allowed:  # any value
        is_right += " or not str(got).startswith(('raised ', 'cancelled', 'still waiting'))"
    patience = [
        f"for _ in range({MANY_TURNS}):  # a correct class may take longer",
        f"    if {call} not in ended:",
        f"        {dialect.turn}",
    ]
    return [
        *(patience if wanted != WAITING else []),
        f"got = ended.get({call}, {WAITING})",
        f"assert {is_right}, f'call {call}: {{got!r}}'  # {describe(event)}; allowed is {alternatives(trace.allowed)}",
    ]


def _endings(allowed: str, trace: Trace) -> list[str]:
    """Return the endings that the words for one allowed ending stand for, as the program writes them."""
    if match := re.fullmatch(r"to return one of 0\.\.(\d+) that its generation has not given yet", allowed):
        given = {one["value"] for one in trace.events[:-1] if one["kind"] == "end" and one["how"] == "returned"}
        return [str(index) for index in range(int(match[1]) + 1) if index not in given]
    if match := re.fullmatch(r"to raise (\w+)", allowed):
        return [repr(f"raised {match[1]}")]
    if match := re.fullmatch(r"to return( .+)?", allowed):
        return [(match[1] or "None").strip().replace(" or ", ", ")]
    return {"to end cancelled": ["'cancelled'"], "to stay parked": [WAITING]}.get(allowed, [])
