"""A CountdownLatch and a Barrier for async Python that are specified, model-checked and proved.

They work on asyncio, trio and Flowno; the host is found at each awaited call. The kit that checks other people's
latches and barriers against the same specification is in `latchproof.verify` and needs `latchproof[verify]`.
"""

from latchproof.barrier import Barrier
from latchproof.latch import CountdownLatch
from latchproof_spec.step import BrokenBarrierError, LatchInUseError, ZeroLatchError

__all__ = ["Barrier", "BrokenBarrierError", "CountdownLatch", "LatchInUseError", "ZeroLatchError"]
