"""Checks a target against the specification: makes jobs, has them done, and draws a verdict from their results."""

import time
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import replace
from functools import partial
from typing import Any

from latchproof.check.bounds import default_programs, describe_bounds, levels, not_tried, notes_on, used
from latchproof.check.clocks import notes_on_clocks
from latchproof.check.driven import not_driven
from latchproof.check.history import SEEN_ONCE, Failure
from latchproof.check.jobs import Job, JobResult, do_job
from latchproof.check.kinds import Kind, a
from latchproof.check.lines import report as line_report
from latchproof.check.loops import stepper_class
from latchproof.check.model_specification import WAITS_ITS_TURN
from latchproof.check.probe import implemented
from latchproof.check.reasons import Reason
from latchproof.check.sandbox.watch import USUAL_LIMITS, StepLimits
from latchproof.check.specification import Invocation
from latchproof.check.strategies import make_strategy
from latchproof.check.target import Target, TargetError
from latchproof.check.trace import make_trace
from latchproof.check.tree import Walk
from latchproof.check.values import INDICES
from latchproof.check.verdict import Order, PolicyVerdict, Verdict, most_telling
from latchproof.check.work_queue import BrokenOffError, Progress, WorkQueue
from latchproof_spec.claims import Claim
from latchproof_spec.machine import Programs

NUMBERS = (-1, 0, 1, 2)
"""Arguments for a parameter that is an int, when it is found out which rules are in reach."""

SCHEDULES = 500_000
"""Schedules of one tree of programs and one constructor argument before a check stops early."""

PIECE = 20_000
"""Schedules of one tree before the rest of it is walked in pieces, by any worker. A state that was met in one piece is
not recognized in another, so pieces take more schedules than one walk; a smaller tree stays whole."""

SAMPLES = 10_000
"""Schedules in all, if they are chosen at random."""

SAMPLED = 2_000
"""Schedules in one piece of these; each piece has its own seed."""

USUAL = (1, 2, 3)
"""Constructor arguments with which every rule is in reach."""


