"""Importing and using latchproof imports nothing heavy. Each program runs in a separate interpreter."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import latchproof
import latchproof_spec

HEAVY = ("asyncio", "trio", "flowno", "aiologic", "z3", "logging", "dataclasses", "inspect", "typing", "hypothesis")


def imported_by(program: str) -> set[str]:
    """Return which modules of `HEAVY`, and which of our hosts, are imported once `program` has run."""
    roots = [str(Path(str(module.__file__)).parents[1]) for module in (latchproof, latchproof_spec)]
    # without site, whose imports would hide those of the program; the path is otherwise the same
    script = f"""
import sys
sys.path[:0] = {roots + sys.path!r}
{program}
print(*sys.modules)
"""
    command = [sys.executable, "-I", "-S", "-W", "error", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    modules = set(done.stdout.split())
    return {name for name in modules if name in HEAVY or name.startswith("latchproof.hosts.")}


def test_import_latchproof_imports_nothing_heavy() -> None:
    assert imported_by("import latchproof") == set()


def test_without_a_loop_nothing_heavy_is_imported() -> None:
    program = """
from latchproof import *
latch = CountdownLatch(1)
latch.count_down_nowait()
latch.set_count(3)
barrier = Barrier(2)
barrier.abort_nowait()
barrier.reset_nowait()
repr((latch, barrier, barrier.n_waiting))
try:
    barrier.wait().send(None)
except RuntimeError as error:
    assert "no supported event loop" in str(error)
else:
    raise AssertionError
"""
    assert imported_by(program) == set()


MEET = """
from latchproof import Barrier, CountdownLatch
barrier, latch = Barrier(2), CountdownLatch(1)
async def party():
    await barrier.wait()
    await latch.wait()
async def count():
    await barrier.wait()
    await latch.count_down()
"""


def test_on_asyncio_neither_trio_nor_flowno_is_imported() -> None:
    program = f"""{MEET}
import asyncio
async def main():
    await asyncio.gather(party(), count())
asyncio.run(main())
assert barrier.n_waiting == latch.count == 0
"""
    imported = imported_by(program)
    assert "asyncio" in imported
    assert not imported & {"trio", "flowno", "z3", "hypothesis"}
    assert {name for name in imported if "." in name} == {"latchproof.hosts.asyncio"}


def test_on_trio_flowno_is_not_imported_nor_our_other_hosts() -> None:
    program = f"""{MEET}
import trio
async def main():
    async with trio.open_nursery() as nursery:
        nursery.start_soon(party)
        nursery.start_soon(count)
trio.run(main)
assert barrier.n_waiting == latch.count == 0
"""
    imported = imported_by(program)
    assert "trio" in imported
    assert not imported & {"flowno", "z3", "hypothesis"}
    assert {name for name in imported if "." in name} == {"latchproof.hosts.trio"}


def test_on_flowno_trio_is_not_imported_nor_our_other_hosts() -> None:
    program = f"""{MEET}
from flowno import EventLoop, spawn
async def main():
    tasks = [await spawn(party()), await spawn(count())]
    for task in tasks:
        await task.join()
EventLoop().run_until_complete(main(), join=True)
assert barrier.n_waiting == latch.count == 0
"""
    imported = imported_by(program)
    assert "flowno" in imported
    assert not imported & {"trio", "z3", "hypothesis"}
    assert {name for name in imported if "." in name} == {"latchproof.hosts.flowno"}


@pytest.mark.parametrize("name", ["flowno", "aiologic"])
def test_a_drop_in_does_not_import_what_it_stands_in_for(name: str) -> None:
    assert imported_by(f"import latchproof.dropin.{name}") == set()


def test_logging_is_imported_when_there_is_something_to_say() -> None:
    program = "from latchproof import CountdownLatch\nCountdownLatch(0).count_down_nowait()"
    assert imported_by(program) >= {"logging"}


@pytest.mark.parametrize("name", latchproof.__all__)
def test_the_public_names_are_there(name: str) -> None:
    assert getattr(latchproof, name).__doc__


def test_the_public_names_are_these() -> None:
    names = {"Barrier", "BrokenBarrierError", "CountdownLatch", "LatchInUseError", "ZeroLatchError"}
    assert set(latchproof.__all__) == names
