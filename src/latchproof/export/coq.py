"""The specification in Coq: what rules do to a queue, and the functions, rules, policies and table of a machine.

Everything is rendered from the text of the specification's modules: `coq_definitions` renders functions, rules and
policies, and what stands here renders the table of a machine, the call of `Machine` in its `machine`. Nothing is
executed, so a fault of the prover, which executes the functions, is not repeated here. The proofs about what is
rendered stand in `proofs/coq`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final, TypeAlias

from latchproof.export.coq_definitions import Definitions, allowed
from latchproof.export.coq_types import (
    NUMBER,
    ListOf,
    Names,
    NotRenderedError,
    Type,
    binders,
    product,
    wrapped,
    written_type,
)
from latchproof_spec.machines import MACHINES

Source: TypeAlias = Callable[[str], str]
"""Returns the text of a module of the specification, by its name."""

SPECIFICATION: Final = "latchproof_spec"

LIBRARY: Final = "Latchproof"
"""The logical name of the folder in which the rendered files and the proofs are compiled."""

_HEAD: Final = """\
(* Rendered by `latchproof export {command}`; do not edit. From
   {modules} *)
From Coq Require Import ZArith List Bool String.
From {library} Require Import {required}.
Import ListNotations.
Local Open Scope string_scope.
Local Open Scope Z_scope.
Local Open Scope bool_scope.
Local Open Scope list_scope.

