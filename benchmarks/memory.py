"""Bytes for each parked task of one contender, in a separate process: python -m benchmarks.memory HOST CONTENDER N

asyncio keeps all tasks in a table that never shrinks, so in a shared process the first contender would pay for the
others. The process ends without cancelling its tasks, which takes hours for some contenders.
"""

from __future__ import annotations

import os
import sys
import tracemalloc
from collections.abc import Callable, Coroutine
from typing import Any

from benchmarks.contenders import HOSTS
from benchmarks.hosts import Host


def measure(host: Host, wait_of: Callable[[int], Callable[[], Coroutine[Any, Any, object]]], n: int) -> None:
    """Print the bytes for each of `n` parked tasks, including task and coroutine, and end the process."""

    async def main() -> None:
        wait = wait_of(n)
        before = tracemalloc.get_traced_memory()[0]  # the list of handles is the same for every contender
        cancels = [await host.spawn(wait()) for _ in range(n)]
        await host.pause()
        taken = tracemalloc.get_traced_memory()[0] - before
        print(taken / len(cancels), flush=True)
        os._exit(0)

    tracemalloc.start()
    host.run(main)


if __name__ == "__main__":
    name, contender, tasks = sys.argv[1:]
    of_name, those = HOSTS[name]()
    measure(of_name, those.waits[contender], int(tasks))
