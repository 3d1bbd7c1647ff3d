"""A trace as a test file of its own, for a bug report: it needs only the target, asyncio and a way to run tests.

The schedule becomes a program: a call is a task, a step of the event loop is `await asyncio.sleep(0)`. That lets
*every* task that is ready run, where the schedule may run but one; so the program is run here before it is handed out,
and refused if it does not end as the trace did.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from latchproof.verify.trace import Trace, describe
from latchproof_spec.claims import CLAIMS

SECONDS = 60


class NoReproductionError(Exception):
    """The schedule cannot be had with tasks and `sleep(0)` alone."""


def reproduction(trace: Trace) -> str:
    """The source of a test file that fails where the trace's fault is, and passes where it is not.

    Raises NoReproductionError if the program does not show the fault.
    """
    source = _source(trace)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reproduction.py"
        path.write_text(source + f"\n\n{_function(trace)}()\n", encoding="utf-8")
        try:
            done = subprocess.run(
                [sys.executable, str(path)], capture_output=True, text=True, timeout=SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise NoReproductionError(f"run as a plain program it does not end within {SECONDS} s") from error
    if done.returncode == 0 or "AssertionError" not in done.stderr:
        last = (done.stderr.strip().splitlines() or ["it passes"])[-1]
        raise NoReproductionError(
            f"run as a plain program, in which each step lets every ready task run, it does not show the fault: {last}"
        )
    return source


def _function(trace: Trace) -> str:
    return f"test_{trace.machine}_{trace.claim.lower()}"


def _import(target: str) -> tuple[str, str]:
    """How the target is imported, and by which name it is then called."""
    module, _, attribute = target.rpartition(":")
    first = attribute.partition(".")[0]
    if module.endswith(".py"):
        folder, name = repr(str(Path(module).resolve().parent)), Path(module).stem
        return f"import sys\n\nsys.path.insert(0, {folder})\nfrom {name} import {first}", attribute
    return f"from {module} import {first}", attribute


def _source(trace: Trace) -> str:
    sentence = next(claim.sentence for claim in CLAIMS if claim.id == trace.claim)
    imported, constructor = _import(trace.target)
    body = "\n".join(f"        {line}" for line in _program(trace))
    allowed = " or ".join(trace.allowed) or "nothing of the kind"
    return f'''"""{trace.target}({trace.argument}): {trace.seen}.

Allowed is {allowed}.
{trace.claim}: {sentence}

Found by latchproof on Python {trace.python}, judged by the policy {trace.policy}.
"""

import asyncio
import inspect

{imported}


def {_function(trace)}():
    ended = {{}}  # what became of each call

    async def calls(*todo):
        for number, method, *arguments in todo:
            try:
                value = method(*arguments)
                if inspect.isawaitable(value):
                    value = await value
            except asyncio.CancelledError:
                ended[number] = "cancelled"
                raise
            except Exception as error:
                ended[number] = f"raised {{type(error).__name__}}"
            else:
                ended[number] = value

    async def scenario():
        it = {constructor}({trace.argument})
{body}
        for task in asyncio.all_tasks() - {{asyncio.current_task()}}:
            task.cancel()

    asyncio.run(scenario())
'''


def _program(trace: Trace) -> list[str]:
    """The body: the schedule's actions in order, then the assertion that the trace's last event breaks."""
    begun = {event["call"]: event for event in trace.events if event["kind"] == "begin"}
    tasks = _tasks(trace)
    lines: list[str] = []
    task_of_call = {call: f"task{calls[0]}" for calls in tasks for call in calls}
    waiting = list(tasks)
    for choice in trace.schedule:
        if choice == "run":
            lines.append("await asyncio.sleep(0)")
        elif choice.startswith("call "):
            if not waiting:
                continue  # a task that never got to run
            calls = waiting.pop(0)
            todo = ", ".join(
                f"({', '.join([str(call), 'it.' + begun[call]['operation'], *map(repr, begun[call]['arguments'])])})"
                for call in calls
            )
            lines.append(f"task{calls[0]} = asyncio.create_task(calls({todo}))")
        elif choice.startswith("cancel "):
            lines.append(f"{task_of_call[int(choice.split()[1])]}.cancel()")
    return [*lines, *_assertion(trace)]


def _tasks(trace: Trace) -> list[list[int]]:
    """The calls that each task makes, in the order in which the tasks are made, which is that of their first steps.

    A call that begins in the very step in which another ended, without a task of its own, is made by that one's task.
    """
    tasks: list[list[int]] = []
    made = sum(1 for choice in trace.schedule if choice.startswith("call "))
    then = [choice for choice in trace.schedule if choice.startswith("then ")]
    previous: int | None = None
    for event in trace.events:
        if event["kind"] == "begin":
            if then and previous is not None:
                next(calls for calls in tasks if previous in calls).append(event["call"])
                then.pop(0)
            else:
                tasks.append([event["call"]])
        previous = event["call"] if event["kind"] == "end" else None
    return tasks[:made] if len(tasks) > made else tasks


def _assertion(trace: Trace) -> list[str]:
    event = trace.events[-1]
    allowed = " or ".join(trace.allowed) or "nothing of the kind"
    seen = f"{describe(event)}; allowed is {allowed}"
    if event["kind"] == "observe":
        found = [re.fullmatch(r"(\w+) = (.+)", one) for one in trace.allowed]
        values = [match for match in found if match is not None]
        if not values:
            raise NoReproductionError("what was observed cannot be put as one assertion")
        name = values[0].group(1)
        return [f"assert it.{name} in ({', '.join(match.group(2) for match in values)},), f'{name} is {{it.{name}}}'"]
    if event["kind"] == "rest":
        finished = {one["call"] for one in trace.events if one["kind"] == "end"}
        blocked = [one["call"] for one in trace.events if one["kind"] == "begin" and one["call"] not in finished]
        match = re.search(r"of call (\d+) has not ended", trace.seen)
        late = [int(match.group(1))] if match else blocked
        return [
            "for _ in range(20):",
            "    await asyncio.sleep(0)",
            f"assert all(call in ended for call in {late}), f'nothing can run any more, and only {{ended}} have ended'",
        ]
    if event["kind"] != "end":
        raise NoReproductionError("the error reached only the event loop")
    call = event["call"]
    values_allowed: list[str] = []
    for one in trace.allowed:
        if one == "to return":
            values_allowed.append("None")
        elif match := re.fullmatch(r"to return (\d+)", one):
            values_allowed.append(match.group(1))
        elif match := re.fullmatch(r"to return one of 0\.\.(\d+) that its generation has not given yet", one):
            given = {o["value"] for o in trace.events[:-1] if o["kind"] == "end" and o["how"] == "returned"}
            values_allowed += [str(index) for index in range(int(match.group(1)) + 1) if index not in given]
        elif match := re.fullmatch(r"to raise (\w+)", one):
            values_allowed.append(repr(f"raised {match.group(1)}"))
        elif one == "to end cancelled":
            values_allowed.append("'cancelled'")
    default = "" if any(one != "to stay parked" for one in trace.allowed) else ", 'still waiting'"
    wanted = ", ".join(values_allowed) or "'still waiting'"
    return [
        f"got = ended.get({call}{default or ', None'})",
        f"assert got in ({wanted},), f'call {call}: {{got!r}}'  # {seen}",
    ]
