"""Classes beside objects that answer nothing: a proxy for what is not there now, and a class that hides its name."""

from __future__ import annotations

from typing import Any, NoReturn

from tests.check.samples import FifoBarrier


class Absent:
    """A proxy outside of its context: whatever is asked of it, even for its class, it raises an error."""

    def _current(self, *_: object) -> NoReturn:
        raise RuntimeError("outside of the context")

    __class__ = __dict__ = __doc__ = property(_current)
    __getattr__ = __eq__ = __hash__ = __bool__ = __repr__ = __len__ = __iter__ = _current


class Hiding(type):
    """A metaclass whose classes have no names, no module and no bases, for those who ask."""

    def __getattribute__(cls, name: str) -> Any:
        if name in ("__name__", "__qualname__", "__module__", "__mro__", "__dict__"):
            raise LookupError(name)
        return super().__getattribute__(name)


class NamelessError(Exception, metaclass=Hiding):
    pass


absent: Any = Absent()


class BesideProxy(FifoBarrier):
    """It is right."""

    async def wait(self) -> int:
        if absent is None:
            return 0
        return await super().wait()


class HoldsProxies(FifoBarrier):
    """It is right."""

    current = absent

    def __init__(self, parties: int, default: Any = absent) -> None:
        super().__init__(parties)
        self.default = default


class Nameless(FifoBarrier):
    """A second waiter is told an error."""

    async def wait(self) -> int:
        if self._parked:
            raise NamelessError("no name")
        return await super().wait()
