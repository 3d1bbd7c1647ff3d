"""A check as jobs: the programs within one set of bounds, with one constructor argument, or a subtree of their tree.

The result of a job depends neither on where it is done, in this process or another, nor on what else is done at the
time. How jobs are handed out belongs to `work_queue`, `pool` and `cluster`.
"""

import pickle
import random
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from latchproof.check.choices import Subtree
from latchproof.check.history import End, Event, Failure, Hang, Observe, SeenError, error_name, plain_value, text_of
from latchproof.check.lines import LineWatch
from latchproof.check.loops import IN_ORDER
from latchproof.check.notation import compact
from latchproof.check.reasons import Reason
from latchproof.check.record import NondeterminismError, is_same
from latchproof.check.replaying import replay
from latchproof.check.sandbox.classes import module_of
from latchproof.check.sandbox.containment import contained
from latchproof.check.sandbox.watch import UNINTERRUPTED, USUAL_LIMITS, Meter, StepLimits, StuckError
from latchproof.check.strategies import Exhaustive, Strategy, make_strategy
from latchproof.check.target import Target, TargetError
from latchproof.check.tree import Explorer, Walk
from latchproof.check.values import INDICES, Values
from latchproof_spec.machine import Programs

KNOWN_EVERYWHERE = {*sys.stdlib_module_names, "latchproof", "latchproof_spec"}
"""Packages whose errors can be sent to any process that has this one installed."""

ORDERED = (
    "where sets of futures and tasks are iterated in the order of their addresses, the target did something else under "
    "the same schedule; it was run in the order of their creation, and always did the same there"
)

UNDECIDED = (
    "so the target depends on what no schedule decides, such as chance, a thread, a clock, what an earlier run has "
    "left, or the order of a set of futures or tasks"
)

REPLAYS = 10
"""Number of times that a failing run is repeated before it is reported."""

AFTER_FAILURE = 1_000
"""Number of schedules that a job still runs once it has failed under every policy."""


@dataclass(frozen=True)
class Job:
    """The programs within bounds, with one constructor argument, and how their schedules are chosen and judged."""

    programs: Programs
    argument: int
    policies: tuple[str, ...]
    host: str
    strict: bool
    strategy: str
    schedules: int
    seed: int
    ordered: bool = False
    """Whether sets of futures and tasks are iterated in order of creation, on a host where that is not the case."""
    piece: int | None = None
    """Number of schedules after which the rest of the tree is left to other jobs."""
    subtree: Subtree = ()
    """The part of the tree that is walked; without any turn, all of it."""
    smaller_than: tuple[int, int] | None = None
    """If given, only programs with fewer calls or cancellations are walked, so that no smaller failure is missed."""
    sets_aside: bool = False
    """Whether to find out only which policies are broken: one that has failed is judged no further."""
    until_failure: bool = False
    """Whether the job ends once any policy has failed, because the tree is then walked in full."""
    only_whether: bool = False
    """Whether the job ends once every policy has failed, and repeats no failing run."""
    limits: StepLimits = USUAL_LIMITS
    reduces: bool = True
    """Whether runs are cut short where others stand for them."""
    hangs: Mapping[int, tuple[str, str]] | None = None
    """If given, what the worker does is counted, and these are counts at which the target does not end; see `Meter`."""


@dataclass
class JobResult:
    """What came of a job.

    `reasons` say why nothing can be concluded from it, `notes` what else a reader should know. `done` is False for a
    job that was stopped or never begun. `absent` is what the target lacks, as found out where the job was done.
    `is_deterministic` is False if the target did something else under the same schedule, `is_controlled` if it starts
    threads: a failure may then be chance, and does not count as a counterexample.
    """

    walk: Walk
    reasons: tuple[Reason, ...] = ()
    notes: tuple[str, ...] = ()
    done: bool = True
    absent: tuple[str, ...] = ()
    is_deterministic: bool = True
    is_controlled: bool = True
    left: tuple[Subtree, ...] = ()
    """What of the tree is left to other jobs."""
    broken_off: bool = False
    """Whether the walk of the tree ends here: what comes after it in the tree does not count."""
    ordered: bool = False
    """Whether sets of futures and tasks were iterated in order of creation."""
    values: Values = INDICES
    """What the values that waiting calls return are, as found out where the job was done."""
    cut_short: str = ""
    """Sentence on how the tree was cut short after a failure; "" if it was not."""