def check(
    target: Target,
    *,
    host: str = "asyncio",
    policy: str | None = None,
    claim: str | None = None,
    strict: bool = False,
    programs: tuple[Programs, ...] | None = None,
    scheduler: str = "exhaustive",
    schedules: int | None = None,
    seed: int = 0,
    workers: int | None = None,
    cluster: str | None = None,
    progress: Progress | None = None,
    limits: StepLimits = USUAL_LIMITS,
    reduces: bool = True,
) -> Verdict:
    """Run the target's real code under the schedules of every program within bounds, and judge every history.

    `programs` are the bounds, by default those of the kind for this host. Without a policy the target conforms if
    any named policy is satisfied, and one that has failed is judged no further as long as another has not. If none is
    satisfied, each tree in which one has failed is walked once more, in full, and a note names the variants that allow
    it. With a `claim` the verdict is about that claim alone, and is inconclusive if a run ended with the failure of
    another.

    `scheduler` is "exhaustive", and `schedules` bounds those of one tree of programs and one constructor argument; or
    it is "random" or "pct", and `schedules` is how many are run in all, from `seed`.

    With `workers` that number of processes does the work, and each loads the target by its name; with `cluster` the
    workers of the Dask cluster at that address do. The verdict depends on neither. An interrupt ends the check with an
    inconclusive verdict on what was found so far. `limits` say when a step counts as one that does not end;
    nothing that comes after the first one in the order of the bounds is run. Unless the check `reduces` the tree, every
    schedule is run.

    Raises TargetError for an unknown policy, claim, host or scheduler, or a cluster that cannot be used.

    >>> from latchproof.check.target import load
    >>> verdict = check(load("asyncio:Barrier"), policy="cpython")
    >>> verdict.status, list(verdict.reported.failures)
    ('counterexample', ['C5'])
    """
    begun = time.perf_counter()
    kind = target.kind
    judged = kind.usual_policies if policy is None else (target.policy(policy),)
    target = target.under(judged)
    require_claim(claim, kind)
    stepper_class(host)
    programs = default_programs(target, host) if programs is None else programs
    policies = tuple(one.name for one in (*judged, *filter(None, map(kind.in_order, judged))))
    exhaustive = scheduler == "exhaustive"
    jobs = [
        Job(
            one,
            argument,
            policies,
            host,
            strict,
            scheduler,
            size,
            seed + number,
            piece=PIECE if exhaustive else None,
            limits=limits,
            reduces=reduces,
            sets_aside=exhaustive and reduces and claim is None,
        )
        for number, (one, argument, size) in enumerate(parts(programs, scheduler, schedules))
    ]
    make_strategy(scheduler, SAMPLED, seed)
    outcomes, end = _outcomes(target, jobs, workers, cluster, progress)
    walk = sum((outcome.walk for outcome in outcomes), Walk())
    reasons = [Reason("broken-off", "", f"{end}; what was not done is not known")] if end else []
    reasons += dict.fromkeys(reason for outcome in outcomes for reason in outcome.reasons)
    if not all(outcome.is_controlled for outcome in outcomes):
        if any(walk.failures.get(one.name) for one in judged):
            text = "claims were broken too, but that may be chance where no schedule controls what happens"
            reasons.append(Reason("uncontrolled", "", text))
        walk = replace(walk, failures={}, set_aside=frozenset())
    if not all(outcome.is_deterministic for outcome in outcomes) and not reasons:
        text = "a failure did not happen again under the same schedule, so more may be broken than was seen"
        reasons.append(Reason("nondeterministic", "", text))
    absent = next((outcome.absent for outcome in outcomes if outcome.absent), target.absent)
    values = next((outcome.values for outcome in outcomes if outcome.values != INDICES), target.values)
    present = tuple(one for one in target.operations if one.name not in absent)
    target = replace(target, operations=present, absent=absent, values=values)
    verdicts = [_verdict(target, one, walk, programs) for one in judged]
    reported = most_telling(verdicts, claim)
    if claim is not None:
        reasons += _doubts_about(claim, reported)
        verdicts = [verdict.about(claim) for verdict in verdicts]
        reported = reported.about(claim)
    if reported.satisfied and reported.not_exercised:
        reasons.append(Reason("not-exercised", "", f"{', '.join(reported.not_exercised)} never had a chance to fail"))
    notes = notes_on(programs, target)
    notes += [values.note(next(one.name for one in target.operations if one.waits))] if values.shown else []
    if claim is None:
        notes += _left_out(target, reported, programs)
    notes += [
        f"states cannot be told apart ({unknown} has no fingerprint), so none was recognized as met before"
        for unknown in sorted({one.walk.no_fingerprint for one in outcomes if one.walk.no_fingerprint is not None})
    ]
    notes += dict.fromkeys(note for outcome in outcomes for note in outcome.notes)
    notes += _cut_short(target, jobs, outcomes)
    notes += _seen_once(reported)
    notes += _only_eager(reported)
    notes += notes_on_clocks(target.own)
    notes += [_note_on(fault, target, reported, host) for fault in walk.host_faults.values()]
    if policy is None and not reported.satisfied and kind.variants and not walk.hung:
        run = partial(_outcomes, workers=workers, cluster=cluster, progress=progress)
        notes += [f"policy {name} allows this: --policy {name}" for name in _allowed_by(target, jobs, programs, run)]
    return Verdict(
        target=target,
        host=host,
        status="counterexample" if not reported.satisfied else "inconclusive" if reasons else "conforms",
        reported=reported,
        satisfied=tuple(verdict.policy for verdict in verdicts if verdict.satisfied),
        policies=tuple(verdicts),
        strict=strict,
        scheduler=scheduler if exhaustive else f"{scheduler}, seed {seed}",
        bounds=(*(describe_bounds(one, target) for one in programs), str(limits)),
        schedules=walk.schedules,
        covered=walk.covered,
        pruned=walk.pruned,
        steps=walk.steps,
        reasons=tuple(reasons),
        seconds=time.perf_counter() - begun,
        notes=tuple(notes),
        claim=claim,
        lines=line_report(target.own, walk.lines),
        not_driven=not_driven(target.offered, used(programs, target), absent),
        not_tried=not_tried(programs, target, host, time_passed=walk.time_passed) if exhaustive else (),
        host_faults=tuple(walk.host_faults.values()),
        orders=() if claim else tuple(_orders(verdicts, target, walk, is_told=exhaustive and not reasons)),
    )


def _orders(verdicts: list[PolicyVerdict], target: Target, walk: Walk, *, is_told: bool) -> Iterator[Order]:
    """Yield whether calls continue first come, first served, for each satisfied policy that leaves that open.

    They are said to do so only if every schedule was run and a call could have overtaken another in one of them.
    """
    for one in verdicts:
        in_order = target.kind.in_order(target.policy(one.policy))
        if one.satisfied and in_order is not None:
            broken = walk.failures.get(in_order.name, {}).values()
            first = min(broken, key=lambda failure: failure.rank, default=None)
            exercised = any(rule.endswith(WAITS_ITS_TURN) for rule in walk.fired.get(in_order.name, ()))
            yield Order(one.policy, in_order.name, True if is_told else None, exercised or first is not None, first)


