"""Programs to try: which calls, how many, how many at once, how many cancellations, with which constructor arguments.

A program is not drawn up in advance. A shape bounds a tree of anonymous calls, of which every program within the bounds
is a branch; the explorer of schedules walks it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from latchproof.verify.target import Call, Target


@dataclass(frozen=True)
class Shape:
    """Bounds for a tree of programs.

    `arguments`      constructor arguments: counts, or numbers of parties.
    `at_once`        how many calls may be under way at once.
    `calls`          how many calls there are in all.
    `cancellations`  how many requests to cancel one.
    `waits_only`     whether nothing but wait() is called.
    `numbers`        what a parameter that is an int is given.
    `beside`         how many calls are made, besides, on a second instance, which the first is to know nothing of.
    """

    arguments: tuple[int, ...]
    at_once: int
    calls: int
    cancellations: int
    waits_only: bool = False
    numbers: tuple[int, ...] = ()
    beside: int = 0

    def describe(self, target: Target) -> str:
        """The bounds in words."""
        arguments = ", ".join(map(str, self.arguments))
        operations = "wait only" if self.waits_only else f"all operations{self._numbers_in_words(target)}"
        at_once = min(self.at_once, self.calls)  # no more can be under way than there are
        beside = (
            f"; {self.beside} call{'' if self.beside == 1 else 's'} besides on a second instance" if self.beside else ""
        )
        calls = f"{self.calls} call{'' if self.calls == 1 else 's'}"
        return (
            f"{target.machine.parameter} {arguments}: {calls}, {at_once} at once, "
            f"{self.cancellations} cancellation{'' if self.cancellations == 1 else 's'}, {operations}{beside}"
        )

    def _numbers_in_words(self, target: Target) -> str:
        """With which numbers the operations that take one are called; where there are none, they are not."""
        taking = [one.name for one in target.operations if int in map(one.parameters.get, target.parameters[one.name])]
        if not taking:
            return ""
        if not self.numbers:
            return f" but {' and '.join(taking)}"
        return f", {' and '.join(taking)} of {', '.join(map(str, self.numbers))}"

    def can_end(self, target: Target, argument: int) -> bool:
        """Whether a program can trip a barrier of so many parties, or open a latch of this count."""
        if target.machine.name == "barrier":
            return argument <= min(self.at_once, self.calls)
        return argument <= self.calls or any(call.operation.name == "set_count" for call in self.choices(target))

    def weight(self, argument: int) -> int:
        """About how much work the programs with this argument are, beside others: so many schedules, as it happens."""
        kinds = 1 if self.waits_only else 3 + len(self.numbers)
        choices: int = (kinds + 1) ** self.calls * (2 * kinds + 2) ** self.beside * (self.cancellations + 1)
        return choices * (min(argument, 2) + 1) // 2

    def choices(self, target: Target) -> tuple[Call, ...]:
        """The calls that a program may make."""
        calls = target.calls(self.numbers)
        return tuple(call for call in calls if call.operation.waits) if self.waits_only else calls


BARRIER_SHAPES = (
    Shape((1, 2, 3), at_once=3, calls=4, cancellations=1),
    Shape((4,), at_once=4, calls=5, cancellations=1, waits_only=True),
    Shape((2,), at_once=2, calls=7, cancellations=1, waits_only=True),
    Shape((3,), at_once=3, calls=6, cancellations=1, waits_only=True),
    Shape((2, 3), at_once=3, calls=3, cancellations=2, waits_only=True),
    Shape((2,), at_once=2, calls=2, cancellations=0, beside=2),
)
LATCH_SHAPES = (
    Shape((0, 1, 2, 3), at_once=3, calls=4, cancellations=1, numbers=(-1, 0, 1, 2)),
    Shape((1, 2), at_once=2, calls=3, cancellations=2, numbers=(0,)),
    Shape((1,), at_once=2, calls=2, cancellations=0, numbers=(2,), beside=1),
)
TRIO_BARRIER_SHAPES = (
    Shape((1, 2), at_once=3, calls=3, cancellations=1),
    Shape((3,), at_once=3, calls=3, cancellations=0),
    Shape((2, 3), at_once=3, calls=4, cancellations=1, waits_only=True),
    Shape((2,), at_once=1, calls=1, cancellations=0, beside=2),
)
TRIO_LATCH_SHAPES = (
    Shape((0, 1, 2), at_once=2, calls=3, cancellations=1, numbers=(0, 2)),
    Shape((1,), at_once=1, calls=2, cancellations=0, numbers=(-1, 0, 1, 2)),
    Shape((1,), at_once=3, calls=3, cancellations=1, numbers=()),
    Shape((1,), at_once=1, calls=1, cancellations=0, numbers=(2,), beside=1),
)
"""On trio every call is a checkpoint or two, and every pass has two orders: the same programs have more schedules."""


def default_shapes(target: Target, host: str = "asyncio") -> tuple[Shape, ...]:
    """The shapes that are tried unless others are asked for: depth where it has been seen to find faults."""
    is_latch = target.machine.name == "latch"
    if host == "trio":
        return TRIO_LATCH_SHAPES if is_latch else TRIO_BARRIER_SHAPES
    return LATCH_SHAPES if is_latch else BARRIER_SHAPES


def one_shape(
    target: Target,
    at_once: int | None = None,
    calls: int | None = None,
    cancellations: int | None = None,
    host: str = "asyncio",
) -> tuple[Shape, ...]:
    """The one shape with these bounds, in place of the default ones; what is not given is as in the first of those."""
    first = default_shapes(target, host)[0]
    at_once = first.at_once if at_once is None else at_once
    return (
        Shape(
            tuple(range(target.machine.smallest, at_once + 1)),
            at_once,
            first.calls if calls is None else calls,
            first.cancellations if cancellations is None else cancellations,
            numbers=first.numbers,
        ),
    )


def notes_on(shapes: tuple[Shape, ...], target: Target) -> list[str]:
    """What a reader should know of the bounds besides: with which arguments hardly anything can happen."""
    within = {argument for shape, argument in levels(shapes) if shape.can_end(target, argument)}
    beyond = sorted({argument for _, argument in levels(shapes)} - within)
    if not beyond:
        return []
    what = "a barrier to trip" if target.machine.name == "barrier" else "a latch to open"
    numbers = ", ".join(map(str, beyond))
    return [
        f"{target.machine.parameter} {numbers}: the calls are too few for such {what}; give --calls {beyond[-1]} or "
        "more, or fewer --tasks"
    ]


def levels(shapes: tuple[Shape, ...]) -> Iterator[tuple[Shape, int]]:
    """Each shape with each of its constructor arguments, smallest first."""
    for shape in shapes:
        for argument in shape.arguments:
            yield shape, argument
