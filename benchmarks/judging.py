"""What it costs to judge by a model: a class is judged by the rules of its machine, and by the model of that machine.

Both make and judge every schedule of the same programs on our own class, under every policy that is judged unnamed, and
from the start: what a judge has found out in one walk is not known in the next. A model's outcomes are kept as long as
the process lives; the round that is discarded finds them.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial

from latchproof import Barrier, CountdownLatch
from latchproof.check.target import Target, adapt
from latchproof.check.tree import Explorer
from latchproof_spec.machine import Programs
from latchproof_spec.models import SHIPPED

SHAPES = {
    "latch": Programs((2,), at_once=3, calls=3, cancellations=1, numbers=(-1, 0, 1, 2)),
    "barrier": Programs((2,), at_once=3, calls=3, cancellations=1),
}
CLASSES = {"latch": CountdownLatch, "barrier": Barrier}

RULES, MODEL = "by rules", "by model"


def walk(target: Target, programs: Programs) -> float:
    """Return the CPU seconds that it takes to walk every schedule and judge it."""
    logging.disable(logging.WARNING)
    begun = time.process_time()
    Explorer(target, programs, programs.arguments[0], target.kind.usual_policies).walk()
    return time.process_time() - begun


def contenders(kind: str) -> dict[str, Callable[[], float]]:
    """Return both ways to judge our class of a kind."""
    factory, programs = CLASSES[kind], SHAPES[kind]
    return {
        RULES: partial(walk, adapt(factory, kind=kind), programs),
        MODEL: partial(walk, adapt(factory, model=SHIPPED[kind].model), programs),
    }
