"""What is under check: a class, or a factory, found by its name, and what it is checked as."""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
from asyncio import events
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from inspect import Parameter
from typing import Any, NamedTuple, Self

from latchproof.check.awaiting import require_awaitable
from latchproof.check.driven import Member, constructor, members
from latchproof.check.history import named
from latchproof.check.importing import TargetError as TargetError
from latchproof.check.importing import attribute, current_folder, exits_refused, find
from latchproof.check.inspecting import endless_refused
from latchproof.check.instants import operations_of
from latchproof.check.kind_of import KINDS, kind_named, kind_of, kind_of_model
from latchproof.check.kinds import MACHINE_KINDS, Kind, MachineKind, Operation, a
from latchproof.check.notation import letters
from latchproof.check.own_code import OwnCode, own_code
from latchproof.check.renaming import SAME_NAMES, Names, names_of, require_fit, require_of, suggestion
from latchproof.check.sandbox.global_state import GlobalState
from latchproof.check.several import Several, parts
from latchproof.check.specification import Specification
from latchproof.check.values import INDICES, Values
from latchproof_spec.machine import Machine, Variant
from latchproof_spec.model import Model

MADE_WITH = 2
"""The number with which an instance is made that is only looked at."""

INDEX = "the index that wait() returns"
"""The name, among what is absent, of the index that a class need not return."""


@dataclass(frozen=True)
class Call:
    """An operation with its arguments, as a program may call it."""

    operation: Operation
    arguments: tuple[Any, ...]
    own_name: str | None = None
    """The name of the class's method, if it is not that of the operation."""

    @property
    def method(self) -> str:
        """The name of the class's method."""
        return self.own_name or self.operation.name

    def __str__(self) -> str:
        return f"{self.operation.name}({', '.join(map(repr, self.arguments))})"


class Recipe(NamedTuple):
    """What it takes to load a target: its name, kind or model, own names and ignored observations, a path's folder."""

    name: str
    kind: str | None
    names: Names = SAME_NAMES
    folder: str = ""
    ignored: tuple[str, ...] = ()
    model: str | None = None

    def load(self) -> Target:
        """Load it; raise TargetError if that is not possible here."""
        if self.folder:
            os.chdir(self.folder)
        return load(self.name, self.kind, dict(self.names.pairs), self.model).ignoring(self.ignored)


