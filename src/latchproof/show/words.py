"""What several renderings of a trace share: a phrase, and the error where a format has no rendering of it."""

from collections.abc import Iterable


class CannotRenderError(Exception):
    """A trace that has no rendering in a format; the text says why."""


def alternatives(allowed: Iterable[str]) -> str:
    """Return what the specification allows, in one phrase.

    >>> alternatives(["to return 0", "to stay parked"]), alternatives([])
    ('to return 0 or to stay parked', 'no such event')
    """
    return " or ".join(allowed) or "no such event"
