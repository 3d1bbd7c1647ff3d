"""Finds out what a target is like by calling each of its operations once, before any schedule is judged.

Which operations and values it lacks, and whether it was written for another host, cannot be read off its methods. A
class counts as one for another host only if both hosts say so: here its first wait() ends with an error that comes from
using another host's functions, and there the same call does not.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import TracebackType

from latchproof.check.history import Begin, End, Event, Stray, named, text_of
from latchproof.check.loops import STEPPED
from latchproof.check.record import NondeterminismError
from latchproof.check.sandbox.containment import contained
from latchproof.check.sandbox.watch import USUAL_LIMITS, Meter, StepLimits, StuckError
from latchproof.check.target import INDEX, Target, TargetError
from latchproof.check.tree import Explorer
from latchproof.check.values import INDICES, Values, values_of
from latchproof_spec.machine import Programs

FOREIGN = {
    "no running event loop": ("asyncio",),
    "trio.run received unrecognized yield message <Future": ("asyncio",),
    "trio.run received unrecognized yield message <Task": ("asyncio",),
    "must be called from async context": ("trio",),
    "unknown async library, or not in async context": ("asyncio", "trio"),
}
"""How hosts begin their errors for code that was written for another host, with the hosts that it may be for."""

WHOLE = (1, 2, 3)
"""Constructor arguments with which whole generations are run, to see what their calls return."""

PROBED = 8
"""Maximum number of schedules that are run with each of these arguments."""


@dataclass
class Probe:
    """What was seen when each operation was the only call: how it ended, and an error that belonged to no call."""

    ends: list[tuple[str, End]] = field(default_factory=list)
    stray: str = ""
    hung: bool = False
    """Whether a step did not end: what came after it was not seen."""

    def note(self, history: tuple[Event, ...]) -> None:
        """Take note of one run."""
        begin = next((event for event in history if isinstance(event, Begin)), None)
        end = next((event for event in history if isinstance(event, End)), None)
        if begin is not None and end is not None:
            self.ends.append((begin.operation, end))
        self.stray = next((event.error for event in history if isinstance(event, Stray)), self.stray)


def implemented(target: Target, host: str, limits: StepLimits = USUAL_LIMITS, meter: Meter | None = None) -> Target:
    """Return the target without what it turns out to lack when each operation is called once.

    That is each optional operation that only raises NotImplementedError, and the index, where every wait returns None.
    Raises TargetError if it is written for another host.
    """
    try:
        one = _called_once(target, host, 1, limits, meter)
        two = one if one.hung else _called_once(target, host, 2, limits, meter)
        require_host(target, host, limits, two)
    except (NondeterminismError, StuckError):
        return target  # it is found out again, and said, where it is checked
    if two.hung:
        return target
    stubs = {operation for operation, end in (*one.ends, *two.ends) if isinstance(end.error, NotImplementedError)}
    absent = tuple(one.name for one in target.operations if one.optional and one.name in stubs)
    present = tuple(one for one in target.operations if one.name not in absent)
    values = _values(target, host, limits, meter) if target.kind.gives_index else INDICES
    absent += (INDEX,) if values.compared == "no value" else ()
    return replace(target, operations=present, absent=(*target.absent, *absent), values=values)


def _values(target: Target, host: str, limits: StepLimits, meter: Meter | None) -> Values:
    """Return what the waiting calls of whole generations return, with one to three at once."""
    generations: list[list[End]] = []

    def note(history: tuple[Event, ...]) -> None:
        ends = [event for event in history if isinstance(event, End) and event.how == "returned"]
        if len(ends) == argument:
            generations.append(ends)

    unjudged = replace(target, values=Values("nothing"))
    try:
        for argument in WHOLE:
            programs = Programs((argument,), argument, argument, 0, waits_only=True)
            if _hangs(unjudged, programs, host, note, limits, meter, at_most=PROBED):
                break
    except (NondeterminismError, StuckError):
        pass  # it is found out again, and said, where it is checked
    return values_of(generations)


def require_host(target: Target, host: str, limits: StepLimits = USUAL_LIMITS, probe: Probe | None = None) -> None:
    """Raise TargetError if the target is written for another host than this one, or uses what no check drives."""
    seen = probe or _called_once(target, host, 2, limits)
    _require_drivable(target, seen)
    for other, said in _other_hosts(target, host, seen).items():
        if _differs_on(target, other, said, limits):
            option = f"{'add' if host == 'asyncio' else 'use'} --host {other}"
            raise TargetError(f"{target.name} seems to be written for {other}; {option}. On {host} {said}")


def _require_drivable(target: Target, probe: Probe) -> None:
    """Raise TargetError if a call needs what asyncio leaves to loops that wait for input, output or signals."""
    for said, error in _errors(target, probe):
        if isinstance(error, NotImplementedError) and _modules(error.__traceback__)[-1:] in (
            ["asyncio.events"],
            ["asyncio.base_events"],
        ):
            raise TargetError(
                f"{target.name} uses input, output or signals of the event loop, which a check does not drive: {said}"
            )


def _other_hosts(target: Target, host: str, probe: Probe) -> dict[str, str]:
    """Return which other hosts the target may be written for, each with what happened here that says so."""
    found = {one: probe.stray for sentence, hosts in FOREIGN.items() if sentence in probe.stray for one in hosts}
    for said, error in _errors(target, probe):
        by_text = {one for sentence, hosts in FOREIGN.items() if text_of(error).startswith(sentence) for one in hosts}
        found |= dict.fromkeys(sorted(by_text | (_packages(error.__traceback__) & set(STEPPED))), said)
    found.pop(host, None)
    return found


def _errors(target: Target, probe: Probe) -> list[tuple[str, BaseException]]:
    """Return what each call that waits raised, in words and as it is."""
    waits = {one.name for one in target.operations if one.waits}
    return [
        (f"its {target.names.own(operation)}() raised {named(end.error).partition('. ')[0]}", end.error)
        for operation, end in probe.ends
        if operation in waits and end.error is not None
    ]


def _packages(traceback: TracebackType | None) -> set[str]:
    """Return the packages whose functions were running."""
    return {module.partition(".")[0] for module in _modules(traceback)}


def _modules(traceback: TracebackType | None) -> list[str]:
    """Return the modules whose functions were running, the innermost last."""
    found = []
    while traceback is not None:
        found.append(str(traceback.tb_frame.f_globals.get("__name__", "")))
        traceback = traceback.tb_next
    return found


def _differs_on(target: Target, host: str, said: str, limits: StepLimits) -> bool:
    """Return whether the same does not happen on a host, nor anything that points to another one."""
    try:
        probe = _called_once(target, host, 2, limits)
    except (TargetError, NondeterminismError, StuckError):  # it may not be installed
        return False
    again = [probe.stray, *(one for one, _ in _errors(target, probe))]
    return not probe.hung and said not in again and not _other_hosts(target, host, probe)


def _called_once(target: Target, host: str, argument: int, limits: StepLimits, meter: Meter | None = None) -> Probe:
    """Make runs in which each operation is the only call."""
    probe = Probe()
    programs = Programs((argument,), 1, 1, 0, numbers=(0,))
    probe.hung = _hangs(target, programs, host, probe.note, limits, meter)
    return probe


def _hangs(
    target: Target,
    programs: Programs,
    host: str,
    note: Callable[[tuple[Event, ...]], None],
    limits: StepLimits,
    meter: Meter | None,
    at_most: int | None = None,
) -> bool:
    """Take note of each run of these programs; return whether a step did not end."""
    (argument,) = programs.arguments
    explorer = Explorer(target, programs, argument, target.kind.policies[:1], host=host, meter=meter)
    with contained(lambda: explorer, limits):
        return explorer.walk(at_most=at_most, on_history=note).hung
