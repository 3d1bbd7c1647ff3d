"""A check in jobs: one shape with one constructor argument, or a piece of its tree, done here or in another process.

What comes of a job does not depend on where it is done, nor on what else is done at the time.
"""

from __future__ import annotations

import pickle
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from latchproof.check.history import Begin, End, Event, SeenError
from latchproof.check.loops.asyncio import NumberedStepLoop
from latchproof.check.notation import compact
from latchproof.check.run import Explorer, Failure, NondeterminismError, Subtree, Walk, is_alike
from latchproof.check.sandbox.containment import StuckError, contained
from latchproof.check.strategies import Replay, Scheduler, make_scheduler
from latchproof.check.target import INDEX, Target, TargetError
from latchproof_spec.machine import Programs

KNOWN_EVERYWHERE = {*sys.stdlib_module_names, "latchproof", "latchproof_spec"}
"""Packages whose errors can be sent to wherever this is installed."""

NUMBERED = (
    "the target depends on the order in which a set of futures or tasks is gone over, which is that of their "
    "addresses; it was run in the order of their creation alone"
)

REPLAYS = 10
"""So often is a failing run repeated before it is believed."""

AFTER_FAILURE = 3_000
"""So many more schedules of a job are run once it has failed under every policy: that it fails is known by then."""


@dataclass(frozen=True)
class Job:
    """One shape with one constructor argument, and how its schedules are chosen and judged."""

    shape: Programs
    argument: int
    policies: tuple[str, ...]
    host: str
    strict: bool
    scheduler: str
    schedules: int
    seed: int
    numbered: bool = False
    """Whether futures and tasks are hashed by their number, on asyncio."""
    piece: int | None = None
    """After so many schedules the rest of the tree is left to other jobs."""
    subtree: Subtree = ()
    """What of the tree is walked; without any turn, all of it."""
    smaller_than: tuple[int, int] | None = None
    """If given, only what has fewer calls or cancellations is walked, that no smaller failure be missed."""


@dataclass
class Outcome:
    """What came of a job.

    `reasons` say why nothing can be concluded from it, `notes` what a reader should know besides. `done` is False for a
    job that was broken off or never begun. `absent` is what the target has not, as found out where the job was done.
    `is_deterministic` is False if the target did not do the same again, `is_controlled` if it starts threads: what goes
    wrong then may be chance, and is no counterexample.
    """

    walk: Walk
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    done: bool = True
    absent: tuple[str, ...] = ()
    is_deterministic: bool = True
    is_controlled: bool = True
    left: tuple[Subtree, ...] = ()
    """What of the tree is left to other jobs."""
    broken_off: bool = False
    """Whether nothing that would have been walked after it is to be walked."""
    numbered: bool = False
    """Whether futures and tasks were hashed by their number."""


class InterruptedWalkError(Exception):
    """Somebody wants no more of it."""


def do_job(target: Target, job: Job, on_run: Callable[[Walk], None] | None = None) -> Outcome:
    """Walk the job's schedules, and repeat every failing run. `on_run` may raise InterruptedWalkError.

    A target that does not do the same again may go over a set of futures, in the order of their addresses: it is given
    another chance, on a loop where that order is fixed. A subtree is given none: its whole tree must be.

    Raises TargetError if the host cannot run a step at a time, or is not there.
    """
    outcome = _do_job(target, job, on_run)
    if outcome.is_deterministic or not may_be_numbered(job) or job.subtree:
        return outcome
    again = _do_job(target, replace(job, numbered=True), on_run)
    return again if again.is_deterministic else outcome


def may_be_numbered(job: Job) -> bool:
    """Whether there is another chance for a target that does not do the same again."""
    return job.host == "asyncio" and not job.numbered


