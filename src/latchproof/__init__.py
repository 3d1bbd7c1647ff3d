"""A CountdownLatch and a Barrier for async Python that are specified, model-checked and proved.

They work on asyncio, trio and Flowno; each awaited call finds the event loop that runs it. To import this package
imports no event loop and nothing of the kit. The kit checks other people's latches and barriers against the same
specification: `latchproof check` needs the extra `latchproof[check]`.
"""

from latchproof.barrier import Barrier
from latchproof.latch import CountdownLatch
from latchproof_spec import __version__ as __version__
from latchproof_spec.step import BrokenBarrierError, LatchInUseError, ZeroLatchError

__all__ = ["Barrier", "BrokenBarrierError", "CountdownLatch", "LatchInUseError", "ZeroLatchError"]
