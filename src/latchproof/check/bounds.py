"""The bounds of the programs that a check tries: in words, as calls, and as far as they suffice.

A program is not made in advance. `Programs` bounds a tree of anonymous calls, in which every program within the bounds
is a branch, and the explorer of schedules walks that tree. What a machine's own bounds are is data of the machine.
"""

from collections.abc import Iterator

from latchproof.check.target import Call, Target
from latchproof_spec.machine import Programs


def describe_bounds(programs: Programs, target: Target) -> str:
    """Return the bounds in words."""
    arguments = ", ".join(map(str, programs.arguments))
    operations = "wait only" if programs.waits_only else f"all operations{_numbers_in_words(programs, target)}"
    at_once = min(programs.at_once, programs.calls)  # no more can be under way than there are
    early = " (even before a call)" if programs.early and programs.cancellations else ""
    beside = f"; and {_number(programs.beside, 'call')} on a second instance" if programs.beside else ""
    return (
        f"{target.machine.parameter} {arguments}: {_number(programs.calls, 'call')}, {at_once} at once, "
        f"{_number(programs.cancellations, 'cancellation')}{early}, {operations}{beside}"
    )


def _number(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


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
    made = tuple(dict.fromkeys(call.operation.name for call in choices(programs, target)))
    calls, at_once = target.machine.needed_to_release(argument, made)
    return calls <= programs.calls and at_once <= min(programs.at_once, programs.calls)


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
    arguments = {call.operation.name: len(call.arguments) for call in calls}
    return {"": 1, **dict.fromkeys(target.observations, 0), **arguments}


def default_programs(target: Target, host: str = "asyncio") -> tuple[Programs, ...]:
    """Return the bounds that are tried unless others are asked for."""
    programs = target.machine.bounds.programs
    return programs.get(host, programs[""])


def programs_within(
    target: Target,
    at_once: int | None = None,
    calls: int | None = None,
    cancellations: int | None = None,
    host: str = "asyncio",
) -> tuple[Programs, ...]:
    """Return these bounds, in place of the default ones; what is not given is as in the first of those.

    A cancellation may come before a call if it may in any of those.
    """
    usual = default_programs(target, host)
    first = usual[0]
    at_once = first.at_once if at_once is None else at_once
    return (
        Programs(
            tuple(range(target.machine.smallest, at_once + 1)),
            at_once,
            first.calls if calls is None else calls,
            first.cancellations if cancellations is None else cancellations,
            numbers=first.numbers,
            early=any(one.early for one in usual),
        ),
    )


def notes_on(bounds: tuple[Programs, ...], target: Target) -> list[str]:
    """Return a note on the arguments with which hardly anything can happen, if there are any."""
    within = {argument for programs, argument in levels(bounds) if can_release(programs, target, argument)}
    beyond = sorted({argument for _, argument in levels(bounds)} - within)
    if not beyond:
        return []
    numbers = ", ".join(map(str, beyond))
    return [
        f"{target.machine.parameter} {numbers}: the calls are too few for such {target.machine.release}; give "
        f"--calls {beyond[-1]} or more, or fewer --tasks"
    ]


def levels(bounds: tuple[Programs, ...]) -> Iterator[tuple[Programs, int]]:
    """Yield each of the bounds with each of its constructor arguments, in order."""
    for programs in bounds:
        for argument in programs.arguments:
            yield programs, argument
