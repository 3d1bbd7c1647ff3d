"""Programs to try: which calls, how many, how many at once, how many cancellations, with which constructor arguments.

A program is not drawn up in advance. A shape bounds a tree of anonymous calls, of which every program within the bounds
is a branch; the explorer of schedules walks it.
"""

from __future__ import annotations

from collections.abc import Iterator

from latchproof.check.target import Call, Target
from latchproof_spec.machine import Programs


def describe_bounds(programs: Programs, target: Target) -> str:
    """The bounds in words."""
    arguments = ", ".join(map(str, programs.arguments))
    operations = "wait only" if programs.waits_only else f"all operations{_numbers_in_words(programs, target)}"
    at_once = min(programs.at_once, programs.calls)  # no more can be under way than there are
    beside = (
        f"; {programs.beside} call{'' if programs.beside == 1 else 's'} besides on a second instance"
        if programs.beside
        else ""
    )
    calls = f"{programs.calls} call{'' if programs.calls == 1 else 's'}"
    return (
        f"{target.machine.parameter} {arguments}: {calls}, {at_once} at once, "
        f"{programs.cancellations} cancellation{'' if programs.cancellations == 1 else 's'}, {operations}{beside}"
    )


def _numbers_in_words(programs: Programs, target: Target) -> str:
    """With which numbers the operations that take one are called; where there are none, they are not."""
    taking = [one.name for one in target.operations if int in map(one.parameters.get, target.parameters[one.name])]
    if not taking:
        return ""
    if not programs.numbers:
        return f" but {' and '.join(taking)}"
    return f", {' and '.join(taking)} of {', '.join(map(str, programs.numbers))}"


def can_release(programs: Programs, target: Target, argument: int) -> bool:
    """Return whether the calls suffice to let a waiting call return."""
    made = tuple(dict.fromkeys(call.operation.name for call in choices(programs, target)))
    calls, at_once = target.machine.needed_to_release(argument, made)
    return calls <= programs.calls and at_once <= min(programs.at_once, programs.calls)


def weight(programs: Programs, argument: int) -> int:
    """About how much work the programs with this argument are, beside others: so many schedules, as it happens."""
    kinds = 1 if programs.waits_only else 3 + len(programs.numbers)
    choices: int = (kinds + 1) ** programs.calls * (2 * kinds + 2) ** programs.beside * (programs.cancellations + 1)
    return choices * (min(argument, 2) + 1) // 2


def choices(programs: Programs, target: Target) -> tuple[Call, ...]:
    """The calls that a program may make."""
    calls = target.calls(programs.numbers)
    return tuple(call for call in calls if call.operation.waits) if programs.waits_only else calls


def default_programs(target: Target, host: str = "asyncio") -> tuple[Programs, ...]:
    """The shapes that are tried unless others are asked for: depth where it has been seen to find faults."""
    programs = target.machine.bounds.programs
    return programs.get(host, programs[""])


def programs_within(
    target: Target,
    at_once: int | None = None,
    calls: int | None = None,
    cancellations: int | None = None,
    host: str = "asyncio",
) -> tuple[Programs, ...]:
    """The one shape with these bounds, in place of the default ones; what is not given is as in the first of those."""
    first = default_programs(target, host)[0]
    at_once = first.at_once if at_once is None else at_once
    return (
        Programs(
            tuple(range(target.machine.smallest, at_once + 1)),
            at_once,
            first.calls if calls is None else calls,
            first.cancellations if cancellations is None else cancellations,
            numbers=first.numbers,
        ),
    )


def notes_on(shapes: tuple[Programs, ...], target: Target) -> list[str]:
    """What a reader should know of the bounds besides: with which arguments hardly anything can happen."""
    within = {argument for shape, argument in levels(shapes) if can_release(shape, target, argument)}
    beyond = sorted({argument for _, argument in levels(shapes)} - within)
    if not beyond:
        return []
    what = target.machine.release
    numbers = ", ".join(map(str, beyond))
    return [
        f"{target.machine.parameter} {numbers}: the calls are too few for such {what}; give --calls {beyond[-1]} or "
        "more, or fewer --tasks"
    ]


def levels(shapes: tuple[Programs, ...]) -> Iterator[tuple[Programs, int]]:
    """Each shape with each of its constructor arguments, smallest first."""
    for shape in shapes:
        for argument in shape.arguments:
            yield shape, argument