"""

_FACTS: Final = {"parked": "call_is_parked", "released": "call_is_released"}
"""What is read of a call to find what the host tells of it."""


def installed(module: str) -> str:
    """Return the text of an installed module."""
    found = find_spec(module)
    if found is None or found.origin is None:
        raise FileNotFoundError(module)
    return Path(found.origin).read_text(encoding="utf-8")


def common(source: Source = installed) -> str:
    """Return the file of what every machine shares: rules, endings, and `apply`."""
    step = f"{SPECIFICATION}.step"
    definitions = _step(source)
    head = _HEAD.format(modules=_file(step), command="latch --format coq-step", library=LIBRARY, required="Py")
    return head + "\n\n".join(map(wrapped, definitions.texts)) + "\n"


def machine(name: str, source: Source = installed) -> str:
    """Return the file of a machine, which requires the one of what all machines share."""
    package = f"{SPECIFICATION}.{name}"
    modules = [f"{package}.{one}" for one in ("policies", "rules", "machine")]
    definitions = Definitions(_step(source).names.copy())
    for one in modules[:2]:
        definitions.module(_parsed(one, source))
    table = _Table(definitions, _parsed(modules[2], source), _parsed(f"{SPECIFICATION}.machine", source))
    table.render()
    head = _HEAD.format(
        modules=", ".join(map(_file, modules)),
        command=f"{name} --format coq",
        library=LIBRARY,
        required="Py Step Machine",
    )
    return head + "\n\n".join(map(wrapped, definitions.texts)) + "\n"


def files(source: Source = installed) -> dict[str, str]:
    """Return the text of every file that is rendered, by its name without the suffix."""
    return {"Step": common(source)} | {name.capitalize(): machine(name, source) for name in MACHINES}


def _step(source: Source) -> Definitions:
    definitions = Definitions(Names())
    definitions.module(_parsed(f"{SPECIFICATION}.step", source))
    return definitions


def _parsed(module: str, source: Source) -> ast.Module:
    return ast.parse(source(module))


def _file(module: str) -> str:
    return module.replace(".", "/") + ".py"


class _Table:
    """Renders the table of a machine: the call of `Machine` in its own module, and the defaults of its fields."""

    def __init__(self, definitions: Definitions, own: ast.Module, general: ast.Module) -> None:
        self.definitions = definitions
        self.names = definitions.names
        self.fields = _arguments(next(_calls_of("Machine", own)))
        self.general = general
        kinds = self.names.functions["create"].result
        texts = [one.value for one in _items(self.fields["constants"]) if isinstance(one, ast.Constant)]
        self.constants: dict[str, Type] = {str(name): "Z" for name in texts}
        self.state = {_word(key): self.names.type_of(value) for key, value in _entries(self.fields["state"])}
        made = product(iter((product(iter(self.constants.values())), product(iter(self.state.values())), "Rule")))
        if kinds != made:
            raise NotRenderedError(self.fields["create"], "it makes other constants and another state than the table")
        (policy,) = {type_ for name, type_ in self.names.constants.items() if name == "POLICIES"}
        assert isinstance(policy, ListOf)
        self.policy = policy.item

    def render(self) -> None:
        """Render the table."""
        texts = self.definitions.texts
        state = written_type(product(iter(self.state.values())))
        texts.append(f"Definition State : Set := {state}%type.")
        self.names.aliases["State"] = product(iter(self.state.values()))
        self._operations()
        self._withdrawal()
        self._observations()
        reaches = self.fields.get("reaches_released") or _default(self.general, "Machine", "reaches_released")
        self._function_of("reaches_released", reaches, {"policy": self.policy, "rule": "Rule"})
        rules = ast.Tuple([ast.Name(_of_rules(one)) for one in _items(self.fields["rules"])])
        self.definitions.define("RULES", {}, ListOf("Rule"), self._text(rules, ListOf("Rule")))
        constants = "".join(f" {name}" for name in self.constants)
        made_of = binders({"policy": self.policy, **self.constants, "initial": "State"})
        self.definitions.texts.append(
            f"Definition machine{made_of} : Machine := {{|\n"
            "  States := State;\n  Operations := Operation;\n  initially := initial;\n"
            f"  on_call := operate policy{constants};\n  on_withdrawal := withdrawal policy{constants};\n"
            f"  withdraws_fresh := {str(self._withdraws_fresh()).lower()};\n"
            "  reaches := reaches_released policy\n|}."
        )

    def _text(self, node: ast.expr, kind: Type) -> str:
        return self.definitions.expressions.text(node, {}, kind)

    def _operations(self) -> None:
        """Render the type of calls, and what each does."""
        constructors, branches = [], []
        for node in _items(self.fields["operations"]):
            name, function, parameters, _ = self._operation(node)
            signature = self.names.functions[function]
            kinds = {one.name: one.type for one in signature.parameters if one.name in parameters}
            if list(kinds) != list(parameters) or any(kinds[one] not in (NUMBER, "bool") for one in kinds):
                raise NotRenderedError(node, f"the arguments of {function} are not those of the table")
            constructor = allowed("".join(word.capitalize() for word in name.split("_")))
            constructors.append(constructor + binders(kinds))
            pattern = " ".join([constructor, *kinds])
            branches.append(f"  | {pattern} => {self._made(node, function, {one: one for one in kinds})}")
        self.definitions.texts.append(f"Inductive Operation : Set := {' | '.join(constructors)}.")
        body = "\n".join(["match operation with", *branches, "  end"])
        self._of_state("operate", {"operation": "Operation"}, body)

    def _withdrawal(self) -> None:
        node = self.fields["withdraw"]
        _, function, _, facts = self._operation(node)
        told = {}
        for fact in facts:
            arguments = _arguments(_value_of(self.general, fact))
            match arguments:
                case {"name": ast.Constant(str(name)), "read": ast.Lambda(ast.arguments(args=[call]), body)}:
                    read = {f"{call.arg}.{one}": (text, "bool") for one, text in _FACTS.items()}
                    told[name] = self.definitions.expressions.text(body, read, "bool")
                case _:
                    raise NotRenderedError(node, f"{fact} is not read off the call")
        self._of_state("withdrawal", dict.fromkeys(_FACTS.values(), "bool"), self._made(node, function, told))

    def _withdraws_fresh(self) -> bool:
        """Return whether a call may be withdrawn before it arrives: where a withdrawal is told of that."""
        return "HAS_ARRIVED" in self._operation(self.fields["withdraw"])[3]

    def _operation(self, node: ast.expr) -> tuple[str, str, tuple[str, ...], tuple[str, ...]]:
        """Return the name, the function, the parameters and the facts of an operation in the table."""
        fields = _arguments(node)
        parameters = fields.get("parameters") or ast.Dict([], [])
        facts = fields.get("facts") or ast.Tuple([])
        names = tuple(one.id for one in _items(facts) if isinstance(one, ast.Name))
        function = _of_rules(fields["function"])
        if function not in self.names.functions:
            raise NotRenderedError(node, f"rules has no function {function}")
        return _word(fields["name"]), function, tuple(_word(key) for key, _ in _entries(parameters)), names

    def _made(self, node: ast.expr, function: str, given: dict[str, str]) -> str:
        """Return a call of the function of an operation, with the constants, the state, inputs and the policy."""
        known = {name: name for name in (*self.constants, *self.state)} | given | {"policy": "policy"}
        signature = self.names.functions[function]
        wanted = [one.name for one in signature.parameters]
        if wanted != list(known):
            raise NotRenderedError(node, f"{function} takes {', '.join(wanted)}, not {', '.join(known)}")
        if signature.result != product(iter((*self.state.values(), "Rule"))):
            raise NotRenderedError(node, f"{function} does not return the state and a rule")
        return " ".join([function, *known.values()])

    def _of_state(self, name: str, given: dict[str, Type], body: str) -> None:
        """Define a function of a policy, the constants, what is given and a state, which gives a state and a rule."""
        variables = list(self.state)
        pattern = f"'({', '.join(variables)})" if len(variables) > 1 else variables[0]
        head = binders({"policy": self.policy, **self.constants, **given, "state": "State"})
        self.definitions.texts.append(
            f"Definition {name}{head} : State * Rule :=\n  let {pattern} := state in\n  {body}."
        )

    def _observations(self) -> None:
        for key, node in _entries(self.fields["observations"]):
            fields = _arguments(node)
            name = _word(key)
            self._function_of(f"reads_{name}", fields["read"], {**self.constants, **self.state})
            counts = fields.get("counts_released") or _default(self.general, "Observation", "counts_released")
            self._function_of(f"counts_released_in_{name}", counts, {"policy": self.policy})

    def _function_of(self, name: str, node: ast.expr, kinds: dict[str, Type]) -> None:
        """Define what a lambda of the table says, which takes these, in whichever order."""
        if not isinstance(node, ast.Lambda) or {one.arg for one in node.args.args} != set(kinds):
            raise NotRenderedError(node, f"it is not a function of {', '.join(kinds)}")
        variables = {one: (one, kind) for one, kind in kinds.items()}
        text, kind = self.definitions.expressions.render(node.body, variables)
        self.definitions.define(allowed(name), kinds, kind, text)


_POSITIONAL: Final = {
    "Machine": (),
    "Operation": ("name", "function", "parameters"),
    "Observation": ("read",),
    "Fact": ("name", "sentence"),
}
"""The first fields of the records of the table, which may be given without their names."""


def _arguments(node: ast.expr) -> dict[str, ast.expr]:
    """Return what a record of the table is made of, by the names of its fields."""
    match node:
        case ast.Call(ast.Name(name), arguments, keywords) if len(arguments) <= len(_POSITIONAL.get(name, ())):
            given = dict(zip(_POSITIONAL[name], arguments, strict=False))
            return given | {one.arg: one.value for one in keywords if one.arg is not None}
    raise NotRenderedError(node, "it is not a record of the table")


def _calls_of(name: str, module: ast.Module) -> Iterator[ast.Call]:
    for node in module.body:
        match node:
            case ast.AnnAssign(value=ast.Call(ast.Name(called)) as call) if called == name:
                yield call


def _value_of(module: ast.Module, name: str) -> ast.expr:
    """Return what a name of a module is defined as."""
    for node in module.body:
        match node:
            case ast.AnnAssign(ast.Name(defined), _, ast.expr() as value) if defined == name:
                return value
    raise NotRenderedError(ast.Name(name), "it is not defined in the module")


def _default(module: ast.Module, record: str, field: str) -> ast.expr:
    """Return the default of a field of a record."""
    (found,) = (node for node in module.body if isinstance(node, ast.ClassDef) and node.name == record)
    return _value_of(ast.Module(found.body, []), field)


def _items(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.Tuple):
        return node.elts
    raise NotRenderedError(node, "it is not a tuple")


def _entries(node: ast.expr) -> list[tuple[ast.expr | None, ast.expr]]:
    if isinstance(node, ast.Dict):
        return list(zip(node.keys, node.values, strict=True))
    raise NotRenderedError(node, "it is not a dict")


def _word(node: ast.expr | None) -> str:
    if isinstance(node, ast.Constant) and type(node.value) is str:
        return node.value
    raise NotRenderedError(node or ast.Constant(None), "it is not a text")


def _of_rules(node: ast.expr) -> str:
    """Return a name that is read from the module of the rules."""
    match node:
        case ast.Attribute(ast.Name("rules"), name):
            return name
    raise NotRenderedError(node, "it is not in the module of the rules")
