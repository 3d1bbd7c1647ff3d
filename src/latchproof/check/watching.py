"""Tells when code is run: its lines, and where a function or coroutine is left by returning or suspending.

From Python 3.12 on `sys.monitoring` tells it, under an identifier of our own that is given back afterwards. Before,
`sys.settrace` does, and only where no tracer is set: coverage and debuggers keep theirs.
"""

import sys
from collections.abc import Callable, Collection
from types import CodeType, FrameType
from typing import Any

OnLine = Callable[[CodeType, int], bool]
"""Called with each line that is run, and with the first line of what is entered; returns whether to be told again."""

OnLeave = Callable[[FrameType], None]
"""Called with each frame that is left by returning or suspending, while it is still at that line."""

MONITORING: Any = getattr(sys, "monitoring", None)

TOOLS = (4, 3)
"""The identifiers that `sys.monitoring` reserves for no kind of tool."""


class Watch:
    """Watches these code objects between `start` and `stop`."""

    def __init__(
        self, codes: Collection[CodeType], *, on_line: OnLine | None = None, on_leave: OnLeave | None = None
    ) -> None:
        self._codes = frozenset(codes)
        self._on_line = on_line
        self._on_leave = on_leave
        self._tool: int | None = None
        self._traces = False

    def obstacle(self) -> str:
        """Return why nothing can be watched now; "" if it can."""
        if MONITORING is None:
            return "" if sys.gettrace() is None else "a tracer is set already, such as a debugger or coverage"
        return "" if _free_tool() is not None else "other tools use every free identifier of sys.monitoring"

    def start(self) -> bool:
        """Begin to watch; return whether that is possible."""
        if self.obstacle():
            return False
        if MONITORING is None:
            self._traces = True
            sys.settrace(self._trace)
            return True
        self._tool = tool = _free_tool()
        MONITORING.use_tool_id(tool, "latchproof")
        for event, callback in self._callbacks().items():
            MONITORING.register_callback(tool, event, callback)
        self._set_events(sum(self._callbacks()))
        if self._on_line is not None:
            MONITORING.restart_events()  # another watch may have been told enough of a line
        return True

    def stop(self) -> None:
        """Stop watching, if it has begun."""
        if self._traces:
            self._traces = False
            sys.settrace(None)
        if self._tool is not None:
            self._set_events(0)
            for event in self._callbacks():
                MONITORING.register_callback(self._tool, event, None)
            MONITORING.free_tool_id(self._tool)
            self._tool = None

    def _set_events(self, events: int) -> None:
        for code in self._codes:
            MONITORING.set_local_events(self._tool, code, events)

    def _callbacks(self) -> dict[int, Callable[..., Any]]:
        of = MONITORING.events
        found: dict[int, Callable[..., Any]] = {}
        if self._on_line is not None:
            found |= {of.LINE: self._line, of.PY_START: self._enter}
        if self._on_leave is not None:
            found |= {of.PY_RETURN: self._leave, of.PY_YIELD: self._leave}
        return found

    def _line(self, code: CodeType, line: int) -> Any:
        assert self._on_line is not None
        return None if self._on_line(code, line) else MONITORING.DISABLE

    def _enter(self, code: CodeType, offset: int) -> Any:
        return self._line(code, code.co_firstlineno)  # where the whole function is one line, there is no event for it

    def _leave(self, code: CodeType, offset: int, value: object) -> None:
        assert self._on_leave is not None
        self._on_leave(sys._getframe(1))

    def _trace(self, frame: FrameType, event: str, value: object) -> Any:
        """Trace the frame if it is watched; this is called for each frame that is entered."""
        if frame.f_code not in self._codes:
            return None
        if self._on_line is not None:
            self._on_line(frame.f_code, frame.f_code.co_firstlineno)
        return self._trace_within

    def _trace_within(self, frame: FrameType, event: str, value: object) -> Any:
        if event == "line" and self._on_line is not None:
            self._on_line(frame.f_code, frame.f_lineno)
        elif event == "return" and self._on_leave is not None:
            self._on_leave(frame)
        return self._trace_within


def _free_tool() -> int | None:
    return next((one for one in TOOLS if MONITORING.get_tool(one) is None), None)
