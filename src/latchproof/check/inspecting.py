"""Keeps a target from running for ever where it is only looked at, before any schedule.

Its constructor is called then, and what can be read is read. Both count as not ending under the usual limits of a step.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from latchproof.check.importing import TargetError
from latchproof.check.sandbox.watch import USUAL_LIMITS, StuckError, watch


class _Access:
    """What is watched: whatever the target does, until the check's own code runs again."""

    own_files: frozenset[str] = frozenset()
    progress = 0
    stuck = ""
    """What the target did not end, in words."""

    def hangs(self, spent: str, at: str, frame: FrameType) -> bool:
        self.stuck = f"what it does did not end within {spent}, at {at}"
        return True


@contextmanager
def endless_refused(name: str) -> Iterator[None]:
    """Raise TargetError if what the target does within this context does not end."""
    access = _Access()
    try:
        with watch(lambda: access, USUAL_LIMITS):
            yield
    except StuckError:
        raise TargetError(
            f"{name} is looked at before it is checked, made with 2 if it is made with a number, and {access.stuck}"
        ) from None
