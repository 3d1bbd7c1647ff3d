"""The example of Flowno's documentation, from the installed docstring, on our latch; and on other hosts."""

from __future__ import annotations

import doctest
import itertools
from typing import Any

import pytest
from flowno.core.event_loop import synchronization

from latchproof import CountdownLatch
from tests.conftest import ASYNCIO_HOSTS
from tests.runtime.drivers import FLOWNO, TRIO, Host, close_flowno

RESULTS = ["Consumer1 processed", "Consumer2 processed"]

# Flowno's documentation shows "Producer: Preparing data..." first, and the consumers' lines between the producer's two.
# No cooperative schedule can do that: the consumers start first, and nothing is awaited between the two lines. A
# count_down does not suspend, so the producer prints both lines before the released tasks continue, in arrival order.
LINES = [
    "Consumer1: Waiting for data...",
    "Consumer2: Waiting for data...",
    "Producer: Preparing data...",
    "Producer: Data ready, notifying consumers...",
    "Producer: All consumers notified",
    "Consumer1: Data received, processing...",
    "Consumer2: Data received, processing...",
]


def documented_program() -> tuple[str, str]:
    """Return the example, changed only in where CountdownLatch is imported from; and the output that it documents."""
    examples = doctest.DocTestParser().get_examples(str(synchronization.__doc__))
    source = "".join(example.source for example in examples)
    theirs = "from flowno.core.event_loop.synchronization import CountdownLatch\n"
    assert source.count(theirs) == 1
    return source.replace(theirs, "from latchproof import CountdownLatch\n"), "".join(e.want for e in examples)


def test_it_runs_on_our_latch(capsys: pytest.CaptureFixture[str]) -> None:
    program, documented = documented_program()
    namespace: dict[str, Any] = {}
    exec(compile(program, "Flowno's documentation", "exec"), namespace)
    assert namespace["CountdownLatch"] is CountdownLatch
    assert namespace["results"] == RESULTS
    printed = capsys.readouterr().out.splitlines()
    assert printed == [*LINES, str(RESULTS)]
    assert sorted(printed) == sorted(documented.splitlines())
    loop = namespace["event_loop"]
    assert not any(loop.event_waiters.values())
    assert not loop.tasks
    close_flowno(loop)


class Program:
    """The documented program, with the tasks of any host."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    async def consumer(self, name: str, latch: CountdownLatch) -> str:
        self.lines.append(f"{name}: Waiting for data...")
        await latch.wait()
        self.lines.append(f"{name}: Data received, processing...")
        return f"{name} processed"

    async def producer(self, latch: CountdownLatch) -> None:
        self.lines.append("Producer: Preparing data...")
        self.lines.append("Producer: Data ready, notifying consumers...")
        await latch.count_down()
        await latch.count_down()
        self.lines.append("Producer: All consumers notified")

    async def main(self, host: Host) -> list[object]:
        latch = CountdownLatch(count=2)
        consumer1 = await host.spawn(self.consumer("Consumer1", latch))
        consumer2 = await host.spawn(self.consumer("Consumer2", latch))
        await host.spawn(self.producer(latch))
        return [consumer1.outcome, consumer2.outcome]


@pytest.mark.parametrize("host", [*ASYNCIO_HOSTS, pytest.param(FLOWNO, id="flowno")], indirect=True)
def test_the_same_program_prints_the_same_where_a_count_down_does_not_suspend(host: Host) -> None:
    program = Program()
    assert host.run(lambda: program.main(host)) == RESULTS
    assert program.lines == LINES


def test_the_same_program_on_trio_prints_what_a_checkpoint_may_reorder() -> None:
    """The last count_down releases the consumers and yields to them before the producer's last line."""
    program = Program()
    assert TRIO.run(lambda: program.main(TRIO)) == RESULTS
    assert program.lines[:4] == LINES[:4]
    assert tuple(program.lines[4:]) in itertools.permutations(LINES[4:])
