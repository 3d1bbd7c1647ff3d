"""What do the values that a target's waiting calls return tell: an index, whether the call leads, or nothing?

An int that is not a bool is an index. Two values tell who leads: a bool, and an object with `is_leader` or `leader`, a
bool or a method that returns one. They are judged only if the calls of a target differ in them: then exactly one call
of each generation leads. Any other value, or a bool that is the same for every call, is not judged.
"""

import inspect
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from latchproof.check.history import End, Opaque
from latchproof.check.sandbox.classes import name_of
from latchproof.check.sandbox.interrupts import is_targets_own

Compared: TypeAlias = Literal["indices", "True leads", "False leads", "nothing", "no value"]
"""What is compared of the values. Where calls return only None there is no value."""

LEADS: dict[Compared, bool] = {"True leads": True, "False leads": False}
"""What the call that leads tells."""


class Values(NamedTuple):
    """What is compared of the values that waiting calls return, and what they are in words, if they are not indices."""

    compared: Compared
    shown: str = ""

    def note(self, operation: str) -> str:
        """Return what a reader should know of the values; "" if there is nothing."""
        if not self.shown:
            return ""
        told = f"{operation}() returns {self.shown}: they are not judged as indices"
        if self.compared not in LEADS:
            return f"{told}, and who leads is not checked"
        which = f"return {LEADS[self.compared]}" if self.shown == "bools" else "lead"
        return f"{told}; exactly one call of each generation has to {which}"


INDICES = Values("indices")


def told_lead(value: object) -> bool | None:
    """Return whether a value tells that the call leads; None if it tells neither.

    >>> told_lead(True), told_lead(0), told_lead(None)
    (True, None, None)
    """
    if type(value) is bool:
        return value
    if value is None or type(value) in (int, float, str, bytes, tuple, list, dict):
        return None
    for name in ("is_leader", "leader"):
        try:
            found = getattr(value, name)
            found = found() if callable(found) else found
        except BaseException as error:
            if not is_targets_own(error):
                raise
            continue  # whatever the value's own code raises, it tells nothing
        if type(found) is bool:
            return found
        if inspect.iscoroutine(found):
            found.close()
    return None


def values_of(generations: Sequence[Sequence[End]]) -> Values:
    """Return what the values of whole generations are, in which each call returned.

    >>> values_of([[End(0, "returned", True, leads=True), End(1, "returned", False, leads=False)]])
    Values(compared='True leads', shown='bools')
    """
    ends = [end for generation in generations for end in generation]
    if not ends or any(isinstance(end.value, int) and type(end.value) is not bool for end in ends):
        return INDICES
    if all(end.value is None for end in ends):
        return Values("no value")
    names = sorted({end.value.kind if isinstance(end.value, Opaque) else name_of(type(end.value)) for end in ends})
    shown = " and ".join({"bool": "bools", "NoneType": "None"}.get(name, f"{name} objects") for name in names)
    if {end.leads for end in ends} != {True, False}:
        return Values("nothing", shown)
    if names == ["bool"] and not _one_leads(generations, True) and _one_leads(generations, False):
        return Values("False leads", shown)  # it may tell that a call had to wait
    return Values("True leads", shown)


def _one_leads(generations: Sequence[Sequence[End]], leader: bool) -> bool:
    return all(sum(end.leads is leader for end in generation) == 1 for generation in generations)
