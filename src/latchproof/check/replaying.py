"""Repeats one schedule: to show it, or to see whether a failure happens again.

The bounds of the run are read off the words of the schedule.
"""

from collections.abc import Sequence
from contextlib import nullcontext

from latchproof.check.choices import EAGER, STAY
from latchproof.check.history import Event, Failure
from latchproof.check.places import Places
from latchproof.check.record import NondeterminismError, is_same
from latchproof.check.sandbox.containment import contained
from latchproof.check.sandbox.watch import USUAL_LIMITS, StepLimits, StuckError
from latchproof.check.strategies import Replay
from latchproof.check.target import Target, TargetError
from latchproof.check.tree import Explorer
from latchproof_spec.machine import Programs


def replay(
    target: Target,
    schedule: tuple[str, ...],
    *,
    argument: int,
    policy: str,
    host: str,
    strict: bool = False,
    ordered: bool = False,
    limits: StepLimits = USUAL_LIMITS,
) -> Explorer:
    """Repeat one schedule; return the explorer that did it, with its one run as `last_run`.

    Its history says where each call stands.

    Raises TargetError if what the schedule asks for cannot be done.
    """
    return _replayed(
        target, schedule, argument, [policy], host=host, strict=strict, ordered=ordered, limits=limits, shown=True
    )


def _replayed(
    target: Target,
    schedule: tuple[str, ...],
    argument: int,
    policies: Sequence[str],
    *,
    host: str,
    strict: bool,
    ordered: bool,
    limits: StepLimits,
    shown: bool,
) -> Explorer:
    """Do what `replay` does, judging by several policies. The history says where calls stand if the run is `shown`."""
    calls = [word for word in schedule if word.startswith(("call ", "then ", "early ", "again ", "except "))]
    others = [word for word in schedule if word.startswith("other ")]
    numbers = sorted(
        {int(text) for word in (*calls, *others) if (text := word.partition("(")[2].rstrip(")")).lstrip("-").isdigit()}
    )
    programs = Programs(
        (argument,),
        at_once=max(1, len(calls)),
        calls=len(calls) + (STAY.word in schedule),  # it stays only if it might call again
        cancellations=sum(word.startswith(("cancel ", "early ")) for word in schedule),
        numbers=tuple(numbers) or (0,),
        beside=len(others),
        early=True,
        again=True,
        eager=EAGER.word in schedule,
        in_except=any("except " in word for word in schedule),
    )
    places = Places(target.own) if shown else None
    explorer = Explorer(
        target,
        programs,
        argument,
        [target.policy(one) for one in policies],
        host=host,
        strict=strict,
        strategy=Replay(schedule),
        ordered=ordered,
        places=places,
    )
    with contained(lambda: explorer, limits), nullcontext() if places is None else places.watching():
        explorer.walk()
    return explorer


def repeated(
    target: Target,
    found: Sequence[tuple[str, Failure]],
    times: int,
    *,
    host: str,
    strict: bool,
    ordered: bool,
    limits: StepLimits,
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
            explorer = _replayed(
                target,
                schedule,
                argument,
                policies,
                host=host,
                strict=strict,
                ordered=ordered,
                limits=limits,
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
