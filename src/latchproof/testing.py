"""For other people's test suites: `check()`, and Hypothesis state machines made from the specification.

`check` is `latchproof check` as a function.

>>> check("asyncio:Barrier", policy="cpython").status
'counterexample'

The state machines need Hypothesis, which `latchproof[fuzz]` installs; `check` works without it.

>>> from hypothesis.stateful import run_state_machine_as_test
>>> from hypothesis import settings
>>> from latchproof import CountdownLatch
>>> from latchproof.testing import state_machine
>>> machine = state_machine(CountdownLatch, host="asyncio", strict=True)
>>> run_state_machine_as_test(machine, settings=settings(max_examples=5, database=None))

`wait_until_waiting` is for tests of code that uses a latch or a barrier.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from latchproof.check.bounds import ANY, programs_asked_for, without_eager
from latchproof.check.checker import check as check_target
from latchproof.check.extras import require
from latchproof.check.importing import name_of
from latchproof.check.sandbox.watch import USUAL_LIMITS, StepLimits
from latchproof.check.target import Target, TargetError, adapt, load
from latchproof.check.verdict import Verdict
from latchproof_spec.model import Model

if TYPE_CHECKING:
    from latchproof.fuzz.state_machine import (
        AT_ONCE,
        LARGEST,
        CounterexampleError,
        EndlessStepError,
        SpecificationMachine,
        state_machine,
        trace_of,
    )

__all__ = [
    "AT_ONCE",
    "LARGEST",
    "CounterexampleError",
    "EndlessStepError",
    "SpecificationMachine",
    "Verdict",
    "check",
    "state_machine",
    "trace_of",
    "wait_until_waiting",
]

TURNS = 1000
"""Turns of the event loop that `wait_until_waiting` gives the other tasks, unless another number is asked for."""


def __getattr__(name: str) -> Any:
    """Import what needs Hypothesis when it is first used, and have it show runs as `latchproof check` does."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        require("hypothesis", "rich", what=f"latchproof.testing.{name}")
    except TargetError as error:
        raise ImportError(str(error)) from None
    from latchproof.show.terminal import as_text

    module = import_module("latchproof.fuzz.state_machine")
    module.SpecificationMachine.drawn = staticmethod(as_text)
    return getattr(module, name)


def __dir__() -> list[str]:
    return __all__


def check(
    target: str | Target | Callable[..., Any],
    *,
    kind: str | None = None,
    model: str | type[Model] | None = None,
    rename: Mapping[str, str] | None = None,
    ignore: Sequence[str] = (),
    host: str = "asyncio",
    policy: str | None = None,
    claim: str | None = None,
    strict: bool = False,
    tasks: int | None = None,
    calls: int | None = None,
    cancels: int | None = None,
    argument: int | Sequence[int] | None = None,
    parties: int | Sequence[int] | None = None,
    count: int | Sequence[int] | None = None,
    eager: bool = True,
    scheduler: str = "exhaustive",
    schedules: int | None = None,
    seed: int = 0,
    workers: int | None = None,
    cluster: str | None = None,
    step_cpu: float = USUAL_LIMITS.cpu,
    step_block: float = USUAL_LIMITS.block,
) -> Verdict:
    """Check a class, a factory or "MODULE:NAME" as `latchproof check` does, with its options but those for output.

    `kind` names what it is, where neither its methods nor its name tell; `model` is a model of your own, or FILE:CLASS.
    `argument`, or `parties` of a barrier or `count` of a latch, is what the constructor is given: a number, or several.
    `rename` maps names of the class to those that the specification has for them: `{"done": "count_down"}`. What
    `ignore` names, such as "n_waiting", is not read.

    Without `eager`, eager tasks are left out, which asyncio has from Python 3.12 on.

    `workers` and `cluster` need a target that is named, since each worker loads it. Without them the check runs in this
    process.

    Raises TargetError if the target cannot be driven, an option names what does not exist, or a cluster cannot be used.
    """
    if isinstance(target, str):
        found = load(target, kind, rename, model)
    elif isinstance(target, Target):
        if rename or kind or model:
            raise TargetError("a Target has its names and its kind already; leave rename, kind and model out")
        found = target
    else:
        name = name_of(target)
        found = adapt(target, name, kind, rename, model)
        if workers is not None or cluster is not None:
            named = "MODULE:NAME" if name is None else repr(name)
            raise TargetError(f"workers load their target by its name: give {named} in place of {found.name}")
    found = found.ignoring([ignore] if isinstance(ignore, str) else ignore)
    asked = {ANY: argument, "parties": parties, "count": count}
    programs = programs_asked_for(found, host, tasks, calls, cancels, asked)
    if not eager:
        programs = without_eager(programs, host)
    return check_target(
        found,
        host=host,
        policy=policy,
        claim=claim,
        strict=strict,
        programs=programs,
        scheduler=scheduler,
        schedules=schedules,
        seed=seed,
        workers=workers,
        cluster=cluster,
        limits=StepLimits(step_cpu, step_block),
    )


