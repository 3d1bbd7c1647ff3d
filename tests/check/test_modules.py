"""Which primitives a module offers, and what one exit code says of them."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import anyio
import pytest
import trio

from latchproof.check.importing import TargetError
from latchproof.check.modules import ModuleVerdict, Primitive, primitives

SAMPLES = "tests.check.module_samples"
FAULTS = """
from asyncio import Lock


class Tap:
    async def wait(self): ...
    def set(self): ...


class Hatch(Tap): ...
"""


def kinds(module: str) -> dict[str, str]:
    return {one.name: repr(one.target.kind) for one in primitives(module) if one.target is not None}


def test_asyncio_offers_its_locks_and_queues() -> None:
    assert kinds("asyncio") == {
        "Lock": "lock",
        "Event": "event",
        "Condition": "condition",
        "Semaphore": "semaphore",
        "BoundedSemaphore": "bounded-semaphore",
        "Barrier": "barrier",
        "Queue": "queue",
        "PriorityQueue": "queue",
        "LifoQueue": "queue",
    }
    assert all(one.target is not None for one in primitives("asyncio"))


def test_trio_offers_its_own() -> None:
    assert kinds(trio.__name__) == {
        "CapacityLimiter": "capacity-limiter",
        "Condition": "condition",
        "Event": "event",
        "Lock": "owned-lock",
        "Semaphore": "semaphore",
        "StrictFIFOLock": "owned-lock",
        "open_memory_channel": "memory-channel",
    }
    assert all(one.target is not None for one in primitives("trio"))


@pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning")  # one is made, to look at
def test_anyio_offers_its_own_which_it_imports_when_they_are_asked_for() -> None:
    assert kinds(anyio.__name__) == {
        "CapacityLimiter": "capacity-limiter",
        "Condition": "condition",
        "Event": "event",
        "Lock": "owned-lock",
        "Semaphore": "semaphore",
        "create_memory_object_stream": "memory-channel",
    }
    assert all(one.target is not None for one in primitives("anyio"))


def test_what_a_module_imports_or_hides_is_not_offered_nor_what_is_no_primitive() -> None:
    assert kinds(SAMPLES) == {
        "Door": "event",
        "NarrowDoor": "event",
        "make_door": "event",
        "open_pipe": "memory-channel",
    }


def test_what_cannot_be_driven_is_named_with_the_reason() -> None:
    reasons = {one.name: one.reason for one in primitives(SAMPLES) if one.target is None}
    assert set(reasons) == {"AbstractDoor", "NamedDoor", "Cache", "the_door"}
    assert reasons["AbstractDoor"] == "the class is abstract"
    assert "missing 1 required positional argument: 'key'" in reasons["NamedDoor"]
    assert "not a coroutine function" in reasons["Cache"]
    assert reasons["the_door"] == "it returns the same object each time, so no run could begin with a new one"


def test_a_module_says_itself_what_is_public(tmp_path: Path) -> None:
    (tmp_path / "valves.py").write_text(FAULTS)
    assert set(kinds(str(tmp_path / "valves.py"))) == {"Tap", "Hatch"}
    (tmp_path / "pipes.py").write_text(f"{FAULTS}\n__all__ = ['Lock', 'Hatch', 'lost']\n")
    assert kinds(str(tmp_path / "pipes.py")) == {"Lock": "lock", "Hatch": "event"}
    (tmp_path / "taps.py").write_text(f"{FAULTS}\nSpout = Faucet = Tap\n__all__ = ['Spout', 'Faucet']\n")
    assert kinds(str(tmp_path / "taps.py")) == {"Spout": "event"}


def test_a_package_offers_what_it_defines_in_other_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "plumbing_of_test_modules"
    package.mkdir()
    (package / "__init__.py").write_text("from ._parts import Hatch, Tap\nfrom asyncio import Event\n")
    (package / "_parts.py").write_text(FAULTS)
    monkeypatch.syspath_prepend(tmp_path)
    assert set(kinds(package.name)) == {"Hatch", "Tap"}
    for name in [one for one in sys.modules if one.startswith(package.name)]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("json", "json offers no primitive"),
        ("asyncio.Lock", "asyncio.Lock is not a module; write asyncio:Lock"),
        ("no_such_module", "there is no module 'no_such_module'"),
        ("no_such_file.py", r"there is no file no_such_file\.py"),
    ],
)
def test_what_is_no_module_with_primitives(name: str, said: str) -> None:
    with pytest.raises(TargetError, match=said):
        primitives(name)


def test_each_primitive_is_driven_as_it_is_by_itself() -> None:
    lock = next(one for one in primitives("asyncio") if one.name == "Lock")
    assert isinstance(lock, Primitive)
    assert lock.target is not None
    assert lock.target.name == "asyncio:Lock"
    assert lock.target.make(0).__class__ is asyncio.Lock


def test_nothing_is_concluded_where_nothing_was_driven() -> None:
    assert ModuleVerdict("mine", "asyncio").with_result("Lock", "the class is abstract").exit_code == 2
