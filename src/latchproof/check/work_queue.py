"""Which pieces of a check are done next, and what came of those that were done, by whichever worker.

Each job is a tree of schedules. A large one comes in pieces: a piece that is not finished after a number of schedules
names the subtrees that are left, and each of them is a piece. Which pieces there are depends on the target and the
bounds alone. They are done in any order, by any number of workers, and counted in one order: that in which a single
walk would come to them. A piece that is cancelled could not count any more, so it does not matter whether it was done.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from latchproof.check.bounds import count_of, describe_bounds, weight
from latchproof.check.history import Failure
from latchproof.check.jobs import Job, JobResult, may_be_ordered, smallest
from latchproof.check.reasons import Reason
from latchproof.check.target import Target
from latchproof.check.tree import Walk
from latchproof.check.values import INDICES

Progress = Callable[[int, Walk], None]
"""Called with the number of a job and how far it is."""

LAST = (sys.maxsize,)
"""The place of the walk that replaces cancelled pieces."""

LEFT_OUT = "once a step had not ended, nothing that comes after it in the order of the bounds was run"


class Piece(NamedTuple):
    """A piece: the number of its job, how often that job was started again, and its place in the tree.

    The place is the number of a subtree among those that were left, then among those that were left of it, and so on;
    places are in the order of one walk.
    """

    job: int
    attempt: int = 0
    place: tuple[int, ...] = ()


class BrokenOffError(Exception):
    """The workers cannot continue, and why."""


class WorkQueue:
    """The pieces of all jobs of a check, which workers take and bring back. `progress` is told how far each job is.

    >>> from latchproof_spec.machine import Programs
    >>> job = Job(Programs((2,), 2, 3, 0), 2, ("latchproof",), "asyncio", False, "exhaustive", 100, 0)
    >>> queue = WorkQueue([job])
    >>> queue.next(), queue.next(), queue.is_over
    (Piece(job=0, attempt=0, place=()), None, False)
    >>> queue.take(Piece(0), JobResult(Walk(schedules=7)))
    >>> queue.is_over
    True
    """

    def __init__(self, jobs: Sequence[Job], progress: Progress | None = None) -> None:
        self._progress = progress
        self._trees = [_Tree(job, number) for number, job in enumerate(jobs)]
        self._may_judge_in_full = any(job.sets_aside and not job.only_whether for job in jobs)
        self._judges_in_full = False
        # the longest comes first, so that no worker is left alone with it in the end
        self._order = sorted(self._trees, key=lambda tree: -weight(tree.root.programs, tree.root.argument))

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do, and nothing that is being done is needed."""
        return all(tree.over for tree in self._trees)

    def next(self) -> Piece | None:
        """Return a piece to be done, which counts as being done from now on; None if there is none now."""
        for tree in self._order:
            if tree.waiting and not tree.over:
                piece = min(tree.waiting)  # lowest place first, so that little finished work is discarded
                tree.waiting.remove(piece)
                return piece
        return None

    def job(self, piece: Piece) -> Job:
        """Return what is to be done for a piece."""
        job = self._trees[piece.job].jobs[piece]
        return replace(job, until_failure=self._judges_in_full and job.sets_aside)

    def needs(self, piece: Piece) -> bool:
        """Return whether a piece that is being done is still needed."""
        tree = self._trees[piece.job]
        return not tree.over and piece in tree.jobs

    def take(self, piece: Piece, result: JobResult) -> None:
        """Take in what came of a piece."""
        if not self.needs(piece):
            return
        self._trees[piece.job].take(piece, result)
        self._judges_in_full |= self._may_judge_in_full and self._is_every_policy_broken()
        if self._judges_in_full:
            for tree in self._trees:
                tree.judge_in_full()
        if self._trees[piece.job].hung:  # what comes after it would only take its time
            for tree in self._trees[piece.job + 1 :]:
                tree.leave_out()

    def _is_every_policy_broken(self) -> bool:
        broken = {policy for tree in self._trees for policy, found in tree.failures.items() if found}
        return broken >= {policy for tree in self._trees for policy in tree.root.policies}

    def report(self, piece: Piece, walk: Walk) -> None:
        """Tell how far the job is, when one of its pieces is as far as `walk`."""
        if self._progress is not None:
            self._progress(piece.job, self._trees[piece.job].so_far(piece, walk))

    def results(self, target: Target) -> list[JobResult]:
        """Return what came of each job; of one that is not over, as far as it was done."""
        return [tree.result(target) for tree in self._trees]


class OneJob(WorkQueue):
    """A queue of one job, which is done once; the subtrees that it leaves are not."""

    def __init__(self, job: Job) -> None:
        super().__init__([job])
        self.result: JobResult | None = None

    def take(self, piece: Piece, result: JobResult) -> None:
        self.result = result
        self._trees[piece.job].over = True


