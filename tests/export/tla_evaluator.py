"""Evaluates the exported TLA+ modules on given states, as TLC does: what each action leads to, and what holds.

A state maps variables to values, and so does what an action has decided about the next state. A record and a function
are both a `Function`; a set is a frozenset. Only what the exported modules use is understood; anything else is an
error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import product
from operator import add, eq, ge, gt, le, lt, ne, sub
from typing import Any, Final, NamedTuple, TypeAlias

from tree_sitter import Node

from tests.export.tla_reader import parsed, text_of

State = Mapping[str, Any]

OPERATORS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "eq": eq,
    "neq": ne,
    "lt": lt,
    "leq": le,
    "gt": gt,
    "geq": ge,
    "plus": add,
    "minus": sub,
    "in": lambda one, several: one in several,
    "notin": lambda one, several: one not in several,
    "cup": frozenset.union,
    "setminus": frozenset.difference,
    "dots_2": lambda first, last: frozenset(range(first, last + 1)),
}

JOINS: Final[dict[str, Callable[[Iterable[Any]], bool]]] = {"forall": all, "exists": any}

Meaning: TypeAlias = Callable[[State, State | None], Any]
"""What an expression is, where these names are bound and this is decided of the next state."""


class Function(dict[Any, Any]):
    """A function or a record, which can be an element of a set."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))


def record(**fields: Any) -> Function:
    """Return a record."""
    return Function(fields)


class Tree(NamedTuple):
    """A part of the syntax tree, with the parts that have names: tree-sitter's own nodes are slow."""

    type: str
    text: str
    children: tuple[Tree, ...]
    fields: Mapping[str, tuple[Tree, ...]]


def tree_of(node: Node) -> Tree:
    """Return a part of the syntax tree without its punctuation and comments."""
    children, fields = list[Tree](), dict[str, tuple[Tree, ...]]()
    for number, child in enumerate(node.children):
        if child.is_named and child.type not in ("comment", "all_map_to", "set_in", "def_eq"):
            children.append(tree_of(child))
            name = node.field_name_for_child(number) or ""
            fields[name] = (*fields.get(name, ()), children[-1])
    return Tree(node.type, text_of(node), tuple(children), fields)