class InterruptedWalkError(Exception):
    """The walk is not wanted any more."""


def do_job(
    target: Target, job: Job, on_run: Callable[[Walk], None] | None = None, meter: Meter | None = None
) -> JobResult:
    """Walk the job's schedules, and repeat every failing run. `on_run` may raise InterruptedWalkError.

    A target that does something else under the same schedule may iterate over a set of futures, in the order of their
    addresses. It gets a second chance, on a loop where that order is fixed. A subtree gets none, because the whole tree
    would have to be walked again; nor does a target that draws random numbers.

    Raises TargetError if the host cannot run one step at a time, or is not installed.
    """
    drawn = random.getstate()
    result = _do_job(target, job, on_run, meter)
    if result.is_deterministic:
        return result
    if random.getstate() != drawn:
        return replace(result, notes=(*result.notes, "the target draws random numbers"))
    if not may_be_ordered(job) or job.subtree:
        return result
    again = _do_job(target, replace(job, ordered=True), on_run, meter)
    if not again.is_deterministic:
        return result
    for policy, failures in result.walk.failures.items():
        for claim, failure in failures.items():
            again.walk.failures[policy].setdefault(claim, replace(failure, seen_once=True))
    return again


def may_be_ordered(job: Job) -> bool:
    """Return whether there is a second chance for a target that is not deterministic."""
    return job.host in IN_ORDER and not job.ordered


def _do_job(target: Target, job: Job, on_run: Callable[[Walk], None] | None, meter: Meter | None) -> JobResult:
    strategy = make_strategy(job.strategy, job.schedules, job.seed)
    explorers = [_explorer(target, job, strategy, LineWatch(target.own), meter)]
    where = target.kind.made_with(job.argument)
    reasons: list[Reason] = []
    notes = [ORDERED] if job.ordered else []
    cut_short = ""
    done = is_deterministic = True
    with contained(lambda: explorers[-1], job.limits) as containment:
        try:
            cut_short = _walk(target, job, explorers, on_run, meter)
        except NondeterminismError as error:
            is_deterministic = False
            reasons.append(Reason("nondeterministic", "", f"{error}, {UNDECIDED}"))
        except StuckError as error:
            reasons.append(Reason("stuck", where, f"{error}; the schedule was {_last_schedule(job, explorers[-1])}"))
        except InterruptedWalkError:
            done = False
        except TargetError:
            raise
        except Exception as error:  # a fault of ours, or something that the host does not survive
            at = traceback.extract_tb(error.__traceback__)[-1]
            text = (
                f"the check itself failed, with {type(error).__name__}: {error} (line {at.lineno} of "
                f"{Path(at.filename).name}); the schedule was {_last_schedule(job, explorers[-1])}"
            )
            reasons.append(Reason("check-failed", where, text))
    first, *smaller = explorers
    walk = first.so_far
    for one in smaller:
        walk += replace(one.so_far, covered=0)  # schedules that were counted before
    if done and not first.left:
        walk.fraction = 1.0
    slow = _drop_slow_steps(target, job, walk, where) if done and not job.only_whether else []
    counts = walk.hung or not job.until_failure  # else the tree is walked again if anything failed
    repeats = _repeat_failures(target, job, walk) if done and not job.only_whether and counts else True
    reasons += slow
    walk.hung = walk.hung and walk.has_failed
    if not containment.interrupts_blocked:
        notes.append(UNINTERRUPTED)
    return JobResult(
        walk,
        (*reasons, *containment.doubts),
        (*notes, *containment.notes),
        done,
        target.absent,
        is_deterministic and repeats,
        not containment.doubts,
        first.left,
        bool(reasons),
        job.ordered,
        target.values,
        cut_short,
    )