def _do_job(target: Target, job: Job, on_run: Callable[[Walk], None] | None) -> Outcome:
    explorer = _explorer(target, job, make_scheduler(job.scheduler, job.schedules, job.seed))
    first, smaller = explorer, list[Explorer]()
    where = f"{target.machine.parameter} {job.argument}"
    reasons: list[str] = []
    notes: list[str] = []
    done = is_deterministic = True
    broken_off = False
    if job.numbered:
        notes.append(NUMBERED)
    with contained(lambda: explorer.steps_made) as containment:
        try:
            at_most = job.schedules if job.scheduler == "exhaustive" else None
            after_failure = AFTER_FAILURE if job.scheduler == "exhaustive" else None
            smaller_than = job.smaller_than
            if smaller_than is not None:
                notes.append(
                    f"{where}: once it had failed, no more was run but all that is smaller than the smallest failure; "
                    "other claims may be broken too"
                )
            elif explorer.walk(
                at_most=at_most, split_after=job.piece, after_failure=after_failure, on_run=on_run
            ).cut_short:
                notes.append(
                    f"{where}: once it had failed, {AFTER_FAILURE:,} more schedules were run, and all that are smaller "
                    "than the smallest failure; other claims may be broken too"
                )
                smaller_than = smallest(explorer.so_far)
            for shape in _smaller(job.shape, smaller_than):
                part = replace(job, shape=shape, subtree=())
                explorer = _explorer(target, part, make_scheduler("exhaustive", 0, 0))
                smaller.append(explorer)
                explorer.walk(at_most=at_most, on_run=on_run)
        except NondeterminismError as error:
            is_deterministic = False
            broken_off = True
            reasons.append(str(error))
        except StuckError as error:
            last = explorer.last_run
            schedule = compact(job.argument, last.schedule) if last is not None else ""
            broken_off = True
            reasons.append(f"{where}: {error}; the schedule was {schedule}")
        except InterruptedWalkError:
            done = False
        except TargetError:
            raise
        except Exception as error:  # a fault of ours, or something done to the host that it does not survive
            last = explorer.last_run
            schedule = compact(job.argument, last.schedule) if last is not None else ""
            at = traceback.extract_tb(error.__traceback__)[-1]
            broken_off = True
            reasons.append(
                f"{where}: the check itself failed, with {type(error).__name__}: {error} (line {at.lineno} of "
                f"{Path(at.filename).name}); the schedule was {schedule}"
            )
        walk = first.so_far
        for one in smaller:
            walk += replace(one.so_far, covered=0)  # schedules that were counted before
        if done and not first.left:
            walk.fraction = 1.0
        for policy, failures in walk.failures.items():
            for claim, failure in tuple(failures.items()):
                if done and not all(_happens_again(target, job, policy, failure) for _ in range(REPLAYS)):
                    del failures[claim]
                    is_deterministic = False
                    reasons.append(
                        f"{where}: what breaks {claim} under the policy {policy} does not happen again under the same "
                        f"schedule, {compact(failure.argument, failure.schedule)}"
                    )
    if not containment.watched:
        notes.append("outside of the main thread a step that does not end is not broken off")
    reasons += containment.doubts
    return Outcome(
        walk,
        tuple(reasons),
        (*notes, *containment.notes),
        done,
        target.absent,
        is_deterministic,
        not containment.doubts,
        first.left,
        broken_off,
        job.numbered,
    )


def smallest(walk: Walk) -> tuple[int, int]:
    """How many calls and cancellations the smallest failure under each policy has: those of the largest among these."""
    return max(min(one.size[:2] for one in failures.values()) for failures in walk.failures.values())


def _smaller(shape: Programs, than: tuple[int, int] | None) -> list[Programs]:
    """Shapes whose runs are all smaller in calls, or else in cancellations."""
    if than is None:
        return []
    calls, cancellations = than
    fewer_calls = [replace(shape, calls=number) for number in range(1, min(calls, shape.calls + 1))]
    return fewer_calls + (
        [replace(shape, calls=min(calls, shape.calls), cancellations=cancellations - 1)] if cancellations else []
    )