def _allowed_by(
    target: Target,
    jobs: list[Job],
    programs: tuple[Programs, ...],
    run: Callable[[Target, list[Job]], tuple[list[JobResult], str]],
) -> list[str]:
    """Return the names of the variants that are satisfied, as far as that can be concluded."""
    variants = target.kind.variants
    target, names = target.under(variants), tuple(one.name for one in variants)
    outcomes, end = run(target, [replace(job, policies=names, only_whether=True) for job in jobs])
    if end or any(outcome.reasons for outcome in outcomes):
        return []
    walk = sum((outcome.walk for outcome in outcomes), Walk())
    verdicts = [_verdict(target, one, walk, programs) for one in variants]
    return [one.policy for one in verdicts if one.satisfied and not one.not_exercised]


def _seen_once(verdict: PolicyVerdict) -> list[str]:
    """Return a note that names the claims whose failure did not happen again."""
    once = [claim for claim, failure in verdict.failures.items() if failure.seen_once]
    return [f"{', '.join(once)}: {SEEN_ONCE}"] if once else []


def _only_eager(verdict: PolicyVerdict) -> list[str]:
    """Return a note on the claims that are broken only where the tasks that the target starts are eager."""
    claims = [claim for claim, failure in verdict.failures.items() if failure.is_eager]
    return [f"only with eager tasks: {', '.join(claims)}"] if claims else []


