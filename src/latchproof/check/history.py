"""The events of a history, the finding in which one can end, and the run that has ended so.

A history is what can be seen of a run: calls begin, and end by returning, raising or being cancelled; cancellations are
requested; observations are read; and from time to time nothing can run. Whatever is said of events alone belongs here:
their types, their plain data and their words. So does a failing run, as the data that traces and verdicts are made of.
Whether a history is allowed does not.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import CoroutineType
from typing import Any, Literal, NamedTuple, TypeAlias

from latchproof.check.sandbox.classes import name_of
from latchproof.check.sandbox.interrupts import interrupts_told_apart, is_targets_own

EventData: TypeAlias = dict[str, Any]
"""An event as plain data; `latchproof.check.trace` says what is in it."""

SEEN_ONCE = "seen once; the class is not deterministic, so the run may not repeat"
"""What is said of a failure that did not happen again."""

EAGER_TASKS = "eager tasks"
"""The word at the start of a schedule in which the tasks that the target starts are eager."""

_LONGEST = 10**4000
"""Larger ints are shown as text: by default the interpreter prints at most 4,300 digits."""

_LONGEST_TEXT = 1_000
"""Number of characters that are shown of a text."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
ADDRESS = r"\b0x[0-9a-fA-F]{6,}"
"""An address in a message. A shorter number is one that the message is about, such as a byte."""

_ADDRESS = re.compile(ADDRESS)


class Begin(NamedTuple):
    """A call makes its first step.

    `task` says which task makes it, where a specification tells tasks apart. `cancelled` says that its task was
    cancelled before: the cancellation is pending when the call begins. `again` is the call that the task made before,
    if it made one. `handling` names the exception that is handled where the call is made. `passes` is the call of which
    it is passed what that returned: the task gives that back.
    """

    call: int
    operation: str
    arguments: tuple[Any, ...] = ()
    task: int = 0
    cancelled: bool = False
    again: int | None = None
    handling: str = ""
    passes: int | None = None


class End(NamedTuple):
    """A call ends: it returns `value`, raises `error`, or is cancelled.

    `at` is the place in the target's own code, as "sync.py:33", where that is known. `leads` says whether the value
    tells that the call leads its generation; None if it tells neither.
    """

    call: int
    how: Literal["returned", "raised", "cancelled"]
    value: object = None
    error: BaseException | None = None
    at: str = ""
    leads: bool | None = None


class Request(NamedTuple):
    """The cancellation of a call that has begun is requested."""

    call: int


class Observe(NamedTuple):
    """The observations are read: each name with its value at this instant."""

    values: tuple[tuple[str, object], ...]


class Rest(NamedTuple):
    """Nothing can run: each call that has not ended is blocked."""


class Suspend(NamedTuple):
    """A call is suspended at a place in the target's own code after a step. Nothing is judged by it."""

    call: int
    at: str


class Stray(NamedTuple):
    """An error that is not of a call, as a sentence; for example one that reached the event loop's handler."""

    error: str


class HostFault(NamedTuple):
    """A fault of the event loop, which any program shows that waits with the host's primitives alone: not the target's.

    `name` is that of a `latchproof.check.loops.interface.OwnFault`, and `text` its sentence.
    """

    name: str
    text: str


class TimePasses(NamedTuple):
    """The clock advances to the next timer, while nothing else can run."""

    seconds: float


class Hang(NamedTuple):
    """What the target does is not done within the limits of a step: it used, or was blocked for, what was `spent`.

    `what` is "a step", "the constructor" or "a reading"; `at` the file and line; `call` whose step it is, if known.
    """

    what: str
    spent: str
    at: str
    call: int | None = None

    def __str__(self) -> str:
        """Return the sentence.

        >>> print(Hang("a step", "2 s of CPU time", "sync.py:10"))
        a step did not end within 2 s of CPU time, at sync.py:10
        """
        return f"{self.what} did not end within {self.spent}, at {self.at}"


Event: TypeAlias = Begin | End | Request | Observe | Rest | Suspend | Stray | HostFault | TimePasses | Hang


@dataclass(frozen=True)
class Finding:
    """What is not allowed in a history: the claim it breaks, what was seen, and what was allowed, by which rules.

    `misread` names the observations that read wrong, if it is that. Judging continues without them. After a finding
    that is not `final` it continues too.
    """

    claim: str
    seen: str
    allowed: tuple[str, ...]
    rules: tuple[str, ...]
    misread: tuple[str, ...] = ()
    final: bool = True


