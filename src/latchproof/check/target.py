"""What is under check: a class, or a factory, of a latch or a barrier, found by its name."""

import asyncio
import importlib
import importlib.util
import inspect
import os
import sys
from asyncio import events
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from latchproof.check.driven import Member, constructor, members
from latchproof.check.history import named
from latchproof.check.machine_specification import MachineSpecification
from latchproof.check.sandbox.global_state import GlobalState
from latchproof.check.specification import Specification
from latchproof_spec.machine import Machine, Operation
from latchproof_spec.machines import MACHINES

INDEX = "the index that wait() returns"
"""The name, among what is absent, of the index that a class need not return."""


class TargetError(Exception):
    """A target that cannot be loaded or driven; the message says what is wrong and what to do."""


@dataclass(frozen=True)
class Call:
    """An operation with its arguments, as a program may call it."""

    operation: Operation
    arguments: tuple[Any, ...]

    def __str__(self) -> str:
        return f"{self.operation.name}({', '.join(map(repr, self.arguments))})"


@dataclass(frozen=True)
class Target:
    """A class or a factory, the machine that it is checked against, and what it has of that machine's interface.

    `make` takes the machine's parameter. `operations` and `observations` are those that it has; `absent` names those
    that it lacks, which are not exercised. `global_state` is what it keeps outside of its instances, and `offered` all
    that its users may call and read.
    """

    name: str
    machine: Machine
    make: Callable[[int], Any]
    operations: tuple[Operation, ...]
    parameters: dict[str, tuple[str, ...]]
    observations: tuple[str, ...]
    absent: tuple[str, ...]
    gives_index: bool = True
    global_state: GlobalState = field(default_factory=lambda: GlobalState(None), compare=False)
    offered: tuple[Member, ...] = field(default=(), compare=False)

    def policy(self, name: str) -> Any:
        """Return the policy of that name; raise TargetError if the machine has none."""
        return policy_named(self.machine, name)

    def specification(self, policy: Any, argument: int) -> Specification:
        """Return what histories of an instance made with `argument` are judged by under a policy."""
        return MachineSpecification(self.machine, policy, argument, indexed=self.gives_index)

    def observe(self, instance: Any) -> tuple[tuple[str, object], ...]:
        """Return what every observation reads."""
        return tuple((name, _read(instance, name)) for name in self.observations)

    def calls(self, numbers: tuple[int, ...]) -> tuple[Call, ...]:
        """Return every call that a program may make, with each of the numbers for an int; waiting calls come first."""
        found = []
        for operation in self.operations:
            choices: list[tuple[Any, ...]] = [()]
            for name in self.parameters[operation.name]:
                domain = (False, True) if operation.parameters[name] is bool else numbers
                choices = [(*before, value) for before in choices for value in domain]
            found += [Call(operation, choice) for choice in choices]
        return tuple(sorted(found, key=lambda call: not call.operation.waits))


def policy_named(machine: Machine, name: str) -> Any:
    """Return the policy of that name, or of which that is another name; raise TargetError if the machine has none."""
    try:
        return machine.policy(name)
    except KeyError:
        names = ", ".join(one.name for one in machine.policies)
        raise TargetError(f"there is no policy {name!r} for a {machine.name}; there are {names}") from None


def load(name: str, kind: str | None = None) -> Target:
    """Return the target `MODULE:NAME` or `path/to/file.py:NAME`; modules of the current directory can be imported.

    Raises TargetError if there is no such module or name, or if what is there fits no machine.

    >>> load("asyncio:Barrier").machine, load("latchproof:CountdownLatch").absent
    (barrier, ())
    """
    module_name, separator, attribute = name.rpartition(":")
    if not separator or not module_name or not attribute:
        raise TargetError(f"{name!r} does not name a target; write MODULE:CLASS or path/to/file.py:CLASS")
    with _exits_refused():
        module = _import(module_name)
    factory: Any = module
    for part in attribute.split("."):
        if not hasattr(factory, part):
            raise TargetError(f"{module_name} has no {part!r}{_similar(factory, part)}")
        factory = getattr(factory, part)
    return adapt(factory, name, kind)


