"""Repeats one schedule: to show it, or to see whether a failure happens again.

The bounds of the run are read off the words of the schedule.
"""

from collections.abc import Sequence
from contextlib import nullcontext

from latchproof.check.choices import EAGER, STAY
from latchproof.check.places import Places
from latchproof.check.sandbox.containment import contained
from latchproof.check.sandbox.watch import USUAL_LIMITS, StepLimits
from latchproof.check.strategies import Replay
from latchproof.check.target import Target
from latchproof.check.tree import Explorer
from latchproof_spec.machine import Programs


def replay(
    target: Target,
    schedule: tuple[str, ...],
    *,
    argument: int,
    policies: Sequence[str],
    host: str,
    strict: bool = False,
    ordered: bool = False,
    limits: StepLimits = USUAL_LIMITS,
    shown: bool = True,
) -> Explorer:
    """Repeat one schedule, judged by these policies; return the explorer that has, with its one run as `last_run`.

    If the run is `shown`, its history says where each call stands.

    Raises TargetError if what the schedule asks for cannot be done.
    """
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