def replay(
    target: Target,
    schedule: tuple[str, ...],
    *,
    argument: int,
    policy: str,
    host: str,
    strict: bool = False,
    numbered: bool = False,
) -> Explorer:
    """The explorer that has repeated one schedule, with its one run as `last_run`.

    Raises TargetError if what the schedule asks for cannot be done.
    """
    calls = [word for word in schedule if word.startswith(("call ", "then "))]
    others = [word for word in schedule if word.startswith("other ")]
    numbers = sorted(
        {int(text) for word in (*calls, *others) if (text := word.partition("(")[2].rstrip(")")).lstrip("-").isdigit()}
    )
    shape = Programs(
        (argument,),
        at_once=max(1, len(calls)),
        calls=len(calls),
        cancellations=sum(word.startswith("cancel ") for word in schedule),
        numbers=tuple(numbers) or (0,),
        beside=len(others),
    )
    job = Job(shape, argument, (policy,), host, strict, "replay", 1, 0, numbered)
    explorer = _explorer(target, job, Replay(schedule))
    with contained(lambda: explorer.steps_made):
        explorer.walk()
    return explorer


def _happens_again(target: Target, job: Job, policy: str, failure: Failure) -> bool:
    try:
        explorer = replay(
            target,
            failure.schedule,
            argument=failure.argument,
            policy=policy,
            host=job.host,
            strict=job.strict,
            numbered=job.numbered,
        )
    except (NondeterminismError, TargetError, StuckError):
        return False
    again = explorer.so_far.failures[policy].get(failure.finding.claim)
    return again is not None and is_alike(again.history[-1], failure.history[-1])


def _explorer(target: Target, job: Job, scheduler: Scheduler) -> Explorer:
    named = {policy.name: policy for policy in target.machine.policies}
    return Explorer(
        target,
        job.shape,
        job.argument,
        [named[policy] for policy in job.policies],
        host=job.host,
        strict=job.strict,
        scheduler=scheduler,
        make_stepper=NumberedStepLoop if job.numbered else None,
        within=job.subtree,
    )


def implemented(target: Target, host: str) -> Target:
    """The target without what it turns out not to have when each operation is called once.

    That is those optional operations that only raise NotImplementedError, and the index of a barrier whose wait()
    returns None.
    """
    try:
        ends = {argument: _called_once(target, host, argument) for argument in (1, 2)}
    except (NondeterminismError, StuckError):
        return target  # it is found out again, and said, where it is checked
    stubs = {operation for operation, end in (*ends[1], *ends[2]) if isinstance(end.error, NotImplementedError)}
    absent = tuple(one.name for one in target.operations if one.optional and one.name in stubs)
    present = tuple(one for one in target.operations if one.name not in absent)
    returns_none = ("wait", End(0, "returned")) in ends[1]
    due = any(rule.queue == "indexed" for rule in target.machine.rules)
    gives_index = not (due and returns_none)
    absent += () if gives_index else (INDEX,)
    return replace(target, operations=present, absent=(*target.absent, *absent), gives_index=gives_index)


def _called_once(target: Target, host: str, argument: int) -> list[tuple[str, End]]:
    """How each operation ends when it is all that is called."""
    ends: list[tuple[str, End]] = []

    def note(history: tuple[Event, ...]) -> None:
        begin = next((event for event in history if isinstance(event, Begin)), None)
        end = next((event for event in history if isinstance(event, End)), None)
        if begin is not None and end is not None:
            ends.append((begin.operation, end))

    shape = Programs((argument,), 1, 1, 0, numbers=(0,))
    explorer = Explorer(target, shape, argument, target.machine.policies[:1], host=host)
    with contained(lambda: explorer.steps_made):
        explorer.walk(on_history=note)
    return ends


def portable(outcome: Outcome) -> Outcome:
    """The outcome with nothing in it that cannot be sent to another process."""
    for failures in outcome.walk.failures.values():
        for claim, failure in failures.items():
            failures[claim] = replace(failure, history=tuple(_portable(event) for event in failure.history))
    return outcome


def _portable(event: Event) -> Event:
    if not isinstance(event, End):
        return event
    if event.error is not None:
        return event._replace(error=_sendable(event.error))
    return event if isinstance(event.value, int | float | str | None) else event._replace(value=repr(event.value))


def _sendable(error: BaseException) -> BaseException:
    try:
        # one of the target's own could be read only where the target is loaded
        if type(error).__module__.partition(".")[0] in KNOWN_EVERYWHERE and (
            type(pickle.loads(pickle.dumps(error))) is type(error)  # what was dumped just now
        ):
            return error
    except Exception:  # whatever it takes offence at
        pass
    return SeenError(type(error).__name__, str(error))
