"""What several renderings share: phrases, and the error where a format has no rendering of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from latchproof.check.kinds import Kind
    from latchproof.check.trace import Trace
    from latchproof.check.verdict import Order

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


def judged_by(trace: Trace) -> str:
    """Return what a trace was judged by, as it ends a list of words."""
    if not trace.is_of_a_model:
        return f"policy {trace.policy}"
    return f"model {trace.machine}" + ("" if trace.policy == trace.machine else f", policy {trace.policy}")


def policies_of(kind: Kind, policies: Sequence[str]) -> str:
    """Return what a verdict is about: policies of a kind, or the model that it is.

    >>> from latchproof.check.kind_of import KINDS
    >>> policies_of(KINDS["lock"], ["lock"]), policies_of(KINDS["barrier"], ["cpython", "java"])
    ('the model lock', 'the policies cpython, java')
    """
    names = [name for name in policies if not kind.is_a_model or name != kind.name]
    which = f"the {'policy' if len(names) == 1 else 'policies'} {', '.join(names)}" if names else ""
    model = f"the model {kind.name}" if kind.is_a_model else ""
    return " under ".join(filter(None, (model, which)))


def order_in_words(order: Order) -> str:
    """Return whether calls continue first come, first served."""
    kept = {True: "yes, within these bounds", False: "no", None: "not known"}[order.is_kept]
    if not order.exercised:
        kept = "not exercised; no run had a call that could overtake another"
    return f"first come, first served: {kept}"


def listed(names: Sequence[str]) -> str:
    """Return names in a line, and how many more there are.

    >>> listed(["wait()", "close()"]), listed("abcdefghijklmn")
    ('wait(), close()', 'a, b, c, d, e, f, g, h, i, j, k, l and 2 more')
    """
    more = len(names) - MOST
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:MOST])} and {more} more"