@dataclass(frozen=True)
class Failure:
    """A run that ends in a finding: how it was made, what happened, and what was found.

    `schedule` is the list of choices, in words; `history` every event, the last of which is not allowed. `size` counts
    calls, cancellations, the constructor's argument and steps. `misread` has the position of each earlier event in
    which observations read wrong, with their names. A failure that was `seen_once` did not happen again under the same
    schedule. `others` are other runs of the same size with the same finding.
    """

    finding: Finding
    argument: int
    schedule: tuple[str, ...]
    history: tuple[Event, ...]
    size: tuple[int, int, int, int]
    misread: tuple[tuple[int, tuple[str, ...]], ...] = ()
    seen_once: bool = False
    others: tuple["Failure", ...] = ()

    @property
    def rank(self) -> tuple[bool, tuple[int, int, int, int], int]:
        """A key by which smaller failures come first; of two of one size, the one with fewer choices.

        Those with eager tasks come last: they are shown where nothing else breaks the claim.
        """
        return self.is_eager, self.size, len(self.schedule)

    @property
    def is_eager(self) -> bool:
        """Whether the tasks that the target started were eager."""
        return EAGER_TASKS in self.schedule


class SeenError(Exception):
    """Stands for an exception that was seen in another process and cannot be sent to this one."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(name, message)
        self.name = name
        self.message = message

    def __str__(self) -> str:
        return self.message


class Opaque:
    """Stands for a value that cannot be compared, not even with itself; `kind` is the name of its class."""

    def __init__(self, text: str, kind: str) -> None:
        self._text = text
        self.kind = kind

    def __repr__(self) -> str:
        return self._text


def comparable(value: object) -> object:
    """Return a value as it is compared, or what stands for it where comparing it raises an error.

    >>> class Moody:
    ...     def __eq__(self, other):
    ...         raise ValueError
    >>> comparable(1), comparable(Moody())
    (1, <latchproof.check.history.Moody object at 0x...>)
    """
    if value is None or type(value) in (bool, int, float, str):
        return value
    if type(value) is CoroutineType:
        value.close()  # it is not awaited, which Python would tell the user
    try:
        value == value  # noqa: B015 - does it raise?
    except BaseException as error:
        if not is_targets_own(error):
            raise
        return Opaque(shown(value), name_of(type(value)))
    return without_subclass(value)


def without_subclass(value: Any) -> object:
    """Return the int, float or text that a value of a subclass is, such as a member of an IntEnum; else the value.

    >>> from http import HTTPStatus
    >>> without_subclass(HTTPStatus.OK), without_subclass(True), without_subclass(None)
    (200, True, None)
    """
    kind = type(value)  # its own methods are not called: they may say anything
    if kind is not bool and issubclass(kind, int):
        return int.__index__(value)
    if issubclass(kind, float):
        return float.__float__(value)
    return str.__str__(value) if issubclass(kind, str) else value


def error_name(error: BaseException) -> str:
    """Return the name of an exception's class, also for a SeenError."""
    return error.name if isinstance(error, SeenError) else name_of(type(error))


def text_of(error: BaseException) -> str:
    """Return the text of an exception, or that it has none that can be read.

    >>> class Mute(Exception):
    ...     def __str__(self):
    ...         raise ValueError
    >>> text_of(Mute())
    '(its text cannot be read: ValueError)'
    """
    with interrupts_told_apart():
        try:
            return _readable(str(error))
        except BaseException as reason:
            if not is_targets_own(reason):
                raise
            return f"(its text cannot be read: {name_of(type(reason))})"


def named(error: BaseException) -> str:
    """Return the name of an exception's class, and its text.

    >>> named(KeyError(1))
    'KeyError: 1'
    """
    return f"{error_name(error)}: {text_of(error)}"


def shown(value: object) -> str:
    """Return the repr of a value, or that it cannot be printed.

    >>> shown(2), shown(10**5000)
    ('2', '(int: cannot be printed: ValueError)')
    """
    with interrupts_told_apart():
        try:
            return _readable(repr(value))
        except BaseException as reason:
            if not is_targets_own(reason):
                raise
            return f"({name_of(type(value))}: cannot be printed: {name_of(type(reason))})"


def _readable(text: str) -> str:
    """Return a text with its control characters escaped, and cut if it is very long."""
    if len(text) > _LONGEST_TEXT:
        text = f"{text[:_LONGEST_TEXT]}... ({len(text):,} characters)"
    return without_addresses(_CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text))


def without_addresses(message: str) -> str:
    """Replace the addresses of objects in a message: they differ between runs.

    >>> without_addresses("no place for <object object at 0x7f2b4c0d>")
    'no place for <object object at 0x...>'
    >>> without_addresses("can't decode byte 0xff")
    "can't decode byte 0xff"
    """
    return _ADDRESS.sub("0x...", message)