async def wait_until_waiting(primitive: Any, n: int, *, turns: int = TURNS) -> None:
    """Let the other tasks run until `n` tasks wait at a latch, a barrier or another primitive that has `n_waiting`.

    For tests of code that uses one, on asyncio, trio and Flowno: no test has to sleep and hope that its tasks are far
    enough. It does not sleep itself: it yields to the event loop.

    Raises AssertionError if some other number of tasks waits after that many turns of the loop: the others have ended,
    wait elsewhere, or wait for time or for another thread. Raises RuntimeError if no supported event loop is running.

    >>> import asyncio
    >>> from latchproof import Barrier
    >>> async def main() -> None:
    ...     barrier = Barrier(3)
    ...     tasks = [asyncio.create_task(barrier.wait()) for _ in range(2)]
    ...     await wait_until_waiting(barrier, 2)
    ...     print(barrier.n_waiting)
    ...     await barrier.abort()
    ...     await asyncio.gather(*tasks, return_exceptions=True)
    >>> asyncio.run(main())
    2
    """
    take_a_turn = _turn_of_the_loop()
    for _ in range(turns):
        if _waiting_at(primitive) == n:
            return
        await take_a_turn()
    waiting = _waiting_at(primitive)
    if waiting != n:
        raise AssertionError(
            f"{waiting} task{' waits' if waiting == 1 else 's wait'} at {primitive!r}, not {n}, after {turns:,} turns "
            "of the event loop; the others have ended, or wait for something else"
        )


def _waiting_at(primitive: Any) -> Any:
    """Return how many tasks wait at a primitive; raise TypeError if it does not tell."""
    try:
        waiting = primitive.n_waiting
    except AttributeError:
        raise TypeError(f"{primitive!r} has no n_waiting, which says how many tasks wait there") from None
    return waiting() if callable(waiting) else waiting


def _turn_of_the_loop() -> Callable[[], Awaitable[object]]:
    """Return what gives each other task of the running loop a turn; raise RuntimeError if no supported one runs."""
    if (trio := sys.modules.get("trio")) is not None and trio.lowlevel.in_trio_task():
        checkpoint: Callable[[], Awaitable[object]] = trio.lowlevel.checkpoint
        return checkpoint
    flowno = sys.modules.get("flowno.core.event_loop.event_loop")
    if flowno is not None and flowno.current_event_loop() is not None and flowno.current_task() is not None:
        sleep = import_module("flowno.core.event_loop.primitives").sleep
        return lambda: cast(Awaitable[object], sleep(0))
    if (asyncio := sys.modules.get("asyncio")) is not None and asyncio._get_running_loop() is not None:
        return lambda: cast(Awaitable[object], asyncio.sleep(0))
    raise RuntimeError("no supported event loop is running; await this from an asyncio, trio or Flowno task")
