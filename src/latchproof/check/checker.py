"""Checks somebody's latch or barrier against the specification, under every policy or the one that is asked for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

from latchproof.check.bounds import default_programs, describe_bounds, levels, notes_on
from latchproof.check.failure import Failure
from latchproof.check.jobs import Job, JobResult, do_job, implemented
from latchproof.check.loops import stepper_class
from latchproof.check.strategies import make_strategy
from latchproof.check.target import INDEX, Target, TargetError
from latchproof.check.trace import Trace, make_trace
from latchproof.check.tree import Walk
from latchproof.check.work_queue import BrokenOffError, Piece, WorkQueue
from latchproof_spec.machine import Machine, Programs, distinct_policies
from latchproof_spec.machines import CLAIMS

SCHEDULES = 500_000
"""So many schedules of one shape and constructor argument are run before a check stops short."""

PIECE = 20_000
"""After so many schedules the rest of a tree is walked in pieces, by whoever has time. What is met in one piece is not
recognized in another, so they take more schedules than one walk; what is smaller stays whole."""

SAMPLES = 10_000
"""So many schedules are run in all where they are chosen at random."""

SAMPLED = 2_000
"""So many of these make a piece, which has a seed of its own."""

Progress = Callable[[int, Walk], None]
"""Told how far one of the `parts` is, by its number among them."""


@dataclass(frozen=True)
class PolicyVerdict:
    """What was found under one policy: the smallest failure for each claim that is broken.

    `fired` are the rules of the specification that were fired, `chances` the claims that had a chance to fail, and
    `without_chance` those that are about what the target has, and had none.
    """

    policy: str
    failures: dict[str, Failure]
    fired: tuple[str, ...]
    chances: tuple[str, ...]
    without_chance: tuple[str, ...]

    @property
    def satisfied(self) -> bool:
        """Whether no history broke a claim."""
        return not self.failures


@dataclass(frozen=True)
class Verdict:
    """The outcome of a check.

    `status`: "conforms" within the bounds, "counterexample", or "inconclusive" with its `reasons`. `reported` is the
    policy that failures are shown for: the one that was asked for, or else the nearest. `satisfied` are the policies
    under which nothing was found. `schedules` were run, which stand for `covered` and more. `notes` say what a reader
    should know besides, and what concludes nothing. With a `claim`, all of it is about that one alone.
    """

    target: Target
    host: str
    status: Literal["conforms", "counterexample", "inconclusive"]
    reported: PolicyVerdict
    satisfied: tuple[str, ...]
    policies: tuple[PolicyVerdict, ...]
    strict: bool
    scheduler: str
    bounds: tuple[str, ...]
    schedules: int
    covered: int
    pruned: int
    steps: int
    reasons: tuple[str, ...]
    seconds: float
    notes: tuple[str, ...] = ()
    claim: str | None = None

    @property
    def traces(self) -> tuple[Trace, ...]:
        """The shortest run for each claim that is broken under the reported policy."""
        name, kind, policy = self.target.name, self.target.machine.name, self.reported.policy
        failures = self.reported.failures.values()
        return tuple(
            make_trace(failure, name, kind, policy, strict=self.strict, host=self.host) for failure in failures
        )

    def to_json(self) -> dict[str, Any]:
        """The verdict as plain data; the schema of its traces stands in `latchproof.check.trace`."""
        return {
            "target": self.target.name,
            "machine": self.target.machine.name,
            "host": self.host,
            "strict": self.strict,
            "claim": self.claim,
            "status": self.status,
            "exit_code": self.exit_code,
            "reported_policy": self.reported.policy,
            "policies": [
                {
                    "name": one.policy,
                    "satisfied": one.satisfied,
                    "broken": list(one.failures),
                    "rules_fired": list(one.fired),
                    "had_a_chance": list(one.chances),
                    "had_no_chance": list(one.without_chance),
                }
                for one in self.policies
            ],
            "scheduler": self.scheduler,
            "bounds": list(self.bounds),
            "absent": list(self.target.absent),
            "schedules": self.schedules,
            "covered": self.covered,
            "pruned": self.pruned,
            "steps": self.steps,
            "seconds": self.seconds,
            "reasons": list(self.reasons),
            "notes": list(self.notes),
            "traces": [trace.to_json() for trace in self.traces],
        }

    @property
    def shortest(self) -> Trace | None:
        """The shortest of the runs."""
        failures = self.reported.failures
        claim = min(failures, key=lambda one: failures[one].rank, default=None)
        return next((trace for trace in self.traces if trace.claim == claim), None)

    @property
    def exit_code(self) -> int:
        """0 conforms, 1 counterexample, 3 inconclusive."""
        return {"conforms": 0, "counterexample": 1, "inconclusive": 3}[self.status]


def check(
    target: Target,
    *,
    host: str = "asyncio",
    policy: str | None = None,
    claim: str | None = None,
    strict: bool = False,
    shapes: tuple[Programs, ...] | None = None,
    scheduler: str = "exhaustive",
    schedules: int | None = None,
    seed: int = 0,
    workers: int | None = None,
    cluster: str | None = None,
    progress: Progress | None = None,
) -> Verdict:
    """Run the target's real code under the schedules of every program of the shapes, and judge every history.

    Without a policy the target conforms if any named one is satisfied. With a `claim` the verdict is about that one
    alone; it is inconclusive where a run ended at the failure of another. `scheduler` is "exhaustive", and `schedules`
    bounds those of one shape and constructor argument; or it is "random" or "pct", and `schedules` is how many are run
    in all, from `seed`. With `workers` it is done in so many processes, each of which loads the target by its name;
    with `cluster` by the workers of the Dask cluster at that address. The outcome does not depend on which of these,
    nor on their number. An interrupt ends it with what was found so far, inconclusive.

    Raises TargetError for a policy, claim, host or scheduler that there is not, or a cluster that cannot be used.

    >>> from latchproof.check.target import load
    >>> verdict = check(load("asyncio:Barrier"), policy="cpython")
    >>> verdict.status, list(verdict.reported.failures)
    ('counterexample', ['C5'])
    """
    begun = time.perf_counter()
    machine = target.machine
    named = {one.name: one for one in machine.policies}
    if policy is not None and policy not in named:
        raise TargetError(f"there is no policy {policy!r} for a {machine.name}; there are {', '.join(named)}")
    require_claim(claim, machine)
    stepper_class(host)
    judged = distinct_policies(machine.policies) if policy is None else {named[policy]: (policy,)}
    shapes = default_programs(target, host) if shapes is None else shapes
    policies = tuple(one.name for one in judged)
    exhaustive = scheduler == "exhaustive"
    piece = PIECE if exhaustive else None
    jobs = [
        Job(shape, argument, policies, host, strict, scheduler, size, seed + number, piece=piece)
        for number, (shape, argument, size) in enumerate(parts(shapes, scheduler, schedules))
    ]
    make_strategy(scheduler, SAMPLED, seed)
    outcomes, end = _outcomes(target, jobs, workers, cluster, progress)
    reasons = [f"{end}; what was not done is not known"] if end else []
    reasons += dict.fromkeys(reason for outcome in outcomes for reason in outcome.reasons)
    walks = [outcome.walk for outcome in outcomes]
    if not all(outcome.is_deterministic and outcome.is_controlled for outcome in outcomes):
        if any(any(walk.failures.values()) for walk in walks):
            reasons.append("claims were broken too, but that may be chance where no schedule controls what happens")
        walks = [replace(walk, failures={}) for walk in walks]
    absent = next((outcome.absent for outcome in outcomes if outcome.absent), target.absent)
    present = tuple(one for one in target.operations if one.name not in absent)
    target = replace(target, operations=present, absent=absent, gives_index=INDEX not in absent)
    verdicts = [_verdict(target, one, names, walks) for one, names in judged.items()]
    flat = tuple(verdict for group in verdicts for verdict in group)
    reported = min(flat, key=lambda verdict: (claim in verdict.failures, len(verdict.failures)))
    if claim is not None:
        reasons += _doubts_about(claim, reported)
        flat = tuple(_about(claim, verdict) for verdict in flat)
        reported = _about(claim, reported)
    if reported.satisfied and reported.without_chance:
        reasons.append(f"{', '.join(reported.without_chance)} never had a chance to fail")
    status: Literal["conforms", "counterexample", "inconclusive"] = (
        "counterexample" if not reported.satisfied else "inconclusive" if reasons else "conforms"
    )
    notes = notes_on(shapes, target)
    notes += [
        f"states cannot be told apart ({unknown} has no fingerprint), so none was recognized as met before"
        for unknown in sorted({walk.no_fingerprint for walk in walks if walk.no_fingerprint is not None})
    ]
    notes += dict.fromkeys(note for outcome in outcomes for note in outcome.notes)
    return Verdict(
        target=target,
        host=host,
        status=status,
        reported=reported,
        satisfied=tuple(verdict.policy for verdict in flat if verdict.satisfied),
        policies=flat,
        strict=strict,
        scheduler=scheduler if exhaustive else f"{scheduler}, seed {seed}",
        bounds=tuple(describe_bounds(shape, target) for shape in shapes),
        schedules=sum(walk.schedules for walk in walks),
        covered=sum(walk.covered for walk in walks),
        pruned=sum(walk.pruned for walk in walks),
        steps=sum(walk.steps for walk in walks),
        reasons=tuple(reasons),
        seconds=time.perf_counter() - begun,
        notes=tuple(notes),
        claim=claim,
    )


def parts(shapes: tuple[Programs, ...], scheduler: str, schedules: int | None) -> list[tuple[Programs, int, int]]:
    """The parts of a check, as to their shape, constructor argument, and how many schedules each has at most.

    >>> [size for _, _, size in parts((Programs((2, 3), 2, 3, 0),), "random", 5_000)]
    [2000, 500, 2000, 500]
    """
    places = list(levels(shapes))
    if scheduler == "exhaustive":
        return [(shape, argument, schedules or SCHEDULES) for shape, argument in places]
    each = -(-(schedules or SAMPLES) // len(places))
    sizes = [min(SAMPLED, each - begun) for begun in range(0, each, SAMPLED)]
    return [(shape, argument, size) for shape, argument in places for size in sizes]


def require_claim(claim: str | None, machine: Machine) -> None:
    """Raise TargetError unless it is one of the claims about the machine by which a history can be judged, or none."""
    unobservable = {one.id: one.unobservable for one in CLAIMS if one.unobservable}
    if claim in unobservable:
        raise TargetError(f"no history is judged by {claim} alone: {unobservable[claim]}")
    about = [one.id for one in machine.claims if not one.unobservable]
    if claim is not None and claim not in about:
        raise TargetError(f"there is no claim {claim!r} about a {machine.name}; there are {', '.join(about)}")


def _about(claim: str, verdict: PolicyVerdict) -> PolicyVerdict:
    """What a verdict says of one claim."""
    return replace(
        verdict,
        failures={name: failure for name, failure in verdict.failures.items() if name == claim},
        chances=tuple(name for name in verdict.chances if name == claim),
        without_chance=tuple(name for name in verdict.without_chance if name == claim),
    )


def _doubts_about(claim: str, verdict: PolicyVerdict) -> list[str]:
    """What keeps a verdict from concluding that a claim is not broken."""
    if claim in verdict.failures:
        return []
    if verdict.failures:
        return [f"runs ended early, where they broke {', '.join(verdict.failures)}: of {claim} no more is known"]
    if claim not in (*verdict.chances, *verdict.without_chance):
        return [f"{claim} is about what the target has not"]
    return []


def _outcomes(
    target: Target, jobs: list[Job], workers: int | None, cluster: str | None, progress: Progress | None
) -> tuple[list[JobResult], str]:
    """What came of the jobs, and what ended it before they were done."""
    queue = WorkQueue(jobs)
    end = ""
    try:
        if cluster is not None:
            from latchproof.check.cluster import Cluster

            Cluster(cluster, target.name, target.machine.name).do(queue, progress)
        elif workers is not None:
            from latchproof.check.pool import Pool

            Pool(target.name, target.machine.name, workers).do(queue, progress)
        else:
            _do_here(implemented(target, jobs[0].host), queue, progress)
    except KeyboardInterrupt:
        end = "interrupted"
    except BrokenOffError as error:
        end = str(error)
    return queue.results(target), end


def _do_here(target: Target, queue: WorkQueue, progress: Progress | None) -> None:
    """Do all of it in this process."""
    while (piece := queue.next()) is not None:
        tell = None if progress is None else partial(_tell, progress, queue, piece)
        queue.take(piece, do_job(target, queue.job(piece), tell))


def _tell(progress: Progress, queue: WorkQueue, piece: Piece, walk: Walk) -> None:
    progress(piece.job, queue.so_far(piece, walk))


def _verdict(target: Target, policy: Any, names: tuple[str, ...], walks: list[Walk]) -> list[PolicyVerdict]:
    smallest: dict[str, Failure] = {}
    fired: set[str] = set()
    for walk in walks:
        fired |= walk.fired.get(policy.name, set())
        for claim, failure in walk.failures.get(policy.name, {}).items():
            if claim not in smallest or failure.rank < smallest[claim].rank:
                smallest[claim] = failure
    ordered = {claim.id: smallest[claim.id] for claim in CLAIMS if claim.id in smallest}
    can_fire = {rule for argument in (1, 2, 3) for rule in _rules_in_reach(target, policy, argument)}
    exercise = target.machine.exercise
    seen = [claim for claim in target.machine.claims if not claim.unobservable]
    about = [claim for claim in seen if can_fire & set(exercise[claim])]
    if not target.gives_index:
        about = [claim for claim in about if claim is not target.machine.blame["wrong index"]]
    chances = tuple(claim.id for claim in about if fired & set(exercise[claim]))
    without = tuple(claim.id for claim in about if claim.id not in chances)
    return [PolicyVerdict(name, ordered, tuple(sorted(fired)), chances, without) for name in names]


def _rules_in_reach(target: Target, policy: Any, argument: int) -> set[str]:
    """The rules that the operations which the target has can fire at all: nothing breaks a barrier without an abort."""
    machine = target.machine
    constants, start, _ = machine.create(argument)
    states, fired = {start}, set()
    for _ in range(4):  # to trip with three parties, or to open a latch of three and over-count, and one call more
        for state in tuple(states):
            for call in target.calls((-1, 0, 1, 2)):
                *after, rule = call.operation.function(*constants, *state, *call.arguments, policy=policy)
                states.add(tuple(after))
                fired.add(rule.id)
            for is_parked in (False, True):
                if is_parked and dict(zip(machine.state, state, strict=True))["parked"] == 0:
                    continue
                *after, rule = machine.withdraw.function(*constants, *state, is_parked, policy=policy)
                states.add(tuple(after))
                fired.add(rule.id)
    return fired
