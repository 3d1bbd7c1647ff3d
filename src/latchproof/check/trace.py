"""The canonical trace: one failing run as plain data, from which every rendering is made.

It has one versioned schema. In JSON a trace is an object with

- `schema` "latchproof.trace" and `version` 1;
- `target`, `machine`, `host`, `policy`, `strict`, and `argument`, the constructor's argument;
- `python`, the version on which it was found;
- `renamed`, an object that maps names of the class to those of the specification, which stand in all the rest; a trace
  without it renames nothing;
- `seen_once`, true if the run did not happen again under the same schedule; a trace without it says that it did;
- `compared`, what is compared of the values that waiting calls return: "indices", "True leads" or "False leads"
  (exactly one call of a generation leads, and that is what it tells), "nothing", or "no value" (they are None); a trace
  without it compares indices, if a waiting call returned one;
- `model`, FILE:CLASS or MODULE:CLASS of the model that judged it, "" for a kind that is shipped (`machine` is the name
  of the kind); `letters`, what stands for an operation in a short schedule, where that is not its initial; a trace
  without these has no such model, and initials alone;
- `parameter`, the name of what the constructor is given, "" if it is given nothing (`argument` is 0 then); `objects`,
  where a factory returns several: for an operation or a reading of another than the first, the number of its object,
  from 0, and its name there; a trace without these is given a number, and makes one object;
- `claim`, the ID of the claim that is broken, `seen`, `allowed` and `rules`: what was seen in the end, what the
  specification allows there, and by which rules;
- `schedule`, the choices that lead there, in words: what `latchproof replay` repeats;
- `events`, each an object with a `kind`: "begin" (`call`, `operation`, `arguments`, and `task`, a number by which tasks
  are told apart, if it is not 0, `cancelled` if its task was cancelled before, `again` with the number of the call that
  its task made before, `handling` with the name of the exception in whose except block it is made, `passes` with the
  number of the call of which it is passed what that returned), "end" (`call`,
  `how`, and `value` or `error` and `message`; `leads`, if the value is an object that tells whether the call leads;
  `at` is the place where it returned or raised, if that is known), "suspend" (`call`, `at`: the call is suspended at
  that place after a step in which it ran), "request" (`call`: its cancellation is requested), "observe" (`values`,
  empty if the target has no observations; one follows each step of the event loop; `wrong` names those that read wrong,
  if any, which are not judged from there on), "rest" (nothing can run), "stray" (`error`, which is not of a call),
  "time" (`seconds` pass), "hang" (`what` did not end within what it `spent`, `at` a place; `call` if it is a step of a
  call), "host-fault" (`name` and `text`: a fault of the host's own loop, which breaks no claim).
  A place is a line of the target's own code, as "sync.py:33"; for a call that awaits nothing of that, it is the first
  line that it awaits. The place of a return is not known on Python 3.11 where a tracer is set already.
  Calls are numbered from 1 in the order in which they begin. The last event is the one that is not allowed.

A verdict's `host_faults` are traces too. There `claim` is the name of a fault of the host's own loop, which the last
event is.
"""

import json
import platform
import shlex
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from latchproof.check.history import EAGER_TASKS, EventData, Failure, describe, event_data
from latchproof.check.notation import compact
from latchproof.check.target import Target, TargetError
from latchproof.check.values import Compared
from latchproof_spec.machines import MACHINES

SCHEMA = "latchproof.trace"
VERSION = 1


