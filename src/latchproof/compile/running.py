"""A model's method, run once: at one instant, on a state of numbers or of symbols, where so many other calls wait."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, TypeAlias

from latchproof.check.instants import is_raised
from latchproof.check.stages import at
from latchproof.compile.stage import CannotCompileError, Gift, Place, Stage, refuse
from latchproof.compile.twins import place_of, twin_of
from latchproof.prove.paths import SymBool, SymInt, UndecidableError, texts_ignored
from latchproof_spec.model import Cancelled, Model, ModelError, WaitsError

State: TypeAlias = dict[str, Any]
"""The attributes of a model at one instant."""


@dataclass(frozen=True)
class Shape:
    """The attributes of a model: what is set for good by the constructor, what changes, and what is always the same.

    `waiter` is the operation that waits.
    """

    waiter: str
    constants: tuple[str, ...]
    state: dict[str, type]
    fixed: State


@dataclass(frozen=True)
class Outcome:
    """What a method did at one instant. `gift` is what it gives the calls that wait, None if nothing."""

    kind: Literal["waits", "returns", "raises", "leaves"]
    after: State
    value: Any = None
    error: type[Exception] | None = None
    gift: Gift | None = None


class Running:
    """Runs the methods of a model."""

    def __init__(self, model: type[Model], shape: Shape) -> None:
        self.model = model
        self.shape = shape
        self._twin = twin_of(model)

    def made(self, *arguments: Any) -> State | type[Exception]:
        """Return the state of a new model, or the error that its constructor raises by a `raise` statement."""
        now = Stage(self.shape.waiter, 0, None)
        try:
            with at(now):
                return self._read("__init__", self._twin(*arguments))
        except Exception as error:
            return self._raised("__init__", error)

    def run(
        self,
        name: str,
        arguments: Iterable[Any],
        before: State,
        others: Any,
        *,
        waited: bool = False,
        cancelled: bool = False,
        counted: bool = True,
    ) -> Outcome:
        """Run a method in a state in which so many other calls wait; `waited` says that the call itself did."""
        instance = self._instance(before)
        now = Stage(self.shape.waiter, others, instance, waited=waited, cancelled=cancelled, counted=counted)
        value, error = None, None
        kind: Literal["waits", "returns", "raises", "leaves"] = "returns"
        try:
            with at(now), texts_ignored():
                value = getattr(instance, name)(*arguments)
        except WaitsError:
            kind = "waits"
        except Cancelled:
            kind = "leaves"
        except Exception as raised:
            kind, error = "raises", self._raised(name, raised)
        if not all(one.is_over for one in now.loops):
            self.refuse(name, f"{name}() leaves a `for` over the calls that wait before it is over")
        after = self._read(name, instance)
        if kind == "waits" and (now.gift is not None or not is_same(before, after)):
            self.refuse(name, f"{name}() changes something before its `when`: check first, and change then")
        is_cancelled = cancelled and (waited or kind == "leaves")  # a new call need not come to its `when`
        if is_cancelled != (kind == "leaves"):
            self.refuse(name, f"{name}() has to raise Cancelled again where it is cancelled, and nowhere else")
        return Outcome(kind, after, value, error, now.gift)

    def holds(self, name: str, before: State, others: Any) -> Any:
        """Return whether a method says that a state is as it should be, in which so many calls wait."""
        instance = self._instance(before)
        try:
            with at(Stage(self.shape.waiter, others, instance)):
                said = getattr(instance, name)()
        except Exception as error:
            self.refuse(name, f"{name}() raises {self._raised(name, error).__name__}: it returns True or False")
        return said if isinstance(said, SymBool) else bool(said)

    def refuse(self, name: str, what: str) -> NoReturn:
        """Raise CannotCompileError with the first line of a method."""
        raise CannotCompileError(f"{place_of(getattr(self.model, name))}: {what}")

    def _raised(self, name: str, error: Exception) -> type[Exception]:
        """Return the class of an error that a `raise` statement of the model has raised; raise any other."""
        if isinstance(error, CannotCompileError | UndecidableError):
            raise error
        if isinstance(error, ModelError):
            raise CannotCompileError(str(error)) from error
        if not is_raised(error, self.model):
            refuse(f"{name}() cannot be run on symbols: {type(error).__name__}: {error}", error.__traceback__)
        return type(error)

    def _instance(self, state: State) -> Any:
        # `object.__new__` would make no instance of a class that has a method of that name
        instance = object.__new__(self._twin)
        vars(instance).update(self.shape.fixed | state)
        return instance

    def _read(self, method: str, instance: Any) -> State:
        """Return the state of an instance; raise CannotCompileError if it is of another shape."""
        shape, found = self.shape, vars(instance)
        known = {*shape.constants, *shape.state, *shape.fixed}
        if found.keys() != known:
            names = ", ".join(f"self.{name}" for name in sorted(found.keys() ^ known))
            self.refuse(method, f"{self.model.__name__} has {names} in some states and not in others")
        for name, kind in {**dict.fromkeys(shape.constants, int), **shape.state}.items():
            fits = (bool, SymBool) if kind is bool else (int, SymInt)
            taken = type(found[name])
            if not issubclass(taken, fits) or taken is Place or (kind is int and taken is bool):
                article = "an int" if kind is int else "a bool"
                self.refuse(method, f"self.{name} of {self.model.__name__} is {article} at first, and not always")
        return {name: found[name] for name in (*shape.constants, *shape.state)}


def is_same(one: State, other: State) -> bool:
    """Return whether two states are the same. Of symbols, the path decides."""
    return all(one[name] is other[name] or one[name] == other[name] for name in one)
