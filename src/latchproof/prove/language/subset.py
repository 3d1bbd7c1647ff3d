"""The gate of the subset: every function that is executed on symbols is what its text says, and keeps to the subset.

The paths through a function are those of the very function that the classes execute. That is worth something only if
the function does the same on numbers as on symbols. So of each function that the prover executes, and of all that these
call, this is checked before anything is proved:

- its text keeps to the whitelist of `grammar`;
- its code and its defaults are those of its text, and it is the one thing that its name stands for;
- each name that it uses is bound once in its module, shadows no built-in, and is a constant that is what its text says
  (`constants`), a function that is checked too, or one of the few built-ins that it may call, which are Python's own;
- no function calls itself, directly or by way of others;
- records (rules, policies, steps, calls) have fields and nothing else;
- the modules of the specification define names, and change nothing that stands elsewhere.

What runs on real tasks alone, as the properties of histories do, is not checked here.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from types import FunctionType, ModuleType
from typing import Any, Final, cast

from latchproof.prove.language.constants import (
    SPECIFICATION,
    NotAConstantError,
    constant,
    evaluate,
    fields_of,
    is_constant,
    is_pythons_own,
    is_same,
    text_of,
    wrong_with_record,
)
from latchproof.prove.language.grammar import BUILT_IN_NAMES, read_function, read_module
from latchproof.prove.language.module_text import FunctionNode, ModuleText

QUEUES: Final = f"{SPECIFICATION}.step"
"""The module whose functions say what a rule does to a queue."""

TYPE_TEST: Final = "is_whole_number"

STEP_FUNCTIONS: Final = ("apply", "endings", "caller_ending", TYPE_TEST)

CALLABLE: Final = {"bool"}
"""The built-ins that every function may call."""

CALLABLE_ON_QUEUES: Final = {"len", "range", "zip", "tuple"}
"""The built-ins that the functions about queues may call too: the prover replaces them."""

TYPES_ASKED_FOR: Final = {"int", "bool"}

CALLABLE_ON_ANYTHING: Final = {"isinstance", *TYPES_ASKED_FOR}
"""What `is_whole_number` may use, alone of all: it is given arguments that are not numbers."""


@dataclass(frozen=True)
class Rejection:
    """Something that a gate rejects: which gate, where it is, and what is wrong."""

    file: str
    line: int
    function: str
    what: str
    gate: str = "the subset gate rejects"

    def __str__(self) -> str:
        return f"{self.gate} {self.file}:{self.line}, {self.function}: {self.what}"


def executed(machine: Any) -> Iterator[tuple[str, Any]]:
    """Yield the functions of a machine that are executed on symbols, each with what it is of the machine."""
    yield "create", machine.create
    for operation in machine.every_operation:
        yield operation.name, operation.function
        for fact in operation.facts:
            yield from ((fact.name, one) for one in (fact.read, fact.premise) if one is not None)
    properties = (*machine.invariants, *machine.step_properties, *machine.readings, *machine.censuses)
    calls = machine.call_claims
    for property_ in (*properties, *calls.invariants, *calls.places, *calls.steps):
        yield property_.name, property_.holds
    for account in machine.accounts:
        yield from ((account.name, one) for one in (account.start, account.update, account.holds))
    yield from ((one.name, one.owes) for one in machine.eventualities)
    yield from machine.phases.items()
    yield from ((name, one.read) for name, one in machine.observations.items())


def rejections() -> tuple[int, list[Rejection]]:
    """Return how many functions were checked, and all that is outside of the subset in them and their modules.

    >>> rejections()[1]
    []
    """
    gate = checked()
    return len(gate.checked), list(dict.fromkeys(gate.rejected))


def checked() -> Gate:
    """Return the gate after it has checked the specification that is loaded."""
    step, machines = import_module(QUEUES), specified_machines()
    gate = Gate(_records(step, machines))
    for name in STEP_FUNCTIONS:
        gate.check(vars(step).get(name), f"{QUEUES}.{name}")
    for machine in machines:
        for name, function in executed(machine):
            gate.check(function, f"{machine.name}, {name}")
    for record in (one for machine in machines for one in (*machine.rules, *machine.policies)):
        gate.check_record(record)
    gate.check_modules()
    return gate


def specified_machines() -> list[Any]:
    """Return all machines of the specification that is loaded."""
    return list(import_module(f"{SPECIFICATION}.machines").MACHINES.values())


def _records(step: ModuleType, machines: list[Any]) -> list[type[Any]]:
    """Return the classes of records whose fields are read: of rules, policies, steps and calls."""
    claims, calls = (import_module(f"{SPECIFICATION}.{name}") for name in ("claims", "calls"))
    policies = dict.fromkeys(type(policy) for machine in machines for policy in machine.policies)
    return [step.Rule, claims.Step, calls.Snapshot, calls.Call, *policies]


class Gate:
    """Checks functions, and all that they call, each once. `fields` are the attributes that records have."""

    def __init__(self, records: list[type[Any]]) -> None:
        # policies that differ in nothing but their name are one to the prover
        self.fields = {name for cls in records for name in fields_of(cls)} - {"name"}
        self.checked: set[FunctionType] = set()
        self.rejected: list[Rejection] = []
        for cls in records:
            if wrong := wrong_with_record(cls):
                self.rejected.append(Rejection(text_of(cls.__module__).file, 0, cls.__name__, wrong))

    def check(self, function: Any, role: str, calling: tuple[FunctionType, ...] = ()) -> None:
        """Check a function that the functions `calling` lead to; `role` says what it is there for."""
        if type(function) is not FunctionType:
            self._reject_function(function, role, "it is not a plain function")
        elif function in calling:
            self._reject_function(function, role, "it calls itself, so it may not end")
        elif function not in self.checked:
            self.checked.add(function)
            for name, called in self._check_one(function, role):
                self.check(called, f"{name}, called by {function.__name__}", (*calling, function))

    def check_record(self, record: Any) -> None:
        """Check that a rule or a policy holds constants and nothing else."""
        for name in fields_of(type(record)):
            if not is_constant(getattr(record, name, record)):
                file = text_of(type(record).__module__).file
                self.rejected.append(Rejection(file, 0, repr(record), f"its {name} is not a constant"))

    def check_modules(self) -> None:
        """Check that the modules of the specification that are loaded only define names."""
        for name in sorted(sys.modules):
            if name.partition(".")[0] == SPECIFICATION:
                text = text_of(name)
                shadowing = sorted({one for one in text.names if not one.startswith("__")} & BUILT_IN_NAMES)
                lines = {one: text.bindings[one][0].lineno for one in shadowing if one in text.bindings}
                shadows = [(lines.get(one, 0), f"{one} shadows the built-in") for one in shadowing]
                if text.names.get("TYPE_CHECKING", False) is not False:
                    shadows.append((0, "what is for type checkers alone is run"))
                for line, what in (*read_module(text.tree), *shadows):
                    self.rejected.append(Rejection(text.file, line, name, what))

    def _reject_function(self, function: Any, role: str, what: str) -> None:
        code = getattr(function, "__code__", None)
        name = getattr(function, "__name__", type(function).__name__)
        module = getattr(function, "__module__", None)
        try:
            file = text_of(str(module)).file
        except NotAConstantError:
            file = str(module)
        self.rejected.append(Rejection(file, code.co_firstlineno if code else 0, f"{name} ({role})", what))

    def _check_one(self, function: FunctionType, role: str) -> list[tuple[str, FunctionType]]:
        """Check a function by itself; return the functions that it calls, each with its name."""
        try:
            text = text_of(function.__module__)
        except NotAConstantError as error:
            self._reject_function(function, role, str(error))
            return []
        node = text.functions.get(function.__code__)
        if node is None:
            self._reject_function(function, role, f"its code is not that of any function in the text of {text.file}")
            return []

        def reject(line: int, what: str) -> None:
            self.rejected.append(Rejection(text.file, line, function.__name__, what))

        for what in _not_as_written(function, node, text):
            reject(node.lineno, what)
        is_about_queues = text.module.__name__ == QUEUES
        read = read_function(node, self.fields, is_about_queues=is_about_queues)
        for line, what in read.wrong:
            reject(line, what)
        allowed = CALLABLE | (CALLABLE_ON_QUEUES if is_about_queues else set())
        if is_about_queues and function.__name__ == TYPE_TEST:
            allowed |= CALLABLE_ON_ANYTHING
            read.called |= {name: read.used.pop(name) for name in TYPES_ASKED_FOR & set(read.used)}
        for name, line in read.used.items():
            try:
                constant(text, name)
            except NotAConstantError as error:
                reject(line, str(error))
            if what := _shadows(text, name):
                reject(line, what)
        found = []
        for name, line in read.called.items():
            try:
                if (called := _called(text, name, allowed)) is not None:
                    found.append((name, called))
            except NotAConstantError as error:
                reject(line, str(error))
        return found


def _not_as_written(function: FunctionType, node: FunctionNode, text: ModuleText) -> Iterator[str]:
    """Yield in what a function is not what its text says."""
    if function.__globals__ is not text.names or cast(Any, function).__builtins__ is not vars(builtins):
        yield "its names are not those of its module"
    if function.__closure__ or function.__dict__ or function.__kwdefaults__:
        yield "it has more than its code and its defaults"
    if not text.postpones_annotations:
        yield "its annotations are evaluated: the module must import annotations from __future__"
    defaults = function.__defaults__ or ()
    if len(defaults) != len(node.args.defaults):
        yield "its defaults are not those of its text"
    else:
        for value, default in zip(defaults, node.args.defaults, strict=True):
            try:
                if not is_same(evaluate(text, default), value):
                    yield f"the default {ast.unparse(default)} is not what its text says"
            except NotAConstantError as error:
                yield str(error)
    if isinstance(node, ast.FunctionDef):
        bound = text.bindings.get(node.name, [])
        if len(bound) != 1:
            yield f"{node.name} is bound {len(bound)} times in {text.file}"
        elif text.names.get(node.name) is not function:
            yield f"{node.name} stands for something else in {text.module.__name__}"


def _shadows(text: ModuleText, name: str) -> str:
    """Return what is wrong if a name of a module is also that of a built-in; "" if it is not."""
    is_shadowed = name in text.names and name in BUILT_IN_NAMES
    return f"{name} in {text.file} shadows the built-in" if is_shadowed else ""


def _called(text: ModuleText, name: str, allowed: Iterable[str]) -> FunctionType | None:
    """Return the function that a name stands for where it is called; None for a built-in that may be called.

    Raise NotAConstantError if it stands for anything else.
    """
    if what := _shadows(text, name):
        raise NotAConstantError(what)
    module, _, rest = name.rpartition(".")
    if module:
        match text.bindings.get(module, []):
            case [ast.ImportFrom(str(package))] if text.names.get(module) is sys.modules.get(f"{package}.{module}"):
                return _called(text_of(f"{package}.{module}"), rest, ())
        raise NotAConstantError(f"{module} is not a module that is imported once")
    if name not in text.names:
        found = vars(builtins).get(name)
        if found is None or name not in allowed:
            raise NotAConstantError(f"a call of {name} is outside of the subset that is proved")
        if not is_pythons_own(found):
            raise NotAConstantError(f"the built-in {name} has been replaced")
        return None
    match text.bindings.get(name, []):
        case [ast.FunctionDef() as node]:
            found = text.names[name]
            if type(found) is FunctionType and text.functions.get(found.__code__) is not node:
                raise NotAConstantError(f"{name} is not the function that {text.file} says it is")
        case [ast.ImportFrom(str(source), aliases)]:
            (original,) = [one.name for one in aliases if (one.asname or one.name) == name]
            found = _called(text_of(source), original, ())
            if found is not text.names[name]:
                raise NotAConstantError(f"{name} is not what {text.file} imports")
        case [_]:
            raise NotAConstantError(f"{name} is not a function of the specification")
        case bound:
            raise NotAConstantError(f"{name} is bound {len(bound)} times in {text.file}")
    if type(found) is not FunctionType:
        raise NotAConstantError(f"{name} is not a plain function")
    return found
