"""Which pieces of a check are to be done next, and what comes of those that were done, whoever did them.

Each job is a tree of schedules. One that is large comes in pieces: a piece that is not through after so many schedules
names the subtrees that are left, and each of them is a piece. The pieces that there are depend on the target and the
bounds alone. They are done in any order, by any number of workers, and counted in one: that in which a single walk
would come to them. What is called off is what cannot count any more, so it makes no difference whether it was done.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

from latchproof.check.bounds import describe_bounds, weight
from latchproof.check.jobs import Job, Outcome, may_be_numbered, smallest
from latchproof.check.run import Walk
from latchproof.check.target import Target

LAST = (sys.maxsize,)
"""The place of what is walked in the end, in place of what was called off."""


class Piece(NamedTuple):
    """A piece: the number of its job, how often that was begun anew, and its place in the tree.

    The place is the number of a subtree among those that were left, then among those that were left of it, and so on;
    places are in the order of one walk.
    """

    job: int
    attempt: int = 0
    place: tuple[int, ...] = ()


class BrokenOffError(Exception):
    """Those who did the work cannot go on with it, and why."""


class Work(Protocol):
    """What workers are kept busy with."""

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to be done, and nothing that is being done is needed."""

    def next(self) -> Piece | None:
        """A piece that nobody is at, for somebody to be at; None if there is none now."""

    def job(self, piece: Piece) -> Job:
        """What is to be done for a piece."""

    def needs(self, piece: Piece) -> bool:
        """Whether a piece that somebody is at is still needed."""

    def take(self, piece: Piece, outcome: Outcome) -> None:
        """What came of a piece."""

    def so_far(self, piece: Piece, walk: Walk) -> Walk:
        """How far the job is, when one of its pieces is so far."""


class Course:
    """The course that a check takes.

    >>> from latchproof_spec.machine import Programs
    >>> job = Job(Programs((2,), 2, 3, 0), 2, ("latchproof",), "asyncio", False, "exhaustive", 100, 0)
    >>> course = Course([job])
    >>> course.next(), course.next(), course.is_over
    (Piece(job=0, attempt=0, place=()), None, False)
    >>> course.take(Piece(0), Outcome(Walk(schedules=7)))
    >>> course.is_over
    True
    """

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._trees = [_Tree(job, number) for number, job in enumerate(jobs)]
        # what takes longest comes first, lest one worker be left with it in the end
        self._order = sorted(self._trees, key=lambda tree: -weight(tree.root.shape, tree.root.argument))

    @property
    def is_over(self) -> bool:
        return all(tree.over for tree in self._trees)

    def next(self) -> Piece | None:
        for tree in self._order:
            if tree.waiting and not tree.over:
                piece = min(tree.waiting)  # in the order of the count, lest much be done that does not count in the end
                tree.waiting.remove(piece)
                return piece
        return None

    def job(self, piece: Piece) -> Job:
        return self._trees[piece.job].jobs[piece]

    def needs(self, piece: Piece) -> bool:
        tree = self._trees[piece.job]
        return not tree.over and piece in tree.jobs

    def take(self, piece: Piece, outcome: Outcome) -> None:
        if self.needs(piece):
            self._trees[piece.job].take(piece, outcome)

    def so_far(self, piece: Piece, walk: Walk) -> Walk:
        return self._trees[piece.job].so_far(piece, walk)

    def outcomes(self, target: Target) -> list[Outcome]:
        """What came of each job; of one that is not over, as far as it was done."""
        return [tree.result(target) for tree in self._trees]