@dataclass(frozen=True)
class Target:
    """A class or a factory, the kind that it is checked as, and what it has of that kind's interface.

    `make` takes the kind's argument. `operations` and `observations` are those that it has; `absent` names those
    that it lacks, which are not exercised. `global_state` is what it keeps outside of its instances, `offered` all that
    its users may call and read, and `own` the code of its class. `names` are the class's own names, where they differ.
    A relative path in `name` is meant from `folder`. `ignored` are observations that it has and that are not read.
    """

    name: str
    kind: Kind
    make: Callable[[int], Any]
    operations: tuple[Operation, ...]
    parameters: dict[str, tuple[str, ...]]
    observations: tuple[str, ...]
    absent: tuple[str, ...]
    values: Values = INDICES
    global_state: GlobalState = field(default_factory=lambda: GlobalState(None), compare=False)
    offered: tuple[Member, ...] = field(default=(), compare=False)
    own: OwnCode = field(default=OwnCode(), compare=False)
    names: Names = SAME_NAMES
    folder: str = ""
    ignored: tuple[str, ...] = ()
    passing: tuple[str, ...] = ()
    """The operations whose methods take what the call returned by which that was taken which they give back."""

    @property
    def recipe(self) -> Recipe:
        """What it takes to load the target in another process."""
        kind = None if self.model else self.kind.name
        return Recipe(self.name, kind, self.names, self.folder, self.ignored, self.model or None)

    @property
    def model(self) -> str:
        """FILE:CLASS or MODULE:CLASS of the model that it is checked against; "" for a kind that is shipped."""
        return self.kind.model_name

    @property
    def letters(self) -> dict[str, str]:
        """What stands for an operation in a short schedule, where that is not its initial."""
        return letters([one.name for one in self.kind.operations])

    @property
    def machine(self) -> Machine:
        """The machine, of a target that is checked as one."""
        assert isinstance(self.kind, MachineKind)
        return self.kind.machine

    def call(self, operation: Operation, arguments: tuple[Any, ...]) -> Call:
        """Return a call of the operation, by the name that the class has for it."""
        return Call(operation, arguments, self.names.own(operation.name))

    def policy(self, name: str) -> Any:
        """Return the policy or variant of that name; raise TargetError if the kind has none."""
        return self.kind.policy(name)

    def specification(self, policy: Any, argument: int) -> Specification:
        """Return what histories of an instance made with `argument` are judged by under a policy."""
        about = policy, argument, self.values.compared
        if about not in self.kind.specifications:
            self.kind.specifications[about] = self.kind.specification(*about)
        return self.kind.specifications[about]

    def under(self, policies: Sequence[Any]) -> Self:
        """Return the target without the operations of which one of the policies says nothing: they are not driven."""
        known = [operations_of(one.model) for one in policies if isinstance(one, Variant)]
        return replace(self, operations=tuple(it for it in self.operations if all(it.name in one for one in known)))

    def ignoring(self, names: Sequence[str]) -> Self:
        """Return the target without some observations: they are not read. Raise TargetError if it has no such one."""
        has = {one: one for one in self.observations} | {self.names.own(one): one for one in self.observations}
        if unknown := [name for name in names if name not in has]:
            there = ", ".join(self.observations) or "none"
            raise TargetError(f"{self.name} has no reading {unknown[0]!r} to ignore; its readings are: {there}")
        ignored = {has[name] for name in names}
        read = tuple(one for one in self.observations if one not in ignored)
        left = tuple(one for one in self.observations if one in ignored)
        return replace(self, observations=read, ignored=(*self.ignored, *left))

    def observe(self, instance: Any) -> tuple[tuple[str, object], ...]:
        """Return what every observation reads."""
        return tuple([(name, _read(instance, own)) for name, own in self._own_names])

    @cached_property
    def _own_names(self) -> tuple[tuple[str, str], ...]:
        """The name of each observation, and that which the class has for it."""
        return tuple((name, self.names.own(name) or name) for name in self.observations)

    def calls(self, numbers: tuple[int, ...]) -> tuple[Call, ...]:
        """Return every call that a program may make, with each of the numbers for an int; waiting calls come first."""
        found = []
        for operation in self.operations:
            choices: list[tuple[Any, ...]] = [()]
            for name in self.parameters[operation.name]:
                domain = (False, True) if operation.parameters[name] is bool else numbers
                choices = [(*before, value) for before in choices for value in domain]
            found += [self.call(operation, choice) for choice in choices]
        return tuple(sorted(found, key=lambda call: not call.operation.waits))


def load(
    name: str,
    kind: str | None = None,
    rename: Mapping[str, str] | None = None,
    model: str | type[Model] | None = None,
) -> Target:
    """Return the target `MODULE:NAME` or `path/to/file.py:NAME`; modules of the current directory can be imported.

    `rename` maps names of the class to those that the specification has for them. With a `model` it is checked against
    that. Raises TargetError if there is no such module or name, or if what is there fits no kind.

    >>> load("asyncio:Barrier").kind, load("latchproof:CountdownLatch").absent
    (barrier, ())
    """
    folder = current_folder()  # which the module may change
    return replace(adapt(find(name), name, kind, rename, model), folder=folder)


def adapt(
    factory: Callable[..., Any],
    name: str | None = None,
    kind: str | None = None,
    rename: Mapping[str, str] | None = None,
    model: str | type[Model] | None = None,
) -> Target:
    """Return a class or a factory as a target.

    Raises TargetError if it fits no kind, or cannot be made with what that kind is made with.
    """
    name = name or str(attribute(factory, "__qualname__", None) or repr(factory))
    with endless_refused(name):
        return _adapted(factory, name, kind, rename, model)