def parts(programs: tuple[Programs, ...], scheduler: str, schedules: int | None) -> list[tuple[Programs, int, int]]:
    """Return the parts of a check: the bounds, the constructor argument, and the most schedules of each.

    >>> [size for _, _, size in parts((Programs((2, 3), 2, 3, 0),), "random", 5_000)]
    [2000, 500, 2000, 500]
    """
    places = list(levels(programs))
    if scheduler == "exhaustive":
        return [(one, argument, schedules or SCHEDULES) for one, argument in places]
    each = -(-(schedules or SAMPLES) // len(places))
    sizes = [min(SAMPLED, each - begun) for begun in range(0, each, SAMPLED)]
    return [(one, argument, size) for one, argument in places for size in sizes]


def require_claim(claim: str | None, kind: Kind) -> None:
    """Raise TargetError if there is a claim, and it is not one about the kind that a history can break."""
    unobservable = {one.id: one.unobservable for one in kind.claims if one.unobservable}
    if claim in unobservable:
        raise TargetError(f"no history is judged by {claim} alone: {unobservable[claim]}")
    about = [one.id for one in kind.claims if not one.unobservable]
    if claim is not None and claim not in about:
        raise TargetError(f"there is no claim {claim!r} about {a(kind.name)}; there are {', '.join(about)}")


def _note_on(fault: Failure, target: Target, reported: PolicyVerdict, host: str) -> str:
    again = make_trace(fault, target, reported.policy, strict=False, host=host).again
    return f"{fault.finding.seen}. This is the host's own fault, and no claim is blamed for it. Shown by {again}"


def _doubts_about(claim: str, verdict: PolicyVerdict) -> Iterator[Reason]:
    """Yield what prevents the conclusion that a claim is not broken."""
    if claim in verdict.failures:
        return
    ended = [other for other, failure in verdict.failures.items() if not failure.finding.misread]
    if ended:
        text = f"runs that broke {', '.join(ended)} ended early, so nothing more is known of {claim}"
        yield Reason("ended-early", "", text)
    elif claim not in (*verdict.exercised, *verdict.not_exercised):
        yield Reason(
            "absent", "", f"{claim} is about something that the target does not have, or that these bounds leave out"
        )


def _outcomes(
    target: Target, jobs: list[Job], workers: int | None, cluster: str | None, progress: Progress | None
) -> tuple[list[JobResult], str]:
    """Return what came of the jobs, and what ended them early; "" if nothing did."""
    queue = WorkQueue(jobs, progress)
    end = ""
    try:
        if cluster is not None:
            from latchproof.check.cluster import Cluster

            Cluster(cluster, target.recipe).do(queue)
        elif workers is not None:
            from latchproof.check.pool import Pool

            Pool(target.recipe, workers, target.own.files).do(queue)
        else:
            here = implemented(target, jobs[0].host, jobs[0].limits)
            while (piece := queue.next()) is not None:
                on_run = None if progress is None else partial(queue.report, piece)
                queue.take(piece, do_job(here, queue.job(piece), on_run))
    except KeyboardInterrupt:
        end = "interrupted"
    except BrokenOffError as error:
        end = str(error)
    return queue.results(target), end


def _verdict(target: Target, policy: Any, walk: Walk, programs: tuple[Programs, ...]) -> PolicyVerdict:
    """Return the verdict under a policy. What no program within the bounds can exercise is left out of it."""
    fired = walk.fired.get(policy.name, set())
    smallest = walk.failures.get(policy.name, {})
    ordered = {claim.id: smallest[claim.id] for claim in target.kind.claims if claim.id in smallest}
    had_a_chance = target.kind.exercised(policy, fired)
    about = _about(target, policy, _arguments(programs), _cancels(programs))
    exercised = tuple(claim.id for claim in _seen_from_outside(target, policy) if claim in had_a_chance)
    without = tuple(claim.id for claim in about if claim.id not in exercised)
    misread = tuple(name for name in target.observations if name in walk.misread.get(policy.name, ()))
    set_aside = policy.name in walk.set_aside
    return PolicyVerdict(policy.name, ordered, tuple(sorted(fired)), exercised, without, misread, set_aside)


def _cut_short(target: Target, jobs: Sequence[Job], outcomes: Sequence[JobResult]) -> list[str]:
    """Return each sentence on how trees were cut short once, after the constructor arguments of these trees."""
    arguments: dict[str, set[int]] = {}
    for job, outcome in zip(jobs, outcomes, strict=True):
        if outcome.cut_short:
            arguments.setdefault(outcome.cut_short, set()).add(job.argument)
    told = [(target.kind.made_with(*sorted(some)), how) for how, some in arguments.items()]
    return [f"{where}: {how}" if where else how for where, how in told]


def _left_out(target: Target, verdict: PolicyVerdict, programs: tuple[Programs, ...]) -> Iterator[str]:
    """Yield a note on the claims that would be exercised with cancellations, or with other constructor arguments."""
    policy, arguments, cancels = target.policy(verdict.policy), _arguments(programs), _cancels(programs)
    tried = {*verdict.exercised, *verdict.not_exercised}
    with_cancels, with_others = (
        [one.id for one in _about(target, policy, *wider) if one.id not in tried]
        if wider != (arguments, cancels)
        else []
        for wider in ((arguments, True), (USUAL, cancels))
    )
    if with_cancels:
        yield f"no cancellations were tried, so nothing is said of {', '.join(with_cancels)}"
    if with_others:
        yield f"with {target.kind.made_with(*arguments)} alone, nothing is said of {', '.join(with_others)}"


def _arguments(programs: tuple[Programs, ...]) -> tuple[int, ...]:
    return tuple(sorted({argument for _, argument in levels(programs)}))


def _cancels(programs: tuple[Programs, ...]) -> bool:
    return any(one.cancellations for one in programs)


def _about(target: Target, policy: Any, arguments: tuple[int, ...], cancels: bool) -> list[Claim]:
    """Return the claims that are about what the target has, and that a history can break with these arguments."""
    small = {min(argument, USUAL[-1]) for argument in arguments}  # what a larger one would do takes more steps
    can_fire = {rule for argument in small for rule in rules_in_reach(target, policy, argument, cancels=cancels)}
    exercised = target.kind.exercised(policy, can_fire)
    return [claim for claim in _seen_from_outside(target, policy) if claim in exercised]


def rules_in_reach(target: Target, policy: Any, argument: int, *, cancels: bool = True) -> Set[str]:
    """Return the rules that the target's operations can apply at all, with cancellations or without."""
    calls = [
        Invocation(call.operation.name, call.arguments, 0, False, tuple(map(type, call.arguments)))
        for call in target.under([policy]).calls(NUMBERS)
    ]
    return target.kind.in_reach(target.specification(policy, argument), calls, cancels=cancels)


def _seen_from_outside(target: Target, policy: Any) -> list[Claim]:
    """Return the claims that a history of the target can break under a policy, as far as what it has tells."""
    kind = target.kind
    without = [] if kind.compares(policy, target.values.compared) else [kind.blamed_for("wrong index")]
    without += [] if target.observations else [kind.blamed_for("wrong reading")]
    return [claim for claim in kind.claims_under(policy) if not claim.unobservable and claim not in without]
