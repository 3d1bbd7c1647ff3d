"""What is under check: a class, or a factory, of a latch or a barrier, found by its name."""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
from asyncio import events
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Self

from latchproof.check.awaiting import require_awaitable
from latchproof.check.driven import Member, constructor, members
from latchproof.check.history import named
from latchproof.check.importing import TargetError as TargetError
from latchproof.check.importing import attribute, current_folder, exits_refused, find, has
from latchproof.check.instants import operations_of
from latchproof.check.machine_specification import MachineSpecification
from latchproof.check.model_specification import VariantSpecification
from latchproof.check.own_code import OwnCode, own_code
from latchproof.check.renaming import SAME_NAMES, Names, names_of, require_fit, require_of, suggestion
from latchproof.check.sandbox.global_state import GlobalState
from latchproof.check.specification import Specification
from latchproof.check.values import INDICES, Compared, Values
from latchproof_spec.claims import Claim
from latchproof_spec.machine import Machine, Operation, Variant
from latchproof_spec.machines import MACHINES

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
    """What it takes to load a target: its name, kind, own names and ignored observations, and the folder of a path."""

    name: str
    kind: str | None
    names: Names = SAME_NAMES
    folder: str = ""
    ignored: tuple[str, ...] = ()

    def load(self) -> Target:
        """Load it; raise TargetError if that is not possible here."""
        if self.folder:
            os.chdir(self.folder)
        return load(self.name, self.kind, dict(self.names.pairs)).ignoring(self.ignored)


@dataclass(frozen=True)
class Target:
    """A class or a factory, the machine that it is checked against, and what it has of that machine's interface.

    `make` takes the machine's parameter. `operations` and `observations` are those that it has; `absent` names those
    that it lacks, which are not exercised. `global_state` is what it keeps outside of its instances, `offered` all that
    its users may call and read, and `own` the code of its class. `names` are the class's own names, where they differ.
    A relative path in `name` is meant from `folder`. `ignored` are observations that it has and that are not read.
    """

    name: str
    machine: Machine
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

    @property
    def recipe(self) -> Recipe:
        """What it takes to load the target in another process."""
        return Recipe(self.name, self.machine.name, self.names, self.folder, self.ignored)

    def call(self, operation: Operation, arguments: tuple[Any, ...]) -> Call:
        """Return a call of the operation, by the name that the class has for it."""
        return Call(operation, arguments, self.names.own(operation.name))

    def policy(self, name: str) -> Any:
        """Return the policy or variant of that name; raise TargetError if the machine has none."""
        return policy_named(self.machine, name)

    def specification(self, policy: Any, argument: int) -> Specification:
        """Return what histories of an instance made with `argument` are judged by under a policy."""
        return specification_of(self.machine, policy, argument, compared=self.values.compared)

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
        return tuple((name, _read(instance, self.names.own(name) or name)) for name in self.observations)

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


def policy_named(machine: Machine, name: str) -> Any:
    """Return the policy or variant of that name, or a policy of which that is another name.

    Raises TargetError if the machine has none.
    """
    variants = {one.name: one for one in machine.variants}
    if name in variants:
        return variants[name]
    try:
        return machine.policy(name)
    except KeyError:
        names = ", ".join(one.name for one in (*machine.policies, *machine.variants))
        raise TargetError(f"there is no policy {name!r} for a {machine.name}; there are {names}") from None


def specification_of(machine: Machine, policy: Any, argument: int, *, compared: Compared) -> Specification:
    """Return what histories of a machine made with `argument` are judged by, under a policy or variant."""
    if isinstance(policy, Variant):
        return VariantSpecification(machine, policy, argument, compared=compared)
    return MachineSpecification(machine, policy, argument, compared=compared)


def exercise_under(policy: Any, machine: Machine) -> Mapping[Claim, tuple[str, ...]]:
    """Return what exercises each claim that is made under a policy or variant of a machine."""
    return policy.exercise if isinstance(policy, Variant) else machine.exercise


def load(name: str, kind: str | None = None, rename: Mapping[str, str] | None = None) -> Target:
    """Return the target `MODULE:NAME` or `path/to/file.py:NAME`; modules of the current directory can be imported.

    `rename` maps names of the class to those that the specification has for them. Raises TargetError if there is no
    such module or name, or if what is there fits no machine.

    >>> load("asyncio:Barrier").machine, load("latchproof:CountdownLatch").absent
    (barrier, ())
    """
    folder = current_folder()  # which the module may change
    return replace(adapt(find(name), name, kind, rename), folder=folder)


def adapt(
    factory: Callable[[int], Any],
    name: str | None = None,
    kind: str | None = None,
    rename: Mapping[str, str] | None = None,
) -> Target:
    """Return a class or a factory as a target.

    Raises TargetError if it fits no machine, or cannot be made with a number.
    """
    name = name or str(attribute(factory, "__qualname__", None) or repr(factory))
    if kind is not None and kind not in MACHINES:
        raise TargetError(f"there is no kind {kind!r}; the kinds are {', '.join(MACHINES)}")
    if not callable(factory):
        raise TargetError(f"{name} is {type(factory).__name__}, not a class or a factory")
    names = names_of(rename, MACHINES.values())
    global_state = GlobalState(factory)
    instance = _instance(factory, name)
    require_fit(names, instance, name)
    machine = _machine_of(instance, name, names) if kind is None else MACHINES[kind]
    require_of(names, machine)
    operations, parameters, absent = _operations(instance, name, machine, names)
    for operation in operations:
        if operation.waits:
            own = names.own(operation.name) or operation.name
            require_awaitable(getattr(instance, own), f"{own}() of {name}")
    observations = tuple(one for one in machine.observations if _is_observable(instance, names.own(one)))
    absent += [one for one in machine.observations if one not in observations]
    return Target(
        name,
        machine,
        factory,
        operations,
        parameters,
        observations,
        tuple(absent),
        global_state=global_state,
        offered=(constructor(factory), *members(instance, [names.own(one.name) or one.name for one in operations])),
        own=own_code(instance),
        names=names,
    )


