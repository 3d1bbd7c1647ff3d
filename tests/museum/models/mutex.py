"""A lock that is used as `async with` uses it: a task releases it that holds it, and nothing else."""

from __future__ import annotations

from latchproof_spec.models.lock import Lock


class Mutex(Lock):
    """One call at a time holds it. A task that holds it and acquires it waits for itself."""

    fair = False
    gives_back = {"acquire": "release"}
