"""Hosts' real event loops, one step at a time.

A step is what the host's own scheduler does at a time: asyncio runs a handle, trio and Flowno resume a task. That
scheduler says which step is next. It is not imitated but held before each step, and its clock is virtual.

One module for each host belongs here, a row of it in `STEPPED`, and in `interface` what all of them share. What is run
on a loop, and in which order, does not belong here.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple

from latchproof.check.loops.interface import Stepper
from latchproof.check.target import TargetError


class SteppedHost(NamedTuple):
    """The module of a host here, and the names of the stepper classes in it.

    `ordered` names the class under which sets of futures and tasks are iterated in order of creation, for a host where
    that order is otherwise one of addresses.
    """

    module: str
    stepper: str
    ordered: str | None = None


STEPPED: dict[str, SteppedHost] = {
    "asyncio": SteppedHost("asyncio", "StepLoop", ordered="NumberedStepLoop"),
    "trio": SteppedHost("trio", "TrioStepper"),
    "flowno": SteppedHost("flowno", "FlownoStepper"),
}
"""The hosts whose loops can be run one step at a time, by name."""

STEPPED_HOSTS = tuple(STEPPED)
"""Their names."""

FUZZED_HOSTS = ("uvloop",)
"""The names of the hosts that the fuzzer alone can drive."""


def stepper_class(host: str, *, ordered: bool = False) -> Callable[[], Stepper]:
    """Return the stepper of a host by the host's name; raise TargetError if it is unknown or not installed."""
    if host not in STEPPED:
        raise TargetError(
            f"{host!r} is not a host that can be run one step at a time; there are {', '.join(STEPPED)}. "
            f"latchproof fuzz drives {', '.join(FUZZED_HOSTS)} too, one pass at a time"
        )
    module, stepper, stepper_in_order = STEPPED[host]
    try:
        loops = import_module(f"{__name__}.{module}")
    except ModuleNotFoundError as error:
        raise TargetError(f"{host} is not installed here: pip install {host}") from error
    made: Callable[[], Stepper] = getattr(loops, stepper_in_order or stepper if ordered else stepper)
    return made