def _instance(factory: Callable[[int], Any], name: str) -> Any:
    """Return an instance to inspect; raise TargetError if the factory does not give one for a number."""
    try:
        with exits_refused():
            instance = _make(factory)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if _takes_nothing(factory):
            raise TargetError(
                f"{name} is made with nothing, while {_made_with()}. If it is one of these, name a factory function "
                "that takes that number and returns an object that was given it"
                f"{_and_rename(factory)}"
            ) from error
        raise TargetError(
            f"{name}(2) raised {named(error)}; {_made_with()}. If the constructor needs more, name a "
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
    instance: Any, name: str, machine: Machine, names: Names
) -> tuple[tuple[Operation, ...], dict[str, tuple[str, ...]], list[str]]:
    """Return the machine's operations that an instance has, which parameters each takes there, and what it lacks."""
    present: list[Operation] = []
    parameters: dict[str, tuple[str, ...]] = {}
    absent: list[str] = []
    for operation in machine.operations:
        own = names.own(operation.name)
        method = None if own is None else getattr(instance, own, None)
        if callable(method):
            present.append(operation)
            taken = parameters[operation.name] = _accepted(method, operation)
            absent += [f"{operation.name}({one}=)" for one in operation.parameters if one not in taken]
        elif operation.optional:
            absent.append(operation.name)
        else:
            raise TargetError(f"{name} is checked as a {machine.name}, but has no method {operation.name}()")
    return tuple(present), parameters, absent


def _make(factory: Callable[[int], Any]) -> Any:
    """Return an instance to inspect. Some classes can be made only while an event loop runs."""
    try:
        return factory(2)
    except Exception as error:
        for within in (_within_asyncio, _within_trio):
            try:
                return within(factory)
            except Exception:
                """The first error says what is wrong."""
        raise error from None


def _within_asyncio(factory: Callable[[int], Any]) -> Any:
    loop = asyncio.SelectorEventLoop()  # whatever policy the target has set
    running = events._get_running_loop()
    events._set_running_loop(loop)
    try:
        return factory(2)
    finally:
        events._set_running_loop(running)
        loop.close()


def _within_trio(factory: Callable[[int], Any]) -> Any:
    async def make() -> Any:
        return factory(2)

    return sys.modules["trio"].run(make)  # which is there if the target has imported it


def _made_with() -> str:
    return ", ".join(f"a {machine.name} is made with its {machine.parameter}" for machine in MACHINES.values())


def _takes_nothing(factory: Callable[..., Any]) -> bool:
    try:
        return not inspect.signature(factory).parameters
    except Exception:  # it does not say
        return False


def _machine_of(instance: Any, name: str, own_names: Names) -> Machine:
    """Return the machine that an instance is: it has what that requires, and something that no other machine has."""
    required = {one: [it.name for it in one.operations if not it.optional] for one in MACHINES.values()}
    names = {one: {*(it.name for it in one.operations), *one.observations, *one.constants} for one in required}
    fitting = [one for one in required if all(_has(instance, own_names.own(it)) for it in required[one])]
    for machine in sorted(fitting, key=lambda one: -len(required[one])):
        others = set[str]().union(*(names[one] for one in names if one is not machine))
        if any(_has(instance, own_names.own(it)) for it in names[machine] - others):
            return machine
    if fitting:
        shared = ", ".join(f"{it}()" for it in required[fitting[0]])
        choices = " or ".join(f"--kind {kind}" for kind in MACHINES)
        raise TargetError(f"{name} has only {shared}; say what to check it as: {choices}")
    machines = " nor ".join(f"a {one.name} ({', '.join(of_one)})" for one, of_one in required.items())
    entered = (
        "; if it is `async with` that waits, the wait() of that class enters and leaves it"
        if _has(instance, "__aenter__")
        else ""
    )
    raise TargetError(
        f"{name} is neither {machines}; if its methods have other names, "
        f"add {suggestion(instance, MACHINES.values()) or '--rename OWN=NAME'}, or write a small class around "
        f"it that has these{entered}"
    )


def _and_rename(factory: Callable[..., Any]) -> str:
    option = suggestion(factory, MACHINES.values())
    return f", and add {option}" if option else ""


def _has(instance: Any, name: str | None) -> bool:
    return name is not None and has(instance, name)


def _accepted(method: Callable[..., Any], operation: Operation) -> tuple[str, ...]:
    """Return which of the operation's parameters the method takes. An int may have another name there."""
    try:
        parameters = inspect.signature(method).parameters
    except Exception:  # it does not say
        return tuple(operation.parameters)
    positional = [p for p in parameters.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if any(p.kind == p.VAR_POSITIONAL for p in parameters.values()):
        return tuple(operation.parameters)
    accepted = tuple(
        name
        for position, (name, kind) in enumerate(operation.parameters.items())
        if position < len(positional) and (kind is int or positional[position].name == name)
    )
    keywords = [p for p in parameters.values() if p.kind == p.KEYWORD_ONLY]
    if wanted := [p.name for p in (*positional[len(accepted) :], *keywords) if p.default is p.empty]:
        raise TargetError(
            f"{operation.name}() requires {', '.join(wanted)}, which the specified operation does not take; write a "
            "small class around it that passes a value"
        )
    return accepted


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
