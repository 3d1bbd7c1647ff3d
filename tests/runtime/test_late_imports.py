"""An event loop that is imported only when a latch is already in use, and that runs inside the first one."""

from __future__ import annotations

import subprocess
import sys

INSIDE_TRIO = """
import sys
import trio
from latchproof import CountdownLatch

async def main():
    latch = CountdownLatch(3)
    await latch.count_down()
    known = "asyncio" in sys.modules
    import asyncio

    async def inside():
        waiting = asyncio.create_task(latch.wait())
        await asyncio.sleep(0)
        await latch.count_down()
        await latch.count_down()
        await waiting
        print(known, latch.count)

    asyncio.run(inside())

trio.run(main)
"""

INSIDE_ASYNCIO = """
import asyncio
import sys
from latchproof import CountdownLatch

async def main():
    latch = CountdownLatch(9)
    await latch.count_down()
    await latch.count_down()
    known = "trio" in sys.modules
    import trio

    async def inside():
        with trio.CancelScope() as scope:
            scope.cancel()
            await latch.count_down()
        print(known, scope.cancelled_caught)

    trio.run(inside)
    print(latch.count)

asyncio.run(main())
"""


def printed(program: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_asyncio_is_found_inside_a_trio_that_was_there_before_it() -> None:
    assert printed(INSIDE_TRIO) == ["False", "0"]


def test_trio_is_found_inside_an_asyncio_that_was_there_before_it() -> None:
    assert printed(INSIDE_ASYNCIO) == ["False", "True", "7"]