class Module:
    """A module, with the constants that its configuration gives it."""

    def __init__(self, text: str, configuration: str) -> None:
        self.operators: dict[str, tuple[list[str], Tree]] = {}
        self._meanings: dict[int, tuple[Tree, Meaning]] = {}
        self.variables: list[str] = []
        self.sections = read_configuration(configuration)
        self._constants = dict(map(_assigned, self.sections["CONSTANTS"]))
        assumptions = list[Tree]()
        for unit in tree_of(parsed(text).children[0]).children:
            if unit.type == "operator_definition":
                parameters = [one.text for one in unit.fields.get("parameter", ())]
                self.operators[_field(unit, "name").text] = parameters, _field(unit, "definition")
            elif unit.type == "variable_declaration":
                self.variables += [one.text for one in unit.children]
            elif unit.type == "assumption":
                assumptions += unit.children
        self.assumptions_hold = all(self.value(one, {}) for one in assumptions)

    def holds(self, name: str, state: State) -> bool:
        """Return whether an operator without arguments is true in a state."""
        result = self.value(self.operators[name][1], state)
        assert isinstance(result, bool)
        return result

    def value_of(self, name: str) -> Any:
        """Return the value of an operator that is a constant."""
        return self.value(self.operators[name][1], {})

    def step_holds(self, name: str, before: State, after: State) -> bool:
        """Return whether a property of steps, [][...]_vars, allows a step."""
        result = self.value(_field(self.operators[name][1], "rhs").children[0], before, after)
        assert isinstance(result, bool)
        return result

    def conclusions(self, name: str) -> dict[str, list[Tree]]:
        """Return what a property of steps demands of each action, by the name of the action."""
        found: dict[str, list[Tree]] = {}
        for one in _implications(self.operators[name][1]):
            action = _conjuncts(_field(one, "lhs"))[-1]
            found.setdefault(_field(action, "name").text, []).append(_field(one, "rhs"))
        return found

    def first_states(self) -> list[State]:
        """Return the states that `Init` allows."""
        return list(self.after(self.operators["Init"][1], {}, {}, ""))

    def steps(self, name: str, state: State, *arguments: Any) -> list[State]:
        """Return the states that an action leads to, in which every variable is decided."""
        parameters, body = self.operators[name]
        bound = {**state, **dict(zip(parameters, arguments, strict=True))}
        found = list(self.after(body, bound, {}))
        assert all(one.keys() == set(self.variables) for one in found), f"{name} leaves a variable undecided"
        return found

    def after(self, node: Tree, bound: State, decided: State, prime: str = "'") -> Iterator[State]:
        """Yield what an action may decide of the next state, beyond what is decided.

        In `Init`, where `prime` is empty, the variables are decided themselves.
        """
        kind = node.type
        if kind == "parentheses":
            yield from self.after(node.children[0], bound, decided, prime)
        elif kind in ("conj_list", "disj_list"):
            items = [one.children[-1] for one in node.children if one.type.endswith("_item")]
            yield from (
                self._all(items, bound, decided, prime)
                if kind == "conj_list"
                else self._any(items, bound, decided, prime)
            )
        elif kind == "bound_infix_op" and _symbol(node) in ("land", "lor"):
            sides = [_field(node, side) for side in ("lhs", "rhs")]
            join = self._all if _symbol(node) == "land" else self._any
            yield from join(sides, bound, decided, prime)
        elif kind == "bounded_quantification" and _field(node, "quantifier").type == "exists":
            for chosen in self._choices(node, bound, decided):
                yield from self.after(_field(node, "expression"), {**bound, **chosen}, decided, prime)
        elif kind == "bound_prefix_op" and _symbol(node) == "unchanged":
            names = _names_in(self.operators["vars"][1] if _field(node, "rhs").text == "vars" else node)
            yield {**decided, **{name: bound[name] for name in names}}
        elif kind == "bound_op" and _field(node, "name").text in self.operators:
            parameters, body = self.operators[_field(node, "name").text]
            arguments = [self.value(one, bound, decided) for one in node.fields["parameter"]]
            here = self._variables_in(bound)
            yield from self.after(body, here | dict(zip(parameters, arguments, strict=True)), decided, prime)
        elif kind == "identifier_ref" and node.text in self.operators:
            yield from self.after(self.operators[node.text][1], bound, decided, prime)
        elif (name := self._decides(node, decided, prime)) is not None:
            yield {**decided, name: self.value(_field(node, "rhs"), bound, decided)}
        elif self.value(node, bound, decided):
            yield decided

    def _all(self, nodes: list[Tree], bound: State, decided: State, prime: str) -> Iterator[State]:
        if not nodes:
            yield decided
            return
        for one in self.after(nodes[0], bound, decided, prime):
            yield from self._all(nodes[1:], bound, one, prime)

    def _any(self, nodes: list[Tree], bound: State, decided: State, prime: str) -> Iterator[State]:
        for node in nodes:
            yield from self.after(node, bound, decided, prime)

    def _decides(self, node: Tree, decided: State, prime: str) -> str | None:
        """Return the variable of which an equation decides the next value, if it is not decided yet."""
        if node.type != "bound_infix_op" or _symbol(node) != "eq":
            return None
        name = _field(node, "lhs").text
        is_variable = name.endswith(prime) and name.removesuffix("'") in self.variables
        return name.removesuffix("'") if is_variable and name.removesuffix("'") not in decided else None

    def value(self, node: Tree, bound: State, decided: State | None = None) -> Any:
        """Return the value of an expression, where the names are bound and the next state is decided."""
        return self._meaning(node)(bound, decided)

    def _meaning(self, node: Tree) -> Meaning:
        """Return the meaning of an expression, which is read once."""
        if id(node) not in self._meanings:
            self._meanings[id(node)] = node, self._read(node)
        return self._meanings[id(node)][1]

    def _read(self, node: Tree) -> Meaning:
        of = self._meaning
        match node.type:
            case "parentheses":
                return of(node.children[0])
            case "conj_list" | "disj_list":
                items = [of(one.children[-1]) for one in node.children if one.type.endswith("_item")]
                join = all if node.type == "conj_list" else any
                return lambda bound, decided: join(one(bound, decided) for one in items)
            case "nat_number":
                return _constant(int(node.text))
            case "string":
                return _constant(node.text.strip('"'))
            case "boolean":
                return _constant(node.text == "TRUE")
            case "boolean_set":
                return _constant(frozenset((False, True)))
            case "prev_func_val":
                return lambda bound, decided: bound["@"]
            case "identifier_ref":
                return self._named(node.text)
            case "bound_op":
                return self._called(_field(node, "name").text, list(map(of, node.fields["parameter"])))
            case "bound_infix_op":
                return _infix(node, *(of(_field(node, side)) for side in ("lhs", "rhs")))
            case "bound_prefix_op":
                operand, symbol = of(_field(node, "rhs")), _symbol(node)
                assert symbol in ("lnot", "negative"), node.text
                if symbol == "lnot":
                    return lambda bound, decided: not operand(bound, decided)
                return lambda bound, decided: -operand(bound, decided)
            case "bound_postfix_op":
                name = _field(node, "lhs").text
                return lambda bound, decided: _next(decided)[name]
            case "finite_set_literal":
                elements = list(map(of, node.children))
                return lambda bound, decided: frozenset(one(bound, decided) for one in elements)
            case "record_literal":
                fields = [
                    (name.text, of(one)) for name, one in zip(node.children[::2], node.children[1::2], strict=True)
                ]
                return lambda bound, decided: Function((name, one(bound, decided)) for name, one in fields)
            case "record_value":
                whole, field = of(node.children[0]), node.children[-1].text
                return lambda bound, decided: whole(bound, decided)[field]
            case "function_evaluation":
                function, argument = map(of, node.children)
                return lambda bound, decided: function(bound, decided)[argument(bound, decided)]
            case "function_literal":
                where, body = node.children
                (intro,), domain, result = *self._bounds(where), of(body)
                return lambda bound, decided: Function(
                    (one, result({**bound, intro: one}, decided)) for one in domain(bound, decided)
                )
            case "set_filter":
                (intro,), domain, result = *self._bounds(_field(node, "generator")), of(_field(node, "filter"))
                return lambda bound, decided: frozenset(
                    one for one in domain(bound, decided) if result({**bound, intro: one}, decided)
                )
            case "if_then_else":
                test, yes, no = (of(_field(node, part)) for part in ("if", "then", "else"))
                return lambda bound, decided: (yes if test(bound, decided) else no)(bound, decided)
            case "except":
                return lambda bound, decided: self._except(node, bound, decided)
            case "bounded_quantification":
                result, join = of(_field(node, "expression")), JOINS[_field(node, "quantifier").type]
                return lambda bound, decided: join(
                    result({**bound, **chosen}, decided) for chosen in self._choices(node, bound, decided)
                )
        raise NotImplementedError(f"{node.type}: {node.text}")

    def _named(self, name: str) -> Meaning:
        def meaning(bound: State, decided: State | None) -> Any:
            if name in bound:
                return bound[name]
            if name in self._constants:
                return self._constants[name]
            parameters, body = self.operators[name]
            assert not parameters
            return self.value(body, self._variables_in(bound), decided)

        return meaning

    def _called(self, name: str, arguments: list[Meaning]) -> Meaning:
        def meaning(bound: State, decided: State | None) -> Any:
            given = [one(bound, decided) for one in arguments]
            if name == "Cardinality":
                return len(given[0])
            parameters, body = self.operators[name]
            return self.value(body, self._variables_in(bound) | dict(zip(parameters, given, strict=True)), decided)

        return meaning

    def _variables_in(self, bound: State) -> dict[str, Any]:
        return {one: bound[one] for one in self.variables if one in bound}

    def _except(self, node: Tree, bound: State, decided: State | None) -> Function:
        """Return a function with one value changed; @ is the value before."""
        update = node.children[-1]
        (place,) = _field(update, "update_specifier").children[0].children
        function = Function(self.value(_field(node, "expr_to_update"), bound, decided))
        argument = bound[place.text]
        here = {**bound, "@": function[argument]}
        function[argument] = self.value(_field(update, "new_val"), here, decided)
        return function

    def _bounds(self, where: Tree) -> tuple[list[str], Meaning]:
        return [one.text for one in where.fields["intro"]], self._meaning(_field(where, "set"))

    def _choices(self, node: Tree, bound: State, decided: State | None) -> Iterator[State]:
        names, domain = self._bounds(_field(node, "bound"))
        for values in product(sorted(domain(bound, decided)), repeat=len(names)):
            yield dict(zip(names, values, strict=True))


