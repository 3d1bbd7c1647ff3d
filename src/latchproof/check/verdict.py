"""What a check concludes, as data: one verdict for each policy, and the verdict on the target."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Self

from latchproof.check.history import Failure
from latchproof.check.lines import LineReport
from latchproof.check.reasons import Reason
from latchproof.check.target import Target
from latchproof.check.trace import Trace, make_trace


@dataclass(frozen=True)
class PolicyVerdict:
    """What was found under one policy.

    `failures`        the smallest failure for each claim that is broken.
    `fired`           the rules of the specification that were applied.
    `exercised`      the claims that were exercised, so they had a chance to fail.
    `not_exercised`  the claims that are about what the target has, and were not exercised.
    `misread`        the observations that read wrong, each of which was not judged further in that run.
    `set_aside`       whether it was judged no further once it was broken, because another policy was not.
    """

    policy: str
    failures: dict[str, Failure]
    fired: tuple[str, ...]
    exercised: tuple[str, ...]
    not_exercised: tuple[str, ...]
    misread: tuple[str, ...] = ()
    set_aside: bool = False

    @property
    def satisfied(self) -> bool:
        """Whether no history broke a claim."""
        return not self.failures

    def about(self, claim: str) -> Self:
        """Return what the verdict says of one claim."""
        return replace(
            self,
            failures={name: failure for name, failure in self.failures.items() if name == claim},
            exercised=tuple(name for name in self.exercised if name == claim),
            not_exercised=tuple(name for name in self.not_exercised if name == claim),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as plain data."""
        return {
            "name": self.policy,
            "broken": list(self.failures),
            "rules_fired": list(self.fired),
            "had_a_chance": list(self.exercised),
            "had_no_chance": list(self.not_exercised),
            "misread": list(self.misread),
            "set_aside": self.set_aside,
        }


@dataclass(frozen=True)
class Order:
    """Whether calls of an operation continue first come, first served, where a policy leaves that open.

    `policy`    the name of that policy, and `in_order` that of the policy that demands it.
    `seen`      True if they did in every run; None if that is not known.
    `exercised` whether in any run a call could have overtaken another.
    `against`   the shortest run that was made in which they did not, if there is one.
    """

    policy: str
    in_order: str
    seen: bool | None
    exercised: bool
    against: Failure | None

    @property
    def is_kept(self) -> bool | None:
        """Whether they do, None if that is not known or was not exercised."""
        if self.against is not None:
            return False
        return self.seen if self.exercised else None


