"""Several objects that belong together, such as the two ends of a channel, driven as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class Several:
    """Objects of which each has some of the operations: `places` says which, from 0, and by which name.

    >>> both = Several((["a"], {"a": 1}), {"names": (1, "keys")})
    >>> both.names(), both.count("a")
    (dict_keys(['a']), 1)
    """

    def __init__(self, objects: Sequence[Any], places: Mapping[str, tuple[int, str]]) -> None:
        self._objects = tuple(objects)
        self._places = places

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # asked of whatever is copied or shown; a part would answer for the whole
            raise AttributeError(name)
        place, own_name = self._places.get(name, (0, name))
        return getattr(self._objects[place], own_name)


def parts(instance: Several) -> tuple[Any, ...]:
    """Return the objects that are driven as one."""
    return instance._objects
