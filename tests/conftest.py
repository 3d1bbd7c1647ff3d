"""Every test that takes `host` runs on every host; one that is a coroutine function is run by it."""

from __future__ import annotations

import gc
import importlib
import inspect
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests import workers
from tests.runtime.drivers import ASYNCIO, EAGER_ASYNCIO, FLOWNO, LONE_ASYNCIO, TRIO, UVLOOP, Host

pytest_collection_modifyitems = workers.pytest_collection_modifyitems
pytest_xdist_make_scheduler = workers.pytest_xdist_make_scheduler

HAS_EAGER_TASKS = pytest.mark.skipif(sys.version_info < (3, 12), reason="no eager tasks before Python 3.12")
HAS_UVLOOP = pytest.mark.skipif(sys.platform == "win32", reason="no uvloop on Windows")
ASYNCIO_HOSTS = [
    pytest.param(ASYNCIO, id="asyncio"),
    pytest.param(LONE_ASYNCIO, id="asyncio-alone"),
    pytest.param(UVLOOP, id="uvloop", marks=HAS_UVLOOP),
    pytest.param(EAGER_ASYNCIO, id="asyncio-eager", marks=HAS_EAGER_TASKS),
]
HOSTS = [*ASYNCIO_HOSTS, pytest.param(TRIO, id="trio"), pytest.param(FLOWNO, id="flowno")]


@pytest.fixture(autouse=True)
def _interrupts_as_they_were() -> Iterator[None]:
    """Some loops leave their own handler of Ctrl-C where they are stopped: of no concern to the tests that follow."""
    before = signal.getsignal(signal.SIGINT)
    yield
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is not before:
        signal.signal(signal.SIGINT, before)


@pytest.fixture(params=HOSTS)
def host(request: pytest.FixtureRequest) -> Host:
    chosen: Host = request.param
    return chosen


@pytest.fixture(autouse=True, scope="module")
def _little_garbage() -> None:
    """Keep the garbage collector from visiting what exists before a file of tests, which is soon a million objects.

    Otherwise a test that collects garbage takes seconds, and automatic collections slow all other tests.
    """
    importlib.import_module("hypothesis")  # it asks for referrers when it is imported; frozen ones are not found
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> object:
    test: Any = pyfuncitem.obj
    if not inspect.iscoroutinefunction(test):
        return None
    arguments: dict[str, Any] = {name: pyfuncitem.funcargs[name] for name in inspect.signature(test).parameters}
    arguments["host"].run(lambda: test(**arguments))
    return True