def _adapted(
    factory: Callable[..., Any],
    name: str,
    kind: str | None,
    rename: Mapping[str, str] | None,
    model: str | type[Model] | None,
) -> Target:
    asked = _asked_for(kind, model)
    if not callable(factory):
        raise TargetError(f"{name} is {type(factory).__name__}, not a class or a factory")
    names = names_of(rename, KINDS.values() if asked is None else (asked,))
    global_state = GlobalState(factory)
    made = _made(factory, name, asked)
    require_fit(names, made if asked is None else asked.driven_as(made), name)
    chosen = _recognized(factory, made, name, names) if asked is None else asked
    instance = chosen.driven_as(made)
    require_of(names, chosen)
    operations, parameters, absent, passing = _operations(instance, name, chosen, names)
    for operation in operations:
        if operation.waits:
            own = names.own(operation.name) or operation.name
            require_awaitable(getattr(instance, own), f"{own}() of {name}")
    observations = tuple(one for one in chosen.observations if _is_observable(instance, names.own(one)))
    absent += [one for one in chosen.observations if one not in observations]
    owners = parts(instance) if isinstance(instance, Several) else (made,)
    called = [names.own(one.name) or one.name for one in operations]
    return Target(
        name,
        chosen,
        chosen.maker(factory),
        operations,
        parameters,
        observations,
        tuple(absent),
        global_state=global_state,
        offered=(constructor(factory), *(member for one in owners for member in members(one, called))),
        own=own_code(*owners),
        names=names,
        passing=passing,
    )


def _asked_for(kind: str | None, model: str | type[Model] | None) -> Kind | None:
    """Return the kind that is asked for, None if none is."""
    if model is None:
        return None if kind is None else kind_named(kind)
    if kind is not None:
        raise TargetError("a model takes the place of a kind: give --kind or --model (kind or model), not both")
    return kind_of_model(model)


def _made(factory: Callable[..., Any], name: str, asked: Kind | None) -> Any:
    """Return what the factory makes, to look at; raise TargetError if it makes nothing.

    Unless a kind is asked for, it is made with a number if that is possible, and else with nothing.
    """
    try:
        with exits_refused():
            make = None if asked is None else partial(asked.make, factory, MADE_WITH)
            instance = _made_somehow(factory) if make is None else _make(make)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        given = MADE_WITH if asked is None or asked.parameter else ""
        raise TargetError(
            f"{name}({given}) raised {named(error)}; {_made_with(asked)}. If the constructor needs more, name a "
            "factory function that takes just that number"
        ) from error
    if inspect.iscoroutine(instance):
        instance.close()
        raise TargetError(
            f"{name} has to be awaited, and a check makes its object outside of any task; name the class, or a plain "
            "function that returns the object"
        )
    return instance


def _operations(
    instance: Any, name: str, kind: Kind, names: Names
) -> tuple[tuple[Operation, ...], dict[str, tuple[str, ...]], list[str], tuple[str, ...]]:
    """Return the kind's operations that an instance has, which parameters each takes there, and what it lacks.

    Last come those that also take what is given back by them.
    """
    giving = {one.gives_back for one in kind.operations}
    passing: list[str] = []
    present: list[Operation] = []
    parameters: dict[str, tuple[str, ...]] = {}
    absent: list[str] = []
    for operation in kind.operations:
        own = names.own(operation.name)
        method = None if own is None else getattr(instance, own, None)
        if callable(method):
            present.append(operation)
            taken, required = _accepted(method, operation)
            parameters[operation.name] = taken
            if len(required) == 1 and required[0].kind is not Parameter.KEYWORD_ONLY and operation.name in giving:
                passing.append(operation.name)
            elif required:
                raise TargetError(
                    f"{operation.name}() requires {', '.join(one.name for one in required)}, which the specified "
                    "operation does not take; write a small class around it that passes a value"
                )
            absent += [f"{operation.name}({one}=)" for one in operation.parameters if one not in taken]
        elif operation.optional:
            absent.append(operation.name)
        else:
            raise TargetError(f"{name} is checked as {a(kind.name)}, but has no method {operation.name}()")
    return tuple(present), parameters, absent, tuple(passing)