class _Tree:
    """One job: which of its pieces are waiting, and what came of those that count so far."""

    def __init__(self, job: Job, number: int) -> None:
        self.root = job
        self.over = False
        self._is_left_out = False
        self._number = number
        self._attempts = 0
        self._begin(job)

    def _begin(self, job: Job) -> None:
        piece = Piece(self._number, self._attempts)
        self._attempts += 1
        self.jobs = {piece: job}
        """The job of every piece that is waiting, being done, or done and not yet counted."""
        self.waiting = {piece}
        self._done: dict[Piece, JobResult] = {}
        self._ahead = [piece]
        """What is to be counted, the next piece last."""
        self._counted = JobResult(Walk(failures={policy: {} for policy in job.policies}))

    def take(self, piece: Piece, result: JobResult) -> None:
        self._done[piece] = result
        job = replace(self.jobs[piece], ordered=result.ordered)
        for child, subtree in zip(_children(piece, result), result.left, strict=True):
            self.jobs[child] = replace(job, subtree=subtree)
            self.waiting.add(child)
        self._count()

    @property
    def failures(self) -> Mapping[str, Mapping[str, Failure]]:
        """What was found under each policy, in what counts so far."""
        return self._counted.walk.failures

    def judge_in_full(self) -> None:
        """Begin again, with no policy set aside, if one has failed: then not all that it breaks has been found."""
        if not self.root.sets_aside or self._is_left_out or not any(self.failures.values()):
            return
        if self.hung and not self._counted.walk.set_aside:  # every policy fails by the step that did not end
            return
        self.root = replace(self.root, sets_aside=False)
        self.over = False
        self._begin(self.root)

    @property
    def hung(self) -> bool:
        """Whether the tree is over because a step did not end."""
        return self.over and self._counted.walk.hung

    def leave_out(self) -> None:
        """Discard what was done of the tree, and leave the rest undone."""
        self.over = self._is_left_out = True

    def _count(self) -> None:
        """Count what is next in the order of one walk, as long as it is there."""
        while self._ahead and not self.over:
            piece = self._ahead[-1]
            result = self._done.pop(piece, None)
            if result is None:
                return
            job = self.jobs.pop(self._ahead.pop())
            if not result.is_deterministic and piece.place and may_be_ordered(job):
                # a piece alone cannot have a second chance: on another loop it may be another tree
                self._begin(replace(self.root, ordered=True))
                return
            self._counted = _together(self._counted, result)
            self._ahead += reversed(_children(piece, result))
            walk = self._counted.walk
            if not result.done or result.broken_off or walk.cut_short or walk.hung:
                self.over = True
            elif self._ahead and walk.has_failed:
                self._cancel_rest(piece, replace(self.root, ordered=job.ordered, smaller_than=smallest(walk)))
            elif self._ahead and walk.schedules >= self.root.schedules:
                walk.complete = False
                self.over = True
        self.over = self.over or not self._ahead

    def _cancel_rest(self, piece: Piece, last: Job) -> None:
        """Every policy has failed: of what is left, only what is smaller than the smallest failure is needed."""
        end = piece._replace(place=LAST)
        self.jobs, self.waiting, self._done, self._ahead = {end: last}, {end}, {}, [end]

    def so_far(self, piece: Piece, walk: Walk) -> Walk:
        """Return how far it is. A tree in pieces has no share: how many there will be is not known."""
        if not piece.place:
            return walk
        done = self._counted.walk.schedules + sum(one.walk.schedules for one in self._done.values())
        return Walk(done + walk.schedules)

    def result(self, target: Target) -> JobResult:
        """Return what came of it, and why nothing can be concluded from it."""
        result = self._counted
        if self._is_left_out:
            return JobResult(Walk(failures={policy: {} for policy in self.root.policies}), notes=(LEFT_OUT,))
        if not self.over:
            for _, more in sorted(self._done.items()):
                result = _together(result, more)
            return replace(result, walk=replace(result.walk, complete=False), done=False)
        walk, reasons, where = result.walk, list(result.reasons), target.kind.made_with(self.root.argument)
        if not walk.complete and result.done:
            ran = count_of(walk.schedules, "schedule")
            text = f"stopped after {ran} of {describe_bounds(self.root.programs, target)}"
            reasons.append(Reason("stopped-early", where, text))
        if walk.restless:
            never = f"{count_of(walk.restless, 'schedule')} never came to rest"
            text = f"{never}; whether a task is stranded in them is not known"
            reasons.append(Reason("never-rested", where, text))
        return replace(result, reasons=tuple(reasons))


def _children(piece: Piece, result: JobResult) -> list[Piece]:
    """Return the pieces that were left of a piece."""
    return [piece._replace(place=(*piece.place, number)) for number in range(len(result.left))]


def _together(one: JobResult, other: JobResult) -> JobResult:
    """Return what came of two parts of a tree, the first of which comes first in a walk."""
    return JobResult(
        one.walk + other.walk,
        tuple(dict.fromkeys((*one.reasons, *other.reasons))),
        tuple(dict.fromkeys((*one.notes, *other.notes))),
        one.done and other.done,
        one.absent or other.absent,
        one.is_deterministic and other.is_deterministic,
        one.is_controlled and other.is_controlled,
        values=other.values if one.values == INDICES else one.values,
        cut_short=one.cut_short or other.cut_short,
    )
