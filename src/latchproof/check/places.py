"""Where each call of a run stands in the target's own code: the line at which it is suspended, or at which it ended.

A suspended call is found from outside, down the chain of what it awaits; an error tells its line by its traceback.
Only a line at which a call returned has to be watched for. This is done when a failing run is repeated, never while
schedules are explored.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from types import AsyncGeneratorType, CodeType, CoroutineType, FrameType, GeneratorType
from typing import Any

from latchproof.check.own_code import OwnCode
from latchproof.check.watching import Watch

SUSPENDABLE: dict[type, tuple[str, str]] = {
    CoroutineType: ("cr_frame", "cr_await"),
    GeneratorType: ("gi_frame", "gi_yieldfrom"),
    AsyncGeneratorType: ("ag_frame", "ag_await"),
}
"""What can be suspended, with the attributes for its frame and for what it awaits."""


class Places:
    """The places of the calls of one run. A place is the name of a file and a line, as "sync.py:33".

    Without anything that watches, a line at which a call returned is not known, and a call that is suspended where it
    was suspended before is taken not to have been resumed.
    """

    def __init__(self, own: OwnCode) -> None:
        self._files = own.files
        self._watch = Watch(own.codes, on_leave=self._left)
        self._told: dict[int, str] = {}
        """Where each call was when that was told last."""
        self._moved: set[int] = set()
        """The identities of the frames that were left in this step."""
        self._left_last = ""

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch what is returned."""
        self._watch.start()
        try:
            yield
        finally:
            self._watch.stop()

    def begin_step(self) -> None:
        """Forget what was left before this step."""
        self._moved.clear()
        self._left_last = ""

    def resting(self, call: int, coroutine: Any) -> str:
        """Return where a call is suspended after this step; "" if it was not resumed, or no line is known."""
        harness, *frames = _frames(coroutine)
        frames = [frame for frame in frames if frame.f_code.co_filename != harness.f_code.co_filename]
        own = [frame for frame in frames if frame.f_code.co_filename in self._files]
        if not frames:
            return ""
        at = place(own[-1] if own else frames[0])
        is_news = self._told.get(call) != at or any(id(frame) in self._moved for frame in own)
        self._told[call] = at
        return at if is_news else ""

    def ended(self, error: BaseException | None = None) -> str:
        """Return where the call ended that has just returned or raised an error; "" if no line of its own is known."""
        if error is None:
            at, self._left_last = self._left_last, ""
            return at
        found, traceback = "", error.__traceback__
        while traceback is not None:
            code = traceback.tb_frame.f_code
            found = _place(code, traceback.tb_lineno) if code.co_filename in self._files else found
            traceback = traceback.tb_next
        return found

    def _left(self, frame: FrameType) -> None:
        self._moved.add(id(frame))
        self._left_last = place(frame)


def place(frame: FrameType) -> str:
    """Return the place where a frame is."""
    return _place(frame.f_code, frame.f_lineno)


def _place(code: CodeType, line: int | None) -> str:
    return f"{PurePath(code.co_filename).name}:{line}"


def _frames(thing: Any) -> Iterator[FrameType]:
    """Yield the frames of a suspended coroutine and of all that it awaits, innermost last."""
    while thing is not None:
        if type(thing) in SUSPENDABLE:
            frame, awaited = (getattr(thing, name) for name in SUSPENDABLE[type(thing)])
            if frame is None:  # it has ended
                return
            yield frame
            thing = awaited
        else:  # such as the step of an asynchronous generator, which does not tell whose step it is
            thing = next((one for one in gc.get_referents(thing) if type(one) in SUSPENDABLE), None)
