"""The bounds of the programs that a check tries: in words, as calls, and as far as they suffice.

A program is not made in advance. `Programs` bounds a tree of anonymous calls, in which every program within the bounds
is a branch, and the explorer of schedules walks that tree. What the default ones are is data of the kind.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from latchproof.check.kinds import Kind, a
from latchproof.check.loops import EAGER
from latchproof.check.target import Call, Target, TargetError
from latchproof_spec.machine import Programs

Asked: TypeAlias = Mapping[str, int | Sequence[int] | None]
"""The constructor arguments that are asked for, by the name of a kind's parameter; None where none is."""

ANY = "argument"
"""Stands for the name of whatever parameter a kind has."""

NO_EAGER_TASKS = f" (which Python {sys.version_info.major}.{sys.version_info.minor} does not have)"
"""The remark on eager tasks where asyncio has none."""

GROWN = 8
"""Most calls to which bounds are enlarged for a constructor argument that the default ones do not have."""


def describe_bounds(programs: Programs, target: Target) -> str:
    """Return the bounds in words."""
    made = target.kind.made_with(*programs.arguments)
    made = f"{made}: " if made else ""
    operations = "wait only" if programs.waits_only else f"all operations{_numbers_in_words(programs, target)}"
    at_once = min(programs.at_once, programs.calls)  # no more can be under way than there are
    early = " (even before a call)" if programs.early and programs.cancellations else ""
    again = ", again in the same task" if programs.again else ""
    again += ", also in an except block" if programs.in_except else ""
    again += ", with eager tasks" if programs.eager else ""
    beside = f"; and {count_of(programs.beside, 'call')} on a second instance" if programs.beside else ""
    return (
        f"{made}{count_of(programs.calls, 'call')}, {at_once} at once, "
        f"{count_of(programs.cancellations, 'cancellation')}{early}, {operations}{again}{beside}"
    )


def not_tried(
    bounds: tuple[Programs, ...], target: Target, host: str = "asyncio", *, time_passed: bool = False
) -> tuple[str, ...]:
    """Return in words what none of the bounds has: larger programs, and kinds of programs.

    `time_passed` says that the target sets timers.
    """
    arguments = sorted({argument for _, argument in levels(bounds)})
    are_all = arguments == [*range(target.kind.smallest, arguments[-1] + 1)]
    others = f"above {arguments[-1]}" if are_all else f"other than {', '.join(map(str, arguments))}"
    calls = count_of(max(one.calls for one in bounds), "call")
    at_once = max(min(one.at_once, one.calls) for one in bounds)
    cancellations = count_of(most := max(one.cancellations for one in bounds), "cancellation")
    numbers = tuple(sorted({number for one in bounds if not one.waits_only for number in one.numbers}))
    taking = _numbers_in_words(replace(bounds[0], waits_only=False, numbers=numbers), target) if numbers else ""
    left_out = {
        f"{target.kind.parameter} {others}": target.kind.parameter,
        f"more than {calls}, {at_once} at once or {cancellations}": True,
        taking.removeprefix(", ").replace(" of ", " of anything but ", 1): taking,
        "a call in a task that is cancelled already": most and not any(one.early for one in bounds),
        "a call again in a later step, or after a cancellation": not any(one.again for one in bounds),
        "a call again after a cancellation in the wait for a lock, which Flowno's loop loses": host == "flowno"
        and most
        and any(one.again for one in bounds),
        f"eager tasks{'' if host in EAGER else NO_EAGER_TASKS}": host == "asyncio"
        and not any(one.eager for one in bounds),
        "a call in an except block": not any(one.in_except for one in bounds),
        "calls on a second instance": not any(one.beside for one in bounds),
        "time between two calls before a timer ends, which would give them different deadlines": time_passed,
        "what no line of the bounds has together": len(bounds) > 1,
    }
    return tuple(words for words, is_left_out in left_out.items() if is_left_out)


