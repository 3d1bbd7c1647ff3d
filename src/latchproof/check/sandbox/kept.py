"""One object outside of a target's instances that can change, with what was in it, to which it can be restored.

Which objects are kept belongs to `global_state`. What each of them holds is compared before every run, so that has to
be cheap: whatever can be reached from there is kept apart, and is compared by identity here.
"""

import itertools
from array import array
from ast import literal_eval
from collections import deque
from operator import is_
from typing import Any, Protocol

from latchproof.check.sandbox.classes import can_be_changed, is_class, namespace_of, slots_of

CONTAINERS = (list, dict, set, deque)
BUFFERS = (bytearray, array)


class Kept(Protocol):
    """An object that can change, as it is now."""

    def is_changed(self) -> bool:
        """Return whether it has changed."""

    def difference(self) -> Any:
        """Return what tells the object from others that it could have become."""

    def restore(self) -> None:
        """Make it what it was."""


class Count:
    """A count of `itertools`, which cannot be set back: another one takes its place, wherever it is held by name."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self._then = repr(value)

    @property
    def is_changed(self) -> bool:
        """Whether it has counted."""
        return repr(self.value) != self._then

    def restore(self) -> None:
        """Put one in its place that begins where it was, if it has counted."""
        if self.is_changed:
            self.value = itertools.count(*literal_eval(f"({self._then.removeprefix('count(')[:-1]},)"))


class KeptHolder:
    """A class, or a container, and what it holds. `counts` has the counts that all such objects hold, by identity.

    >>> held = {"runs": itertools.count()}
    >>> kept = KeptHolder(held, {})
    >>> next(held["runs"]), next(held["runs"]), kept.is_changed(), kept.difference()
    (0, 1, True, (None, [], ['count(2)']))
    >>> kept.restore()
    >>> held, kept.is_changed()
    ({'runs': count(0)}, False)
    """

    def __init__(self, thing: Any, counts: dict[int, Count]) -> None:
        self._thing = thing
        self._is_class = is_class(thing)
        self._look: Any = namespace_of(thing) if self._is_class else thing
        self._is_mapping = self._is_class or issubclass(type(thing), dict)
        self._then: Any = dict(self._look) if self._is_mapping else tuple(thing)  # which also keeps it alive
        values = self._look.items() if self._is_mapping else ()
        self._counts = {
            name: counts.setdefault(id(value), Count(value)) for name, value in values if type(value) is itertools.count
        }
        self._note_order()

    def _note_order(self) -> None:
        self._names = tuple(self._look)
        self._values = tuple(self._look.values()) if self._is_mapping else ()

    def is_changed(self) -> bool:
        look = self._look
        return (
            len(look) != len(self._names)
            or not all(map(is_, look, self._names))
            or (self._is_mapping and not all(map(is_, look.values(), self._values)))
            or any(one.is_changed or one.value is not look[name] for name, one in self._counts.items())
        )

    def difference(self) -> Any:
        if not self._is_mapping:
            return self._thing
        names = None if tuple(self._look) == self._names else list(self._look)
        counts = [repr(one.value) for one in self._counts.values() if one.is_changed]
        return (names, self._new_values(), counts) if counts else (names, self._new_values())

    def _new_values(self) -> list[tuple[Any, Any]]:
        then = self._then
        return [(name, value) for name, value in self._look.items() if name not in then or then[name] is not value]

    def restore(self) -> None:
        thing, then = self._thing, self._then
        for name, count in self._counts.items():
            count.restore()
            then[name] = count.value
        if self._is_class:
            for name, _ in self._new_values():
                if name not in then:
                    delattr(thing, name)
            for name, value in then.items():
                if self._look.get(name, self) is not value:
                    setattr(thing, name, value)
            self._note_order()  # names may be in another order now
        elif issubclass(type(thing), dict | set):
            thing.clear()
            thing.update(then)
            self._note_order()
        else:
            thing.clear()
            thing.extend(then)


class KeptSlots:
    """An object whose class has slots, and what is in them."""

    def __init__(self, thing: Any) -> None:
        self._thing = thing
        self._slots = [slot for slot in slots_of(type(thing)) if can_be_changed(slot.__objclass__)]
        self._then = self._now()

    def _now(self) -> list[tuple[object, ...]]:
        """Return what is in each slot: one value, or nothing."""
        found: list[tuple[object, ...]] = []
        for slot in self._slots:
            try:
                found.append((slot.__get__(self._thing),))
            except AttributeError:  # nothing was put into it
                found.append(())
        return found

    @property
    def held(self) -> list[object]:
        """What is in the slots."""
        return [value for values in self._then for value in values]

    def is_changed(self) -> bool:
        now = self._now()
        return any(
            len(one) != len(then) or not all(map(is_, one, then)) for one, then in zip(now, self._then, strict=True)
        )

    def difference(self) -> Any:
        return self._now()

    def restore(self) -> None:
        for slot, then, now in zip(self._slots, self._then, self._now(), strict=True):
            if then and now and then[0] is now[0]:
                continue
            if then:
                slot.__set__(self._thing, then[0])
            elif now:
                slot.__delete__(self._thing)


class KeptBuffer:
    """A bytearray or an array, and what is in it."""

    def __init__(self, thing: Any) -> None:
        self._thing = thing
        self._then = thing[:]

    def is_changed(self) -> bool:
        return bool(self._thing != self._then)

    def difference(self) -> Any:
        return bytes(self._thing)

    def restore(self) -> None:
        self._thing[:] = self._then