def adapt(factory: Callable[[int], Any], name: str | None = None, kind: str | None = None) -> Target:
    """Return a class or a factory as a target.

    Raises TargetError if it fits no machine, or cannot be made with a number.
    """
    name = name or str(getattr(factory, "__qualname__", repr(factory)))
    if kind is not None and kind not in MACHINES:
        raise TargetError(f"there is no kind {kind!r}; the kinds are {', '.join(MACHINES)}")
    if not callable(factory):
        raise TargetError(f"{name} is {type(factory).__name__}, not a class or a factory")
    global_state = GlobalState(factory)
    try:
        with _exits_refused():
            instance = _make(factory)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if _takes_nothing(factory):
            raise TargetError(
                f"{name} is made with nothing, while {_made_with()}. If it is one of these, name a factory function "
                "that takes that number and returns an object that was given it"
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
    machine = _machine_of(instance, name) if kind is None else MACHINES[kind]
    present, absent, parameters = [], [], {}
    for operation in machine.operations:
        method = getattr(instance, operation.name, None)
        if callable(method):
            present.append(operation)
            parameters[operation.name] = _accepted(method, operation)
            absent += [
                f"{operation.name}({parameter}=)"
                for parameter in operation.parameters
                if parameter not in parameters[operation.name]
            ]
        elif operation.optional:
            absent.append(operation.name)
        else:
            raise TargetError(f"{name} is checked as a {machine.name}, but has no method {operation.name}()")
    observations = tuple(one for one in machine.observations if _is_observable(instance, one))
    absent += [one for one in machine.observations if one not in observations]
    return Target(
        name, machine, factory, tuple(present), parameters, observations, tuple(absent), global_state=global_state,
        offered=(constructor(factory), *members(instance)),
    )  # fmt: skip


@contextmanager
def _exits_refused() -> Iterator[None]:
    """Let `os._exit` raise SystemExit, as `sys.exit` does: it would end the command without a message."""
    end = os._exit
    refused = True

    def exit_or_raise(status: int) -> NoReturn:
        if refused:  # not later: a module may have kept this function
            raise SystemExit(f"os._exit({status})")
        end(status)

    os._exit = exit_or_raise
    try:
        yield
    finally:
        os._exit = end
        refused = False


def _make(factory: Callable[[int], Any]) -> Any:
    """Return an instance to inspect. Some classes can be made only while an event loop runs."""
    try:
        return factory(2)
    except Exception as error:
        loop = asyncio.new_event_loop()
        running = events._get_running_loop()
        events._set_running_loop(loop)
        try:
            return factory(2)
        except Exception:
            raise error from None  # the first error says what is wrong
        finally:
            events._set_running_loop(running)
            loop.close()


def _made_with() -> str:
    return ", ".join(f"a {machine.name} is made with its {machine.parameter}" for machine in MACHINES.values())


def _takes_nothing(factory: Callable[..., Any]) -> bool:
    try:
        return not inspect.signature(factory).parameters
    except (TypeError, ValueError):  # it does not say
        return False


def _machine_of(instance: Any, name: str) -> Machine:
    """Return the machine that an instance is: it has what that requires, and something that no other machine has."""
    required = {one: [it.name for it in one.operations if not it.optional] for one in MACHINES.values()}
    names = {one: {*(it.name for it in one.operations), *one.observations, *one.constants} for one in required}
    fitting = [one for one in required if all(_has(instance, it) for it in required[one])]
    for machine in sorted(fitting, key=lambda one: -len(required[one])):
        others = set[str]().union(*(names[one] for one in names if one is not machine))
        if any(_has(instance, it) for it in names[machine] - others):
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
        f"{name} is neither {machines}; if its methods have other names, write a small class around it that has these"
        f"{entered}"
    )


def _has(instance: Any, name: str) -> bool:
    try:
        return hasattr(instance, name)
    except Exception:  # it is there, and cannot be read now
        return True


def _accepted(method: Callable[..., Any], operation: Operation) -> tuple[str, ...]:
    """Return which of the operation's parameters the method takes. An int may have another name there."""
    try:
        parameters = inspect.signature(method).parameters
    except (TypeError, ValueError):
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


def _is_observable(instance: Any, name: str) -> bool:
    try:
        value = _read(instance, name)
    except Exception:  # absent, or it takes arguments, as list.count does
        return False
    if inspect.iscoroutine(value):
        value.close()
        return False
    return True


def _import(module_name: str) -> Any:
    _importable_from(os.getcwd())
    if module_name.startswith(".") and not module_name.endswith(".py"):
        raise TargetError(f"{module_name!r} is relative; write the module's full name, or path/to/file.py:CLASS")
    if module_name.endswith(".py"):
        path = Path(module_name)
        if not path.is_file():
            raise TargetError(f"there is no file {module_name}")
        _importable_from(str(path.resolve().parent))  # as for a script, whose neighbours can be imported
        specification = importlib.util.spec_from_file_location(path.stem, path)
        assert specification is not None
        assert specification.loader is not None
        module = importlib.util.module_from_spec(specification)
        sys.modules.setdefault(path.stem, module)
        try:
            specification.loader.exec_module(module)
        except BaseException as error:
            if sys.modules.get(path.stem) is module:
                del sys.modules[path.stem]
            if isinstance(error, KeyboardInterrupt):
                raise
            raise TargetError(f"{module_name} cannot be run: {named(error)}") from error
        return module
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and (module_name == error.name or module_name.startswith(f"{error.name}.")):
            raise TargetError(
                f"there is no module {error.name!r}; is it installed, or is it a file (then name it file.py:CLASS)?"
            ) from error
        raise TargetError(f"{module_name} cannot be imported: {error}") from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise TargetError(f"{module_name} cannot be imported: {named(error)}") from error


def _importable_from(folder: str) -> None:
    if folder not in sys.path:
        sys.path.insert(0, folder)


def _similar(owner: Any, name: str) -> str:
    import difflib

    close = difflib.get_close_matches(name, [one for one in dir(owner) if not one.startswith("_")], n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(close)}?" if close else ""