@dataclass(frozen=True)
class Trace:
    """A failing run; the head of this module documents the fields."""

    target: str
    machine: str
    host: str
    policy: str
    strict: bool
    argument: int
    python: str
    claim: str
    seen: str
    allowed: tuple[str, ...]
    rules: tuple[str, ...]
    schedule: tuple[str, ...]
    events: tuple[EventData, ...]
    renamed: dict[str, str] = field(default_factory=dict)
    seen_once: bool = False
    compared: Compared = "indices"
    model: str = ""
    letters: dict[str, str] = field(default_factory=dict)
    parameter: str = "argument"
    objects: dict[str, Any] = field(default_factory=dict)

    def own_name(self, name: str) -> str:
        """Return the class's name for what the specification calls `name`."""
        return next((own for own, specified in self.renamed.items() if specified == name), name)

    def count(self, kind: str) -> int:
        """Return the number of events of a kind."""
        return sum(1 for event in self.events if event["kind"] == kind)

    @property
    def made(self) -> str:
        """How the object is made: the target with the constructor's argument, if it takes one."""
        return f"{self.target}({self.argument if self.parameter else ''})"

    @property
    def is_of_the_host(self) -> bool:
        """Whether what it shows is a fault of the host's own loop."""
        return bool(self.events) and self.events[-1]["kind"] == "host-fault"

    @property
    def fault(self) -> str:
        """What the run shows, in a few words."""
        return f"shows the host's own fault {self.claim}" if self.is_of_the_host else f"breaks {self.claim}"

    @property
    def cancellations(self) -> int:
        """The number of cancellations that are requested, of calls and before calls."""
        return self.count("request") + sum(1 for event in self.events if event.get("cancelled"))

    @property
    def steps(self) -> int:
        """The number of steps of the event loop that the run takes."""
        return self.schedule.count("run")

    @property
    def is_stepwise(self) -> bool:
        """Whether the schedule has every step; one that was found by fuzzing may have only passes."""
        return "run" in self.schedule or not self.count("begin")

    @property
    def is_eager(self) -> bool:
        """Whether the tasks that the target starts are eager; then the claim is not broken without that."""
        return EAGER_TASKS in self.schedule

    @property
    def notation(self) -> str:
        """The schedule as a short string, which `latchproof replay` accepts."""
        return compact(self.argument, self.schedule, self.letters)

    @property
    def is_of_a_model(self) -> bool:
        """Whether it was judged by a model, and not by the rules of a machine."""
        return bool(self.model) or self.machine not in MACHINES

    @property
    def again(self) -> str:
        """The command that repeats the run. MODULE:NAME stands for a target that has no name to load it by."""
        words = ["--host", self.host] if self.host != "asyncio" or self.is_of_the_host else []
        if self.model:
            words += ["--model", self.model]
        elif self.is_of_a_model:
            words += ["--kind", self.machine]
        words += [] if self.policy == self.machine or self.is_of_the_host else ["--policy", self.policy]
        words += ["--strict"] if self.strict else []
        words += ["--rename", ",".join(map("=".join, self.renamed.items()))] if self.renamed else []
        target = self.target if ":" in self.target else "MODULE:NAME"
        return f"latchproof replay '{self.notation}' {shlex.join([target, *words])}"

    def to_json(self) -> dict[str, Any]:
        """Return the trace as plain data."""
        return {"schema": SCHEMA, "version": VERSION, **asdict(self)}

    def to_itf(self) -> dict[str, Any]:
        """Return the trace in Apalache's Informal Trace Format: the calls and the observations after each event."""
        calls: dict[int, str] = {}
        observed: dict[str, Any] = {}
        states = []
        for index, event in enumerate(self.events):
            match event:
                case {"kind": "begin", "call": call} if not event.get("cancelled"):
                    calls[call] = "under way"
                case {"kind": "begin" | "request", "call": call}:
                    calls[call] = "cancelled"
                case {"kind": "end", "call": call, "how": how}:
                    calls[call] = how
                case {"kind": "observe", "values": values}:
                    observed = values
            states.append(
                {
                    "#meta": {"index": index},
                    "event": describe(event),
                    "calls": {"#map": [[call, state] for call, state in sorted(calls.items())]},
                    "observed": {"#map": [[name, value] for name, value in sorted(observed.items())]},
                }
            )
        meta = {"format": "ITF", "description": f"{self.made} {self.fault}: {self.seen}"}
        return {"#meta": meta, "vars": ["event", "calls", "observed"], "states": states}