def _made_somehow(factory: Callable[..., Any]) -> Any:
    """Return an instance that is made with a number, or else with nothing."""
    if _takes_nothing(factory):
        return _make(factory)
    try:
        return _make(partial(factory, MADE_WITH))
    except Exception:
        try:
            return _make(factory)
        except Exception:
            """The first error says what is wrong."""
        raise


def _recognized(factory: Callable[..., Any], instance: Any, name: str, names: Names) -> Kind:
    """Return the kind of an instance; raise TargetError if there is none that is made as the factory is called."""
    error = kind = None
    try:
        kind = kind_of(instance, name, names)
        if not kind.parameter or not _takes_nothing(factory):
            return kind
    except TargetError as unknown:
        if not _takes_nothing(factory):
            raise
        error = unknown
    raise TargetError(
        f"{name} is made with nothing, while {_made_with(kind)}. If it is one of these, name a factory function "
        "that takes that number and returns an object that was given it"
        f"{_and_rename(factory)}"
    ) from error


def _make(factory: Callable[[], Any]) -> Any:
    """Return an instance to inspect. Some classes can be made only while an event loop runs."""
    try:
        return factory()
    except Exception as error:
        for within in (_within_asyncio, _within_trio):
            try:
                return within(factory)
            except Exception:
                """The first error says what is wrong."""
        raise error from None


def _within_asyncio(factory: Callable[[], Any]) -> Any:
    loop = asyncio.SelectorEventLoop()  # whatever policy the target has set
    running = events._get_running_loop()
    events._set_running_loop(loop)
    try:
        return factory()
    finally:
        events._set_running_loop(running)
        loop.close()


def _within_trio(factory: Callable[[], Any]) -> Any:
    async def make() -> Any:
        return factory()

    return sys.modules["trio"].run(make)  # which is there if the target has imported it


def _made_with(asked: Kind | None) -> str:
    kinds = MACHINE_KINDS.values() if asked is None else (asked,)
    return ", ".join(f"{a(one.name)} is made with {_its(one)}" for one in kinds)


def _its(kind: Kind) -> str:
    return f"its {kind.parameter}" if kind.parameter else "nothing"


def _takes_nothing(factory: Callable[..., Any]) -> bool:
    try:
        return not inspect.signature(factory).parameters
    except Exception:  # it does not say
        return False


def _and_rename(factory: Callable[..., Any]) -> str:
    option = suggestion(factory, MACHINE_KINDS.values())
    return f", and add {option}" if option else ""


def _accepted(method: Callable[..., Any], operation: Operation) -> tuple[tuple[str, ...], list[Parameter]]:
    """Return which of the operation's parameters the method takes, and which others it requires.

    An int may have another name there.
    """
    try:
        parameters = inspect.signature(method).parameters
    except Exception:  # it does not say
        return tuple(operation.parameters), []
    positional = [p for p in parameters.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if any(p.kind == p.VAR_POSITIONAL for p in parameters.values()):
        return tuple(operation.parameters), []
    accepted = tuple(
        name
        for position, (name, kind) in enumerate(operation.parameters.items())
        if position < len(positional) and (kind is int or positional[position].name == name)
    )
    keywords = [p for p in parameters.values() if p.kind == p.KEYWORD_ONLY]
    return accepted, [p for p in (*positional[len(accepted) :], *keywords) if p.default is p.empty]


def _read(instance: Any, name: str) -> object:
    value = getattr(instance, name)
    return value() if callable(value) else value


def _is_observable(instance: Any, name: str | None) -> bool:
    if name is None:
        return False
    try:
        value = _read(instance, name)
    except Exception:  # absent, or it takes arguments, as list.count does
        return False
    if inspect.iscoroutine(value):
        value.close()
        return False
    return True