def _walk(
    target: Target,
    job: Job,
    explorers: list[Explorer],
    on_run: Callable[[Walk], None] | None,
    meter: Meter | None,
) -> str:
    """Walk the job's tree, and smaller ones by explorers that are added to the list; return how it was cut short."""
    (explorer,) = explorers
    cut_short = ""
    smaller_than = job.smaller_than
    if smaller_than is not None:
        cut_short = (
            "once it had failed, only what is smaller than the smallest failure was run; other claims may be broken too"
        )
    else:
        after_failure = 0 if job.only_whether else AFTER_FAILURE if explorer.setup.strategy.prunes else None
        walk = explorer.walk(
            at_most=job.schedules,
            split_after=job.piece,
            after_failure=after_failure,
            until_failure=job.until_failure,
            on_run=on_run,
        )
        if walk.cut_short and not job.only_whether and not job.sets_aside:
            cut_short = (
                f"once it had failed, {AFTER_FAILURE:,} more schedules were run, and all that are smaller than the "
                "smallest failure; other claims may be broken too"
            )
            smaller_than = smallest(walk)
        elif walk.hung and walk.has_failed:
            cut_short = (
                "once a step had not ended, only what is smaller than that run was run; other claims may be broken too"
            )
            smaller_than = smallest(walk)
    for programs in _smaller(job.programs, smaller_than):
        explorers.append(_explorer(target, replace(job, programs=programs, subtree=()), Exhaustive(), meter=meter))
        if explorers[-1].walk(at_most=job.schedules, on_run=on_run).hung:
            break  # those that follow are larger
    return cut_short


def _last_schedule(job: Job, explorer: Explorer) -> str:
    run = explorer.last_run
    return "" if run is None else compact(job.argument, run.schedule, explorer.setup.target.letters)


def _repeat_failures(target: Target, job: Job, walk: Walk) -> bool:
    """Repeat every failing run, and mark those that do not fail again; return whether all do.

    Failures under one schedule, by several policies or claims, are repeated together. Where a run fails again, its new
    history replaces the old one, because it also says where each call stands.
    """
    by_schedule: dict[tuple[str, ...], list[tuple[str, Failure]]] = {}
    for policy, failures in walk.failures.items():
        for failure in failures.values():
            if not isinstance(failure.history[-1], Hang):
                by_schedule.setdefault(failure.schedule, []).append((policy, failure))
    all_repeat = True
    for found in by_schedule.values():
        for (policy, failure), history in zip(found, _repeated(target, job, found, REPLAYS), strict=True):
            claim = failure.finding.claim
            again = replace(failure, history=history or failure.history, seen_once=history is None)
            walk.failures[policy][claim] = again
            all_repeat &= history is not None
    return all_repeat


def _repeated(
    target: Target, job: Job, found: Sequence[tuple[str, Failure]], times: int
) -> tuple[tuple[Event, ...] | None, ...]:
    """Repeat a failing run `times` times; return for each failure the history up to it, with where each call stands.

    It is None for a failure that was missing in any of the repetitions. `found` has the failures under one schedule,
    each with the name of its policy.
    """
    schedule, argument = found[0][1].schedule, found[0][1].argument
    policies = list(dict.fromkeys(policy for policy, _ in found))
    histories: list[tuple[Event, ...] | None] = [failure.history for _, failure in found]
    for time in range(times):
        try:
            explorer = replay(
                target,
                schedule,
                argument=argument,
                policies=policies,
                host=job.host,
                strict=job.strict,
                ordered=job.ordered,
                limits=job.limits,
                shown=time == times - 1,  # to find out where each call stands takes longer than the run
            )
        except (NondeterminismError, TargetError, StuckError):
            return (None,) * len(found)
        failures = explorer.so_far.failures
        for place, (policy, failure) in enumerate(found):
            again = failures[policy].get(failure.finding.claim)
            if again is None or not is_same(again.history[-1], failure.history[-1]):
                histories[place] = None
            elif histories[place] is not None:
                histories[place] = again.history
    return tuple(histories)