def shared(verdicts: Sequence[PolicyVerdict]) -> tuple[str, ...]:
    """Return the claims that are broken under the most policies: all that more than half break, if there are such."""
    counts = Counter(claim for one in verdicts for claim in one.failures)
    most = min(max(counts.values(), default=0), len(verdicts) // 2 + 1)
    return tuple(claim for claim, number in counts.items() if number >= most)


def most_telling(verdicts: Sequence[PolicyVerdict], claim: str | None = None) -> PolicyVerdict:
    """Return the verdict to show: of a satisfied policy, or else of the one that tells most about the fault.

    A policy comes first if whatever is broken under it is broken under all. A first-in-first-out queue that loses items
    does so under every policy; under most its order is wrong as well, which is no fault. Otherwise it is a policy with
    what most policies find, and little else. The policy with the fewest failures alone may be one whose first violation
    ends each run before what the others report. Of policies that are broken in as many ways it is the one that takes
    the most calls and cancellations to break: a shorter run may be about a policy that the class does not follow. With
    a claim, a policy under which it is not broken comes first.
    """
    found = shared(verdicts)
    everywhere = set.intersection(*(set(one.failures) for one in verdicts))

    def key(one: PolicyVerdict) -> tuple[bool, bool, bool, int, int, tuple[int, ...]]:
        missing = sum(claim not in one.failures for claim in found)
        calls, cancellations = min((failure.size[:2] for failure in one.failures.values()), default=(0, 0))
        differs = not everywhere.issuperset(one.failures)
        return claim in one.failures, not one.satisfied, differs, missing, len(one.failures), (-calls, -cancellations)

    return min(verdicts, key=key)


@dataclass(frozen=True)
class Verdict:
    """The verdict on a target.

    `status`       "conforms" within the bounds, "counterexample", or "inconclusive" because of the `reasons`.
    `reported`     the verdict whose failures are shown: that of the requested policy, or else of `most_telling`.
    `satisfied`    the policies under which nothing was found.
    `schedules`    how many were run. They stand for `covered` schedules, or more.
    `notes`        what else a reader should know; notes do not change the status.
    `claim`        the one claim that all of it is about, if one was asked for.
    `not_driven`   the target's public methods and properties, and parameters of its methods, that no program used.
    `lines`        which lines of the target's own code never ran; it is shown where the target conforms.
    `not_tried`    what the bounds leave out, in words; nothing where schedules are sampled.
    `host_faults`  the shortest run for each fault of the host's own loop that came to light. No claim is blamed for it.
    `orders`       for each satisfied policy that leaves the order of calls open, what it is.
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
    reasons: tuple[Reason, ...]
    seconds: float
    notes: tuple[str, ...] = ()
    claim: str | None = None
    not_driven: tuple[str, ...] = ()
    lines: LineReport = field(default_factory=LineReport)
    not_tried: tuple[str, ...] = ()
    host_faults: tuple[Failure, ...] = ()
    orders: tuple[Order, ...] = ()

    def standing(self, one: PolicyVerdict) -> str:
        """Return what is known of a policy, in words: an inconclusive check satisfies none."""
        if one.failures:
            return f"breaks {', '.join(one.failures)}{'; judged no further' if one.set_aside else ''}"
        return "not broken so far" if self.reasons else "satisfied"

    @property
    def traces(self) -> tuple[Trace, ...]:
        """The shortest run for each claim that is broken under the reported policy, in order of their length."""
        return tuple(self._trace(failure) for failure in self._by_length)

    @property
    def host_traces(self) -> tuple[Trace, ...]:
        """The shortest run for each fault of the host's own loop."""
        return tuple(
            make_trace(failure, self.target, self.reported.policy, strict=self.strict, host=self.host)
            for failure in self.host_faults
        )

    @property
    def shortest(self) -> Trace | None:
        """The shortest of the runs."""
        return next(iter(self.traces), None)

    @property
    def alternatives(self) -> tuple[Trace, ...]:
        """The runs for each claim, each followed by others of the same length."""
        return tuple(self._trace(one) for failure in self._by_length for one in (failure, *failure.others))

    @property
    def _by_length(self) -> list[Failure]:
        return sorted(self.reported.failures.values(), key=lambda failure: failure.rank)

    def _trace(self, failure: Failure, policy: str | None = None) -> Trace:
        return make_trace(failure, self.target, policy or self.reported.policy, strict=self.strict, host=self.host)

    def against(self, order: Order) -> Trace | None:
        """Return the shortest run in which calls did not continue first come, first served; None if there is none."""
        return None if order.against is None else self._trace(order.against, order.in_order)

    @property
    def exit_code(self) -> int:
        """The command's exit code: 0 conforms, 1 counterexample, 3 inconclusive."""
        return {"conforms": 0, "counterexample": 1, "inconclusive": 3}[self.status]

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as plain data; `latchproof.check.trace` documents the schema of its traces."""
        return {
            "target": self.target.name,
            "machine": self.target.kind.name,
            "host": self.host,
            "strict": self.strict,
            "claim": self.claim,
            "status": self.status,
            "exit_code": self.exit_code,
            "reported_policy": self.reported.policy,
            "policies": [self._policy_data(one) for one in self.policies],
            "scheduler": self.scheduler,
            "bounds": list(self.bounds),
            "not_tried": list(self.not_tried),
            "absent": list(self.target.absent),
            "ignored": list(self.target.ignored),
            "not_driven": list(self.not_driven),
            "lines": self.lines.to_json() if self.status == "conforms" else None,
            "renamed": dict(self.target.names.pairs),
            "schedules": self.schedules,
            "covered": self.covered,
            "pruned": self.pruned,
            "steps": self.steps,
            "seconds": self.seconds,
            "reasons": [str(reason) for reason in self.reasons],
            "inconclusive_because": [asdict(reason) for reason in self.reasons],
            "orders": [self._order_data(one) for one in self.orders],
            "notes": list(self.notes),
            "traces": [trace.to_json() for trace in self.traces],
            "host_faults": [trace.to_json() for trace in self.host_traces],
        }

    def _order_data(self, one: Order) -> dict[str, Any]:
        against = self.against(one)
        run = None if against is None else against.to_json()
        return {
            "policy": one.policy,
            "first_come_first_served": one.is_kept,
            "exercised": one.exercised,
            "against": run,
        }

    def _policy_data(self, one: PolicyVerdict) -> dict[str, Any]:
        standing = self.standing(one)
        return one.to_json() | {"standing": standing, "satisfied": standing == "satisfied"}