class _Tree:
    """One job: which of its pieces are waiting, and what came of those that count so far."""

    def __init__(self, job: Job, number: int) -> None:
        self.root = job
        self.over = False
        self._begin(Piece(number), job)

    def _begin(self, piece: Piece, job: Job) -> None:
        self.jobs = {piece: job}
        """Of every piece that is waiting, being done, or done and not yet counted."""
        self.waiting = {piece}
        self._done: dict[Piece, Outcome] = {}
        self._ahead = [piece]
        """What is to be counted, the next one last."""
        self._counted = Outcome(Walk(failures={policy: {} for policy in job.policies}))

    def take(self, piece: Piece, outcome: Outcome) -> None:
        self._done[piece] = outcome
        job = replace(self.jobs[piece], numbered=outcome.numbered)
        for child, subtree in zip(_children(piece, outcome), outcome.left, strict=True):
            self.jobs[child] = replace(job, subtree=subtree)
            self.waiting.add(child)
        self._count()

    def _count(self) -> None:
        """Count what is next in the order of one walk, as long as it is there."""
        while self._ahead and not self.over:
            piece = self._ahead[-1]
            outcome = self._done.pop(piece, None)
            if outcome is None:
                return
            job = self.jobs.pop(self._ahead.pop())
            if not outcome.is_deterministic and piece.place and may_be_numbered(job):
                # a piece alone cannot have another chance: on another loop it may be another tree
                self._begin(Piece(piece.job, piece.attempt + 1), replace(self.root, numbered=True))
                return
            self._counted = _together(self._counted, outcome)
            self._ahead += reversed(_children(piece, outcome))
            walk = self._counted.walk
            if not outcome.done or outcome.broken_off or walk.cut_short:
                self.over = True
            elif self._ahead and walk.failures and all(walk.failures.values()):
                self._call_off(piece, replace(self.root, numbered=job.numbered, smaller_than=smallest(walk)))
            elif self._ahead and walk.schedules >= self.root.schedules:
                walk.complete = False
                self.over = True
        self.over = self.over or not self._ahead

    def _call_off(self, piece: Piece, last: Job) -> None:
        """Every policy has failed: what is left is not needed, but for what is smaller than the smallest failure."""
        end = piece._replace(place=LAST)
        self.jobs, self.waiting, self._done, self._ahead = {end: last}, {end}, {}, [end]

    def so_far(self, piece: Piece, walk: Walk) -> Walk:
        """How far it is. Of a tree in pieces no share can be named, for it is not known how many there will be."""
        if not piece.place:
            return walk
        done = self._counted.walk.schedules + sum(one.walk.schedules for one in self._done.values())
        return Walk(done + walk.schedules)

    def result(self, target: Target) -> Outcome:
        """What came of it, and in words why nothing can be concluded from it."""
        outcome = self._counted
        if not self.over:
            for _, more in sorted(self._done.items()):
                outcome = _together(outcome, more)
            return replace(outcome, walk=replace(outcome.walk, complete=False), done=False)
        walk, reasons, where = outcome.walk, list(outcome.reasons), f"{target.machine.parameter} {self.root.argument}"
        if not walk.complete and outcome.done:
            reasons.append(
                f"{where}: stopped after {walk.schedules:,} schedules of {describe_bounds(self.root.shape, target)}"
            )
        if walk.restless:
            reasons.append(
                f"{where}: {walk.restless:,} schedules never came to rest, so whether anyone is stranded in them is "
                "not known"
            )
        return replace(outcome, reasons=tuple(reasons))


def _children(piece: Piece, outcome: Outcome) -> list[Piece]:
    """The pieces that were left of a piece."""
    return [piece._replace(place=(*piece.place, number)) for number in range(len(outcome.left))]


def _together(one: Outcome, other: Outcome) -> Outcome:
    """What came of two parts of a tree, the first of which comes first in a walk."""
    return Outcome(
        one.walk + other.walk,
        tuple(dict.fromkeys((*one.reasons, *other.reasons))),
        tuple(dict.fromkeys((*one.notes, *other.notes))),
        one.done and other.done,
        one.absent or other.absent,
        one.is_deterministic and other.is_deterministic,
        one.is_controlled and other.is_controlled,
    )
