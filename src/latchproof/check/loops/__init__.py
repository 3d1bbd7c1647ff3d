"""Hosts' real event loops, one step at a time.

A step is what the host's own scheduler does at a time: asyncio runs a handle, trio and Flowno resume a task. That
scheduler says which step is next. It is not imitated but held before each step, and its clock is virtual.

One module for each host belongs here, its row in `STEPPED`, and in `interface` what all of them share. What is run
on a loop, and in which order, does not belong here.
"""

import sys
from collections.abc import Callable
from importlib import import_module

from latchproof.check.loops.interface import Stepper
from latchproof.check.target import TargetError

STEPPED = {"asyncio": "StepLoop", "trio": "TrioStepper", "flowno": "FlownoStepper"}
"""The hosts whose loops can be run one step at a time, each with the stepper class in its module here."""

EAGER = {"asyncio": "Eager"} if sys.version_info >= (3, 12) else {}
"""The hosts that can have eager tasks here, each with the beginning of the names of the stepper classes with them."""

IN_ORDER = {"asyncio": "NumberedStepLoop"}
"""The hosts that iterate over sets of futures and tasks in the order of their addresses, each with the stepper class
that iterates in the order of their creation."""

FUZZED_HOSTS = ("uvloop",)
"""The names of the hosts that the fuzzer alone can drive."""


def stepper_class(host: str, *, ordered: bool = False, eager: bool = False) -> Callable[[], Stepper]:
    """Return the stepper of a host by the host's name.

    Raises TargetError if it is unknown, not installed, or has no eager tasks and should.
    """
    if host not in STEPPED:
        raise TargetError(
            f"{host!r} is not a host that can be run one step at a time; there are {', '.join(STEPPED)}. "
            f"latchproof fuzz drives {', '.join(FUZZED_HOSTS)} too, one pass at a time"
        )
    try:
        loops = import_module(f"{__name__}.{host}")
    except ModuleNotFoundError as error:
        raise TargetError(f"{host} is not installed here: pip install {host}") from error
    if eager and host not in EAGER:
        raise TargetError(f"{host} has no eager tasks here; asyncio has them from Python 3.12 on")
    name = IN_ORDER.get(host, STEPPED[host]) if ordered else STEPPED[host]
    stepper: Callable[[], Stepper] = getattr(loops, EAGER[host] + name if eager else name)
    return stepper
