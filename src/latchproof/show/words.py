"""What several renderings share: phrases, and the error where a format has no rendering of it."""

from collections.abc import Iterable, Mapping, Sequence

MOST = 12
"""Maximum number of names in a list."""


class CannotRenderError(Exception):
    """A trace that has no rendering in a format; the text says why."""


def renamed(names: Mapping[str, str]) -> str:
    """Return which names of a class are shown as which names of the specification.

    >>> renamed({"done": "count_down"})
    'done is shown as count_down'
    """
    return ", ".join(f"{own} is shown as {specified}" for own, specified in names.items())


def alternatives(allowed: Iterable[str]) -> str:
    """Return what the specification allows, in one phrase.

    >>> alternatives(["to return 0", "to stay parked"]), alternatives([])
    ('to return 0 or to stay parked', 'no such event')
    """
    return " or ".join(allowed) or "no such event"


def listed(names: Sequence[str]) -> str:
    """Return names in a line, and how many more there are.

    >>> listed(["wait()", "close()"]), listed("abcdefghijklmn")
    ('wait(), close()', 'a, b, c, d, e, f, g, h, i, j, k, l and 2 more')
    """
    more = len(names) - MOST
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:MOST])} and {more} more"