def read_configuration(text: str) -> dict[str, list[str]]:
    """Return the lines of each section of a configuration for TLC."""
    sections: dict[str, list[str]] = {}
    for line in text.splitlines():
        said = line.split("\\*")[0].strip()
        if said and not line.startswith(" "):
            name, _, said = said.partition(" ")
            sections[name] = []
        if said:
            sections[name].append(said)
    return sections


def _assigned(line: str) -> tuple[str, Any]:
    name, _, value = line.partition(" = ")
    return name, frozenset(value.strip("{}").split(", ")) if value.startswith("{") else int(value)


def _constant(value: Any) -> Meaning:
    return lambda bound, decided: value


def _next(decided: State | None) -> State:
    assert decided is not None
    return decided


def _infix(node: Tree, left: Meaning, right: Meaning) -> Meaning:
    symbol = _symbol(node)
    match symbol:
        case "land":
            return lambda bound, decided: left(bound, decided) and right(bound, decided)
        case "lor":
            return lambda bound, decided: left(bound, decided) or right(bound, decided)
        case "implies":
            return lambda bound, decided: not left(bound, decided) or right(bound, decided)
    operator, is_of_sets = OPERATORS[symbol], symbol in ("in", "notin")

    def meaning(bound: State, decided: State | None) -> Any:
        one, other = left(bound, decided), right(bound, decided)
        assert is_of_sets or isinstance(one, bool) == isinstance(other, bool), node.text
        return operator(one, other)

    return meaning


def _symbol(node: Tree) -> str:
    return _field(node, "symbol").type


def _field(node: Tree, name: str) -> Tree:
    (found,) = node.fields[name]
    return found


def _implications(node: Tree) -> Iterator[Tree]:
    if node.type == "bound_infix_op" and _symbol(node) == "implies":
        yield node
    else:
        for one in node.children:
            yield from _implications(one)


def _conjuncts(node: Tree) -> list[Tree]:
    """Return what is joined by /\\ in one line, in order."""
    if node.type == "bound_infix_op" and _symbol(node) == "land":
        return [one for side in ("lhs", "rhs") for one in _conjuncts(_field(node, side))]
    return [node]


def _names_in(node: Tree) -> list[str]:
    """Return the names in a part of a module."""
    if node.type == "identifier_ref":
        return [node.text]
    return [name for one in node.children for name in _names_in(one)]