_LISTS = ("allowed", "rules", "schedule", "events")
_OTHERS = {"strict": bool, "argument": int, "renamed": dict, "seen_once": bool, "letters": dict, "objects": dict}


def make_trace(failure: Failure, target: Target, policy: str, *, strict: bool, host: str) -> Trace:
    """Return the trace of a failure."""
    finding = failure.finding
    events = [event_data(event) for event in failure.history]
    for position, names in failure.misread:
        events[position]["wrong"] = list(names)
    return Trace(
        target=target.name,
        machine=target.kind.name,
        host=host,
        policy=policy,
        strict=strict,
        argument=failure.argument,
        python=platform.python_version(),
        claim=finding.claim,
        seen=finding.seen,
        allowed=finding.allowed,
        rules=finding.rules,
        schedule=failure.schedule,
        events=tuple(events),
        renamed=dict(target.names.pairs),
        seen_once=failure.seen_once,
        compared=target.values.compared,
        model=target.model,
        letters=target.letters,
        parameter=target.kind.parameter,
        objects={name: list(place) for name, place in target.kind.objects.items()},
    )


def read_file(path: Path, claim: str | None = None) -> Trace:
    """Return the trace in a file that holds one, or a verdict with traces: the one for the claim, or the first.

    Raises TargetError if there is no such file, or no such trace in it.
    """
    traces = [one for one in read_all(path) if claim is None or one.claim == claim]
    if not traces:
        raise TargetError(f"{path} has no trace{f' for {claim}' if claim else ''}")
    return traces[0]


def read_all(path: Path) -> list[Trace]:
    """Return every trace in a file that holds one, a verdict, or those on a module; raise TargetError otherwise."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TargetError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise TargetError(f"{path} is not JSON: {error}") from error
    verdicts = data.get("primitives", [data]) if isinstance(data, dict) else [data]
    if any(not isinstance(one, dict) or "traces" not in one for one in verdicts):
        return [from_json(data)]
    return [from_json(trace) for one in verdicts for trace in (*one["traces"], *one.get("host_faults", ()))]


def _compared_in(fields: dict[str, Any]) -> Compared:
    """Return what was compared in a trace that does not say it: no value, if a waiting call returned None."""
    machine, events = MACHINES.get(fields.get("machine", "")), fields.get("events")
    if machine is None or not isinstance(events, list | tuple):
        return "indices"
    waiting = {operation.name for operation in machine.operations if operation.waits}
    waits = {event.get("call") for event in events if event.get("operation") in waiting}
    gives_none = any(event.get("call") in waits and event.get("value", 0) is None for event in events)
    return "no value" if machine.gives_index and gives_none else "indices"


def from_json(data: Any) -> Trace:
    """Return the trace that plain data holds; raise TargetError if it is not a trace of this version."""
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise TargetError(f"this is not a trace: its schema is not {SCHEMA!r}")
    if data.get("version") != VERSION:
        raise TargetError(f"this trace is of version {data.get('version')!r}; this latchproof reads version {VERSION}")
    fields = {name: value for name, value in data.items() if name not in ("schema", "version")}
    absent = {"renamed": {}, "seen_once": False, "compared": _compared_in(data), "model": "", "letters": {}}
    fields = {**absent, "parameter": Trace.parameter, "objects": {}, **fields}
    if differing := set(Trace.__dataclass_fields__) ^ set(fields):
        raise TargetError(f"this trace lacks fields, or has others: {', '.join(sorted(differing))}")
    for name, value in fields.items():
        types = (list, tuple) if name in _LISTS else (_OTHERS.get(name, str),)
        if type(value) not in types:  # True is not a count
            raise TargetError(f"this is not a trace: its {name} is {type(value).__name__}, not {types[0].__name__}")
    for name in _LISTS:
        fields[name] = tuple(fields[name])
    if machine := MACHINES.get(fields["machine"]):  # a policy may have had another name
        fields["policy"] = machine.aliases.get(fields["policy"], fields["policy"])
    return Trace(**fields)