def _drop_slow_steps(target: Target, job: Job, walk: Walk, where: str) -> list[Reason]:
    """Repeat every run in which a step does not end; drop those in which it ends now, and return reasons to name them.

    A step that ends now was only slow, perhaps because it imports something. All policies share the one repetition.
    """
    reasons = []
    repeated: dict[tuple[str, ...], tuple[Event, ...] | None] = {}
    for policy, failures in walk.failures.items():
        for claim, failure in tuple(failures.items()):
            if not isinstance(failure.history[-1], Hang) or job.hangs:  # else it was seen twice, by two workers
                continue
            if failure.schedule not in repeated:
                (repeated[failure.schedule],) = _repeated(target, job, [(policy, failure)], 1)
            history = repeated[failure.schedule]
            if history is not None:
                # the line may be another one of the loop this time
                failures[claim] = replace(failure, history=(*history[:-1], failure.history[-1]))
                continue
            del failures[claim]
            schedule = compact(failure.argument, failure.schedule, target.letters)
            text = f"{failure.finding.seen}; under the same schedule, {schedule}, it ended another time"
            reasons.append(Reason("slow-step", where, text))
    return list(dict.fromkeys(reasons))


def smallest(walk: Walk) -> tuple[int, int]:
    """Return the largest of the sizes, in calls and cancellations, that the smallest failure under each policy has.

    A failure after which judging continues does not count: a failure behind it may be larger.
    """
    final = [[one for one in failures.values() if one.finding.final] for failures in walk.failures.values()]
    return max(min(one.size[:2] for one in failures) for failures in final)


def _smaller(programs: Programs, than: tuple[int, int] | None) -> list[Programs]:
    """Return bounds within which every run is smaller in calls, or else in cancellations."""
    if than is None:
        return []
    calls, cancellations = than
    fewer_calls = [replace(programs, calls=number) for number in range(1, min(calls, programs.calls + 1))]
    return fewer_calls + (
        [replace(programs, calls=min(calls, programs.calls), cancellations=cancellations - 1)] if cancellations else []
    )


def _explorer(
    target: Target, job: Job, strategy: Strategy, lines: LineWatch | None = None, meter: Meter | None = None
) -> Explorer:
    return Explorer(
        target,
        job.programs,
        job.argument,
        [target.policy(name) for name in job.policies],
        host=job.host,
        strict=job.strict,
        prune=job.reduces,
        merge=job.reduces,
        sets_aside=job.sets_aside,
        strategy=strategy,
        ordered=job.ordered,
        within=job.subtree,
        lines=lines,
        meter=meter,
    )


def portable(result: JobResult) -> JobResult:
    """Return the result without anything that cannot be sent to another process."""
    for failures in (*result.walk.failures.values(), result.walk.host_faults):
        for claim, failure in failures.items():
            failures[claim] = replace(_portable_run(failure), others=tuple(map(_portable_run, failure.others)))
    return result


def _portable_run(failure: Failure) -> Failure:
    return replace(failure, history=tuple(_portable(event) for event in failure.history))


def _portable(event: Event) -> Event:
    if isinstance(event, Observe):
        return Observe(tuple((name, plain_value(value)) for name, value in event.values))
    if not isinstance(event, End):
        return event
    if event.error is not None:
        return event._replace(error=_sendable(event.error))
    return event._replace(value=plain_value(event.value))


def _sendable(error: BaseException) -> BaseException:
    try:
        # one of the target's own could be read only where the target is loaded
        if module_of(type(error)).partition(".")[0] in KNOWN_EVERYWHERE and (
            type(pickle.loads(pickle.dumps(error))) is type(error)  # what was dumped just now
        ):
            return error
    except Exception:  # anything that it does not accept
        pass
    return SeenError(error_name(error), text_of(error))
