"""What several renderings share: wording, and the error of a trace that cannot be rendered."""

from collections.abc import Iterable


class CannotRenderError(Exception):
    """A trace that has no rendering in a format; the text says why."""


def count_of(number: int, unit: str) -> str:
    """Return a number with its unit.

    >>> count_of(1, "schedule"), count_of(12345, "schedule")
    ('1 schedule', '12,345 schedules')
    """
    return f"{number:,} {unit}{'' if number == 1 else 's'}"


def alternatives(allowed: Iterable[str]) -> str:
    """Return what the specification allows, in one phrase.

    >>> alternatives(["to return 0", "to stay parked"]), alternatives([])
    ('to return 0 or to stay parked', 'no such event')
    """
    return " or ".join(allowed) or "no such event"
