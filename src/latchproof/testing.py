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
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

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
]


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

    `kind` names what it is, where its methods do not tell; `model` is a model of your own, or FILE:CLASS. `argument`,
    or `parties` of a barrier or `count` of a latch, is what the constructor is given: a number, or several.
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
