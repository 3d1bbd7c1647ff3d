"""Makes sure that a call that waits gives something to await, and does not block its thread instead.

Most methods that wait are coroutine functions, which need no call to tell. Any other method has to be called: it may
return something to await, or it may block, as in a class for threads. The call is made in a separate thread, which is
left behind if it does not return.
"""

import inspect
import threading
import warnings
from collections.abc import Callable
from typing import Any

from latchproof.check.history import shown
from latchproof.check.importing import TargetError, exits_refused

LIMIT_SECONDS = 3
"""Time that a call may take to return what is to be awaited, in seconds."""


def require_awaitable(method: Callable[..., Any], called: str) -> None:
    """Raise TargetError if a method that should wait has returned nothing to await; `called` is how a message calls it.

    What it raises is left to the check: it may need an event loop.

    >>> require_awaitable(lambda: None, "wait()")
    Traceback (most recent call last):
    latchproof.check.importing.TargetError: wait() is not a coroutine function and returned nothing to await, but ...
    """
    if inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method):  # the latter is a fault to be shown
        return
    returned: list[Any] = []
    raised: list[BaseException] = []

    def call() -> None:
        try:
            returned.append(method())
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=call, daemon=True)
    with exits_refused(), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a coroutine that it has made is never awaited
        thread.start()
        thread.join(LIMIT_SECONDS)
        if raised or (returned and inspect.isawaitable(returned[0])):
            raised.clear()
            returned.clear()
            return
    said = f"but {shown(returned[0])}" if returned else f"and blocked its thread for {LIMIT_SECONDS} s"
    raise TargetError(
        f"{called} is not a coroutine function and returned nothing to await, {said}. A check awaits what it returns; "
        "a class for threads cannot be checked"
    )