def count_of(number: int, noun: str) -> str:
    """Return a number with its noun.

    >>> count_of(1, "schedule"), count_of(12345, "schedule")
    ('1 schedule', '12,345 schedules')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _numbers_in_words(programs: Programs, target: Target) -> str:
    """Return the numbers that operations are called with; without numbers, the operations that are not called."""
    taking = [one.name for one in target.operations if int in map(one.parameters.get, target.parameters[one.name])]
    if not taking:
        return ""
    if not programs.numbers:
        return f" but {' and '.join(taking)}"
    return f", {' and '.join(taking)} of {', '.join(map(str, programs.numbers))}"


def can_release(programs: Programs, target: Target, argument: int) -> bool:
    """Return whether the calls suffice to let a waiting call return."""
    calls, at_once = _needed(programs, target, argument)
    return calls <= programs.calls and at_once <= min(programs.at_once, programs.calls)


def _needed(programs: Programs, target: Target, argument: int) -> tuple[int, int]:
    """Return how many calls, and how many of them at once, it takes until a waiting call returns."""
    made = tuple(dict.fromkeys(call.operation.name for call in choices(programs, target)))
    return target.kind.needed_to_release(argument, made)


def weight(programs: Programs, argument: int) -> int:
    """Return roughly how much work the programs with this argument are, compared with others."""
    kinds = 1 if programs.waits_only else 3 + len(programs.numbers)
    trees: int = (kinds + 1) ** programs.calls * (2 * kinds + 2) ** programs.beside * (programs.cancellations + 1)
    return trees * (min(argument, 2) + 1) // 2


def choices(programs: Programs, target: Target) -> tuple[Call, ...]:
    """Return the calls that a program may make."""
    calls = target.calls(programs.numbers)
    return tuple(call for call in calls if call.operation.waits) if programs.waits_only else calls


def used(bounds: tuple[Programs, ...], target: Target) -> dict[str, int]:
    """Return what of the target any program within the bounds uses, each with the number of arguments it is given."""
    calls = [call for one in bounds for call in choices(one, target)]
    arguments = {call.method: len(call.arguments) + (call.operation.name in target.passing) for call in calls}
    return {"": 1, **{target.names.own(one) or one: 0 for one in (*target.observations, *target.ignored)}, **arguments}


def default_programs(target: Target, host: str = "asyncio") -> tuple[Programs, ...]:
    """Return the bounds that are tried unless others are asked for."""
    return tuple(one for one in target.kind.programs(host) if host in EAGER or not one.eager)


def without_eager(bounds: tuple[Programs, ...], host: str) -> tuple[Programs, ...]:
    """Return the bounds without eager tasks; raise TargetError if the host never has any."""
    if host != "asyncio":
        raise TargetError(f"{host} has no eager tasks: leave --no-eager out")
    return tuple(one for one in bounds if not one.eager)


def programs_within(
    target: Target,
    at_once: int | None = None,
    calls: int | None = None,
    cancellations: int | None = None,
    host: str = "asyncio",
    arguments: Sequence[int] | None = None,
) -> tuple[Programs, ...]:
    """Return the bounds with these numbers; a number that is not given is that of the first default bounds.

    A cancellation may come before a call if it may in any of the default bounds. If constructor `arguments` are given,
    there are enough calls to let one return, up to GROWN, unless the number of calls is given too.
    """
    usual = default_programs(target, host)
    first = usual[0]
    found = Programs(
        (),
        first.at_once if at_once is None else at_once,
        first.calls if calls is None else calls,
        first.cancellations if cancellations is None else cancellations,
        numbers=first.numbers,
        early=any(one.early for one in usual),
        again=any(one.again for one in usual),
    )
    if arguments is None:
        return (replace(found, arguments=tuple(range(target.kind.smallest, found.at_once + 1))),)
    grown = {argument: _grown(found, target, argument) for argument in arguments}
    return _merged(
        replace(
            grown[argument],
            arguments=(argument,),
            at_once=grown[argument].at_once if at_once is None else at_once,
            calls=grown[argument].calls if calls is None else calls,
        )
        for argument in arguments
    )


def programs_asked_for(
    target: Target,
    host: str,
    at_once: int | None = None,
    calls: int | None = None,
    cancellations: int | None = None,
    asked: Asked | None = None,
) -> tuple[Programs, ...]:
    """Return the bounds that options ask for: the default ones, unless one of them is given.

    With constructor arguments alone each is tried within the default bounds that have it. One that they do not have is
    tried within the first of them, and, if its calls are too few, within larger ones in which only waits are made.

    Raises TargetError for an argument that the target is not made with, or that its constructor has to refuse.
    """
    arguments = arguments_asked_for(target.kind, asked or {})
    usual = default_programs(target, host)
    if (at_once, calls, cancellations) != (None, None, None):
        return programs_within(target, at_once, calls, cancellations, host, arguments)
    if arguments is None:
        return usual
    widest = max(usual, key=lambda one: (one.waits_only, one.at_once))
    chosen = [replace(one, arguments=tuple(it for it in one.arguments if it in arguments)) for one in usual]
    for argument in arguments:
        if not any(argument in one.arguments for one in usual if not one.waits_only):
            chosen.append(replace(_wide_enough(usual[0], target, argument), arguments=(argument,)))
        # else set_count(n) would stand for n calls
        without = [replace(one, numbers=()) for one in (*chosen, widest)]
        if not any(can_release(one, target, argument) for one in without[:-1] if argument in one.arguments):
            # many calls, few of them at once
            few = replace(without[-1], at_once=min(without[-1].at_once, 2))
            chosen.append(replace(_grown(few, target, argument), arguments=(argument,)))
    return _merged(one for one in chosen if one.arguments)


def arguments_asked_for(kind: Kind, asked: Asked) -> tuple[int, ...] | None:
    """Return the constructor arguments that are asked for, smallest first; None if none are.

    Raises TargetError for those of another kind, and for one that the constructor has to refuse.

    >>> from latchproof.check.kinds import MACHINE_KINDS
    >>> arguments_asked_for(MACHINE_KINDS["barrier"], {"count": None, "parties": [3, 2, 3]})
    (2, 3)
    """
    found: tuple[int, ...] | None = None
    for name, value in asked.items():
        if value is None:
            continue
        if not kind.parameter:
            raise TargetError(f"{a(kind.name)} is made with nothing; leave {name} out")
        if name not in (kind.parameter, ANY):
            right = kind.parameter
            raise TargetError(f"{a(kind.name)} is made with its {right}, not with {name}; choose the {right}")
        values = tuple(value) if isinstance(value, Iterable) else (value,)
        if not values:
            raise TargetError(f"no {kind.parameter} to make {a(kind.name)} with; give one or more numbers")
        for one in values:
            if why := kind.refuses(one):
                raise TargetError(why)
        found = tuple(sorted(set(values)))
    return found


def _wide_enough(programs: Programs, target: Target, argument: int) -> Programs:
    """Return bounds with as many calls at once as it takes to let one return, if there are enough calls in all."""
    calls, at_once = _needed(programs, target, argument)
    return replace(programs, at_once=max(programs.at_once, at_once)) if calls <= programs.calls else programs


def _grown(programs: Programs, target: Target, argument: int) -> Programs:
    """Return bounds with at least one call more than it takes to let one return, if that is at most GROWN."""
    calls, at_once = _needed(programs, target, argument)
    if calls >= GROWN:
        return programs
    return replace(programs, at_once=max(programs.at_once, at_once), calls=max(programs.calls, calls + 1))


def _merged(bounds: Iterable[Programs]) -> tuple[Programs, ...]:
    """Return the bounds, with those joined that differ in the constructor's argument alone."""
    found: dict[Programs, tuple[int, ...]] = {}
    for one in bounds:
        key = replace(one, arguments=())
        found[key] = tuple(sorted({*found.get(key, ()), *one.arguments}))
    return tuple(replace(key, arguments=arguments) for key, arguments in found.items())


def notes_on(bounds: tuple[Programs, ...], target: Target) -> list[str]:
    """Return a note on the arguments with which hardly anything can happen, if there are any."""
    within = {argument for programs, argument in levels(bounds) if can_release(programs, target, argument)}
    beyond = sorted({argument for _, argument in levels(bounds)} - within)
    if not beyond:
        return []
    needed = [_needed(programs, target, argument) for programs, argument in levels(bounds) if argument == beyond[-1]]
    calls, at_once = min(needed)
    more = f"--calls {calls}" + (f" and --tasks {at_once}" if at_once > 1 else "")
    return [
        f"{target.kind.made_with(*beyond)}: the calls are too few for such {target.kind.release}; give {more}, or more"
    ]


def levels(bounds: tuple[Programs, ...]) -> Iterator[tuple[Programs, int]]:
    """Yield each of the bounds with each of its constructor arguments, in order."""
    for programs in bounds:
        for argument in programs.arguments:
            yield programs, argument