def with_step_ends(history: Sequence[Event], ends: Sequence[int]) -> tuple[Event, ...]:
    """Return the history with an empty observation after each step; `ends` are its lengths after the steps.

    >>> with_step_ends([Begin(0, "wait"), Rest()], [1]) == (Begin(0, "wait"), Observe(()), Rest())
    True
    """
    parts = [history[begun:end] for begun, end in pairwise([0, *ends])]
    told = [event for part in parts for event in (*part, Observe(()))]
    return (*told, *history[ends[-1] if ends else 0 :])


def event_data(event: Event) -> EventData:
    """Return an event as plain data; calls are numbered from 1."""
    match event:
        case Begin(call, operation, arguments, task, cancelled, again, handling, passes):
            begin = {"kind": "begin", "call": call + 1, "operation": operation, "arguments": list(arguments)}
            begin |= {"task": task} if task else {}
            begin |= {"cancelled": True} if cancelled else {}
            begin |= {} if again is None else {"again": again + 1}
            begin |= {"handling": handling} if handling else {}
            return begin | ({} if passes is None else {"passes": passes + 1})
        case Request(call):
            return {"kind": "request", "call": call + 1}
        case Observe(values):
            return {"kind": "observe", "values": {name: plain_value(value) for name, value in values}}
        case Rest():
            return {"kind": "rest"}
        case Suspend(call, at):
            return {"kind": "suspend", "call": call + 1, "at": at}
        case Stray(error):
            return {"kind": "stray", "error": error}
        case HostFault(name, text):
            return {"kind": "host-fault", "name": name, "text": text}
        case TimePasses(seconds):
            return {"kind": "time", "seconds": seconds}
        case Hang(what, spent, at, of):
            hang = {"kind": "hang", "what": what, "spent": spent, "at": at}
            return hang if of is None else hang | {"call": of + 1}
    data: EventData = {"kind": "end", "call": event.call + 1, "how": event.how}
    if event.at:
        data["at"] = event.at
    if event.error is not None:
        data |= {"error": error_name(event.error), "message": text_of(event.error)}
    elif event.how == "returned":
        data["value"] = plain_value(event.value)
        if event.leads is not None and type(event.value) is not bool:
            data["leads"] = event.leads
    return data


def place_of(event: EventData) -> str:
    """Return where the call of an event stands then, in words; "" if that is not known.

    >>> place_of({"kind": "suspend", "call": 1, "at": "sync.py:33"}), place_of({"kind": "end", "at": "sync.py:40"})
    ('waits at sync.py:33', 'at sync.py:40')
    """
    if "at" not in event:
        return ""
    return f"{'waits ' if event['kind'] == 'suspend' else ''}at {event['at']}"


def in_place(event: EventData) -> str:
    """Return an event in a few words, and where it happens, if that is known.

    >>> in_place({"kind": "end", "how": "raised", "error": "KeyError", "at": "sync.py:40"})
    'raises KeyError at sync.py:40'
    """
    place = "" if event["kind"] == "suspend" else place_of(event)
    return f"{describe(event)} {place}".rstrip()


def describe(event: EventData) -> str:
    """Return an event in a few words."""
    match event:
        case {"kind": "begin", "operation": operation, "arguments": arguments}:
            where = " in a cancelled task" if event.get("cancelled") else ""
            where += " in an except block" if event.get("handling") else ""
            where += f" in the task of call {event['again']}" if "again" in event else ""
            passed = [f"what call {event['passes']} returned"] if "passes" in event else []
            return f"{operation}({', '.join([*map(repr, arguments), *passed])}){where}"
        case {"kind": "request"}:
            return "is cancelled"
        case {"kind": "end", "how": "cancelled"}:
            return "ends cancelled"
        case {"kind": "end", "how": "raised", "error": error}:
            return f"raises {error}"
        case {"kind": "end", "value": value}:
            leads = {True: ", which leads", False: ", which does not lead", None: ""}[event.get("leads")]
            return "returns" if value is None else f"returns {value!r}{leads}"
        case {"kind": "observe", "values": values}:
            wrong = event.get("wrong", ())
            shown_values = [f"{name}={value!r}{' (wrong)' * (name in wrong)}" for name, value in values.items()]
            return ", ".join(shown_values) or "a step ends"
        case {"kind": "rest"}:
            return "nothing can run any more"
        case {"kind": "suspend"}:
            return place_of(event)
        case {"kind": "host-fault", "text": text}:
            return f"{text} (the host's own fault)"
        case {"kind": "time", "seconds": seconds}:
            return f"{seconds:g} s pass{'es' if seconds == 1 else ''}"
        case {"kind": "hang", "what": what}:
            return "does not end" if "call" in event else f"{what} does not end"
    return str(event["error"])


def plain_value(value: object) -> object:
    """Return the value if JSON has it, or else what is shown of it."""
    if (type(value) is int and abs(value) >= _LONGEST) or (type(value) is str and len(value) > _LONGEST_TEXT):
        return shown(value)
    return value if value is None or type(value) in (bool, int, float, str) else shown(value)
