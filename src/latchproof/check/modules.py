"""Finds the primitives that a module offers, and collects the verdicts on them.

What a module offers is in its `__all__`, or else each public name of what the module's own package defines. A class is
a primitive if it has the operations of a kind. A function is one if it makes such an object, as its annotation says, or
if it is a well-known factory. Only these are ever called: to call whatever a module has could do anything.
"""

from __future__ import annotations

import inspect
import typing
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any, Self

from latchproof.check.importing import TargetError, attribute, current_folder, find_module
from latchproof.check.kind_of import resembles_a_kind, returns_several
from latchproof.check.target import Target, adapt
from latchproof.check.verdict import Verdict


@dataclass(frozen=True)
class Primitive:
    """What a module offers that has the operations of a kind: a target, or the reason why it cannot be driven."""

    name: str
    target: Target | None
    reason: str = ""


@dataclass(frozen=True)
class ModuleVerdict:
    """What is known of the primitives of a module: a verdict on each, or the reason why it could not be driven."""

    module: str
    host: str
    results: tuple[tuple[str, Verdict | str], ...] = ()

    def with_result(self, name: str, result: Verdict | str) -> Self:
        """Return it with what came of one more primitive."""
        return replace(self, results=(*self.results, (name, result)))

    @property
    def verdicts(self) -> tuple[tuple[str, Verdict], ...]:
        """The verdict on each primitive that was driven."""
        return tuple((name, one) for name, one in self.results if isinstance(one, Verdict))

    @property
    def not_driven(self) -> tuple[tuple[str, str], ...]:
        """The reason for each primitive that was not."""
        return tuple((name, one) for name, one in self.results if isinstance(one, str))

    @property
    def is_broken_off(self) -> bool:
        """Whether a check was, so that no other one is to be begun."""
        return any(reason.code == "broken-off" for _, one in self.verdicts for reason in one.reasons)

    @property
    def exit_code(self) -> int:
        """The command's exit code: 1 if there is a counterexample, else 3 if a verdict is inconclusive, else 0.

        It is 2 if no primitive could be driven.
        """
        codes = {verdict.exit_code for _, verdict in self.verdicts}
        return next((code for code in (1, 3, 0) if code in codes), 2)

    def to_json(self) -> dict[str, Any]:
        """Return the verdicts as plain data, each as that of a single check."""
        return {
            "module": self.module,
            "host": self.host,
            "exit_code": self.exit_code,
            "primitives": [{"name": name, **verdict.to_json()} for name, verdict in self.verdicts],
            "cannot_be_driven": [{"name": name, "reason": reason} for name, reason in self.not_driven],
        }


def is_module(name: str) -> bool:
    """Return whether a target is named as a module, and not as a class in one.

    >>> is_module("asyncio"), is_module("mine.py"), is_module("asyncio:Lock")
    (True, True, False)
    """
    return ":" not in name


def primitives(module_name: str) -> tuple[Primitive, ...]:
    """Return the primitives that a module offers; raise TargetError if there is no such module, or none in it.

    >>> [f"{one.name}: {one.target.kind}" for one in primitives("asyncio.queues")]
    ['Queue: queue', 'PriorityQueue: queue', 'LifoQueue: queue']
    """
    folder = current_folder()  # which the module may change
    module = find_module(module_name)
    found = tuple(
        _primitive(f"{module_name}:{name}", name, factory, folder)
        for name, factory in _offered(module).items()
        if _is_primitive(name, factory)
    )
    if not found:
        raise TargetError(
            f"{module_name} offers no primitive: none of its public classes has the operations of a kind, such as "
            f"wait() and set() of an event; to check a single class, name it as {module_name}:CLASS"
        )
    return found


def _offered(module: ModuleType) -> dict[str, Any]:
    """Return the public classes and functions of a module, each by one name."""
    public = attribute(module, "__all__", None)
    names = _names(module) if public is None else [str(name) for name in public]
    package = module.__name__.partition(".")[0]
    found: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name may be deprecated
        for name in names:
            one = attribute(module, name, None)
            is_own = str(attribute(one, "__module__", "")).partition(".")[0] == package
            is_met = any(one is other for other in found.values())
            if _is_factory(one) and (is_own or public is not None) and not is_met:
                by_own_name = one.__name__ in names and attribute(module, one.__name__, None) is one
                found[one.__name__ if by_own_name else name] = one
    return found


def _names(module: ModuleType) -> list[str]:
    """Return the public names in a module, also those that it imports when they are asked for, which come last."""
    own = list(vars(module))
    return [name for name in (*own, *(name for name in dir(module) if name not in own)) if not name.startswith("_")]


def _is_factory(one: Any) -> bool:
    return (isinstance(one, type) and not issubclass(one, BaseException)) or inspect.isfunction(one)


def _is_primitive(name: str, factory: Any) -> bool:
    if returns_several(name):
        return True
    made = factory if isinstance(factory, type) else _made_by(factory)
    return made is not None and resembles_a_kind(made)


def _made_by(function: Callable[..., Any]) -> Any:
    """Return the class of what a function returns, or the classes; None if it does not say, or takes more than ints."""
    try:
        hints = typing.get_type_hints(function)
        parameters = inspect.signature(function).parameters.values()
    except Exception:  # it does not say
        return None
    required = [one for one in parameters if one.default is one.empty and one.kind != one.VAR_POSITIONAL]
    if any(hints.get(one.name, int) is not int for one in required):
        return None
    returned = hints.get("return")
    if typing.get_origin(returned) is tuple:
        return tuple(typing.get_origin(one) or one for one in typing.get_args(returned))
    return typing.get_origin(returned) or returned


def _primitive(full_name: str, name: str, factory: Any, folder: str) -> Primitive:
    if inspect.isabstract(factory) or attribute(factory, "_is_protocol", False):
        return Primitive(name, None, "the class is abstract")
    try:
        target = replace(adapt(factory, full_name), folder=folder)
    except TargetError as error:
        return Primitive(name, None, str(error))
    if inspect.isfunction(factory) and _gives_the_same(target, factory):
        return Primitive(name, None, "it returns the same object each time, so no run could begin with a new one")
    return Primitive(name, target)


def _gives_the_same(target: Target, factory: Callable[..., Any]) -> bool:
    kind = target.kind
    try:
        return kind.make(factory, kind.smallest) is kind.make(factory, kind.smallest)
    except Exception:  # it may need an event loop; then it makes something each time
        return False
