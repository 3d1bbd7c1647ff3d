"""Reads a TLA+ module as far as that can be done without TLC: its syntax, and what each name in it stands for.

The syntax is that of the grammar of tree-sitter, whose scanner knows of the columns of conjunction lists. It names
nothing: so each name is looked up here, as TLA+ has it. It is defined above or bound, with as many arguments as it
takes, and no name stands for two things.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import cache

import tree_sitter_tlaplus
from tree_sitter import Language, Node, Parser

_EXTENDED = {"Integers": {}, "FiniteSets": {"Cardinality": 1}}
_BINDING = ("bounded_quantification", "function_literal", "set_filter")


@cache
def _parser() -> Parser:
    with warnings.catch_warnings():
        # the grammar hands over its address as a number still, which tree-sitter will not take for ever
        warnings.simplefilter("ignore", DeprecationWarning)
        return Parser(Language(tree_sitter_tlaplus.language()))


def parsed(module: str) -> Node:
    """Return the syntax tree of a module."""
    return _parser().parse(module.encode()).root_node


def faults_in(module: str, configuration: str = "") -> list[str]:
    """Everything that is wrong with a module, and with its configuration for TLC if there is one."""
    root = parsed(module)
    if root.has_error:
        return [
            f"line {one.start_point[0] + 1}: syntax" for one in _nodes(root) if one.type == "ERROR" or one.is_missing
        ]
    reader = _Reader()
    for node in root.children[0].children:
        reader.unit(node)
    if configuration:
        reader.configuration(configuration)
    return reader.faults


class _Reader:
    def __init__(self) -> None:
        self.faults: list[str] = []
        self._defined: dict[str, int] = {}
        self._constants: set[str] = set()

    def unit(self, node: Node) -> None:
        """A declaration, an assumption or a definition."""
        if node.type == "extends":
            for name in _names(node, "identifier_ref"):
                self._defined |= _EXTENDED[name]
        elif node.type in ("constant_declaration", "variable_declaration"):
            for name in _names(node, "identifier"):
                self._define(node, name, 0)
                if node.type == "constant_declaration":
                    self._constants.add(name)
        elif node.type == "operator_definition":
            parameters = [text_of(one) for one in node.children_by_field_name("parameter") if one.type == "identifier"]
            for name in parameters:
                self._unused(node, name, frozenset())
            (definition,) = node.children_by_field_name("definition")
            self._expression(definition, frozenset(parameters))
            (name_node,) = node.children_by_field_name("name")
            self._define(node, text_of(name_node), len(parameters))
        else:
            self._expression(node, frozenset())

    def configuration(self, text: str) -> None:
        """The configuration's names are those of operators without arguments, and its constants all that there are."""
        section, assigned = "", set()
        for line in text.splitlines():
            words = line.split("\\*")[0].split()
            if words and not line.startswith(" "):
                section, words = words[0], words[1:]
            if words and section == "CONSTANTS":
                assigned.add(words[0])
            elif section in ("SPECIFICATION", "INVARIANTS", "PROPERTIES"):
                self.faults += [f"the configuration names {one}" for one in words if self._defined.get(one) != 0]
        if assigned != self._constants:
            self.faults.append(
                f"the configuration gives {sorted(assigned)}, the constants are {sorted(self._constants)}"
            )

    def _expression(self, node: Node, bound: frozenset[str]) -> None:
        if node.type in _BINDING:
            for one in node.children:
                if one.type == "quantifier_bound":
                    self._expression(one, bound)
                    for name in _names(one, "identifier"):
                        self._unused(one, name, bound)
                        bound |= {name}
            for one in node.children:
                if one.type != "quantifier_bound":
                    self._expression(one, bound)
        elif node.type == "record_value":
            self._expression(node.children[0], bound)  # what follows the dot is the name of a field
        elif node.type == "bound_op":
            (called,) = node.children_by_field_name("name")
            arguments = [one for one in node.children_by_field_name("parameter") if one.is_named]
            self._used(node, text_of(called), len(arguments), bound)
            for one in arguments:
                self._expression(one, bound)
        elif node.type == "identifier_ref":
            self._used(node, text_of(node), 0, bound)
        else:
            for one in node.children:
                self._expression(one, bound)

    def _define(self, node: Node, name: str, arguments: int) -> None:
        self._unused(node, name, frozenset())
        self._defined[name] = arguments

    def _unused(self, node: Node, name: str, bound: frozenset[str]) -> None:
        if name in self._defined or name in bound:
            self.faults.append(f"line {node.start_point[0] + 1}: {name} stands for something else already")

    def _used(self, node: Node, name: str, arguments: int, bound: frozenset[str]) -> None:
        takes = 0 if name in bound else self._defined.get(name)
        if takes is None:
            self.faults.append(f"line {node.start_point[0] + 1}: {name} is not defined above")
        elif takes != arguments:
            self.faults.append(f"line {node.start_point[0] + 1}: {name} takes {takes} arguments, not {arguments}")


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for one in node.children:
        yield from _nodes(one)


def _names(node: Node, kind: str) -> list[str]:
    return [text_of(one) for one in node.children if one.type == kind]


def text_of(node: Node) -> str:
    """Return the text of a part of a module."""
    assert node.text is not None
    return node.text.decode()
