"""A rate limiter, of which only this is said: each call returns in the end, whatever else is cancelled."""

from __future__ import annotations

from latchproof.model import Model


class Limiter(Model):
    """How long a call takes is not judged."""

    fair = False

    def acquire(self) -> None:
        pass
