"""Rate limiters that let one call pass in each period."""

from __future__ import annotations

from typing import Any


def aiolimiter() -> Any:
    """Return an aiolimiter.AsyncLimiter."""
    from aiolimiter import AsyncLimiter

    return AsyncLimiter(1, 1)
