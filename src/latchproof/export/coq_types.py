"""Types of the specification as Coq has them, and what the names of a module stand for.

Types are read from annotations: `int` is Z, a `Literal` is an enumeration, `tuple[X, ...]` is a list, and `tuple[X, Y]`
is a product.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias


class NotRenderedError(Exception):
    """Something in the specification has no rendering."""

    def __init__(self, node: ast.AST, why: str) -> None:
        number = getattr(node, "lineno", None)  # what is made here stands in no line
        line = "" if number is None else f"line {number}, "
        text = ast.unparse(node).partition("\n")[0]
        super().__init__(f"{line}`{text}`: {why}")


@dataclass(frozen=True)
class ListOf:
    """The type of lists of one type."""

    item: Type


@dataclass(frozen=True)
class Product:
    """The type of tuples of a length that is known. That of no items is `unit`, that of one is the item's own."""

    items: tuple[Type, ...]


Type: TypeAlias = str | ListOf | Product
"""A type: a name of Coq's or of the rendering's, or made of others."""

CALL: Final = "Call"
"""The type of calls, which the functions about queues take as they are."""

NUMBER: Final = "Number"
"""The type of what a caller may give in place of an int: something of which it is known whether it is one."""

ENDING: Final = "Ending"
"""The type of what a call is given: an index, an error, or neither."""

ERROR: Final = "Error"
"""The type of classes of errors."""

WIDTH: Final = 118
"""The longest line that is written, where it can be broken."""

PROSE: Final = ("sentence", "message")
"""Fields and arguments of rules that are for a reader, and are not rendered."""

_ATOMS: Final = {"int": "Z", "bool": "bool", "str": "string", "T": CALL}

_UNION: Final = "int | type[Exception] | None"
"""The one union, which is the type of endings."""

# fmt: off
RESERVED: Final = frozenset((
    "as", "at", "cofix", "else", "end", "exists", "exists2", "fix", "for", "forall", "fun", "if", "IF", "in", "let",
    "match", "mod", "return", "Prop", "Set", "SProp", "then", "Type", "using", "where", "with", "Z", "bool",
    "string", "list", "unit", "tt", "nil", "true", "false", "fst", "snd", "map", "nth", "combine", "repeat", "negb",
    "andb", "orb", "app", "length", "number", "Number", "Call", "Error", "Ending", "is_whole_number", "Machine",
))
"""Words that no name of the specification may be: they mean something in Gallina, or in what is rendered."""
# fmt: on


@dataclass(frozen=True)
class Parameter:
    """A parameter of a function, with its default if it has one."""

    name: str
    type: Type
    default: ast.expr | None = None


@dataclass(frozen=True)
class Signature:
    """The parameters of a function that are rendered, and the type of its result."""

    parameters: tuple[Parameter, ...]
    result: Type
    callee: str


class Names:
    """What names stand for in a module, and in those rendered before it: more with each definition."""

    def __init__(self) -> None:
        self.enumerations: dict[str, tuple[str, ...]] = {}
        self.aliases: dict[str, Type] = {}
        self.records: dict[str, dict[str, Type]] = {}
        self.functions: dict[str, Signature] = {}
        self.constants: dict[str, Type] = {}
        self.errors: list[str] = []

    def copy(self) -> Names:
        """Return names that may become more while these stay as they are."""
        found = Names()
        for name, known in vars(self).items():
            setattr(found, name, known.copy())
        return found

    def type_of(self, node: ast.expr | None) -> Type:
        """Return the type that an annotation stands for."""
        match node:
            case ast.Name(name) if name in self.aliases:
                return self.aliases[name]
            case ast.Name(name) if name in self.enumerations or name in self.records:
                return name
            case ast.Name(name) if name in _ATOMS:
                return _ATOMS[name]
            case ast.Subscript(ast.Name("type"), ast.Name("Exception")):
                return ERROR
            case ast.BinOp() if ast.unparse(node) == _UNION:
                return ENDING
            case ast.Subscript(ast.Name("tuple"), ast.Tuple([item, ast.Constant(value)])) if value is ...:
                return ListOf(self.type_of(item))
            case ast.Subscript(ast.Name("Iterable"), item):
                return ListOf(self.type_of(item))
            case ast.Subscript(ast.Name("tuple"), ast.Tuple(items)):
                return product(map(self.type_of, items))
            case ast.Subscript(ast.Name("tuple"), item):
                return self.type_of(item)
            case ast.Subscript(ast.Name("Final"), item):
                return self.type_of(item)
        raise NotRenderedError(node or ast.Constant(None), "a type that has no rendering")


def product(items: Iterator[Type]) -> Type:
    """Return the type of tuples of these items."""
    every = tuple(items)
    return every[0] if len(every) == 1 else Product(every)


def written_type(kind: Type) -> str:
    """Return a type as it stands in Gallina."""
    match kind:
        case ListOf(item):
            return f"list ({written_type(item)})" if isinstance(item, ListOf) else f"list {written_type(item)}"
        case Product(()):
            return "unit"
        case Product(items):
            return f"({' * '.join(map(written_type, items))})"
    return kind


def words_of(node: ast.expr) -> tuple[str, ...] | None:
    """Return the words of a `Literal`; None if it is something else."""
    match node:
        case ast.Subscript(ast.Name("Literal"), ast.Tuple(words)):
            texts = tuple(word.value for word in words if isinstance(word, ast.Constant) and type(word.value) is str)
            if len(texts) == len(words):
                return texts
            raise NotRenderedError(node, "an enumeration has nothing but words")
    return None


def constructor(enumeration: str, word: str) -> str:
    """Return the name of the constructor that a word of an enumeration has.

    >>> constructor("Queue", "stays"), constructor("Caller", "returns an index")
    ('Queue_stays', 'Caller_returns_an_index')
    """
    return f"{enumeration}_{re.sub('[^A-Za-z0-9]', '_', word)}"


def bare(text: str) -> str:
    """Return an expression without the parentheses around all of it; a tuple keeps them.

    >>> bare("(f (x) (y))"), bare("(x) + (y)"), bare("(x, y)")
    ('f (x) (y)', '(x) + (y)', '(x, y)')
    """
    depths = list(_depths(text))
    is_whole = text.startswith("(") and text.endswith(")") and all(depth > 0 for _, _, depth in depths[1:])
    is_tuple = any(character == "," and depth == 1 for _, character, depth in depths)
    return text[1:-1] if is_whole and not is_tuple else text


def _depths(text: str) -> Iterator[tuple[int, str, int]]:
    """Yield the place of each character outside of texts, it, and the number of parentheses that it stands in."""
    depth, is_text = 0, False
    for place, character in enumerate(text):
        is_text ^= character == '"'
        if not is_text:
            yield place, character, depth
            depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(character, 0)


def wrapped(text: str) -> str:
    """Return a definition with its long lines broken: outside of texts, and in as few parentheses as possible."""
    return "\n".join(part for line in text.splitlines() for part in _broken(line))


def _broken(line: str) -> list[str]:
    margin = " " * (len(line) - len(line.lstrip()) + 4)
    found = []
    while len(line) > WIDTH:
        spaces = [(place, depth) for place, character, depth in _depths(line) if character == " "]
        fitting = [one for one in spaces if len(margin) < one[0] <= WIDTH]
        if not fitting:
            break
        place, _ = min(fitting, key=lambda one: (one[1], not line[: one[0]].endswith((" then", " :=")), -one[0]))
        found.append(line[:place])
        line = margin + line[place + 1 :]
    return [*found, line]


def binders(typed: Mapping[str, Type]) -> str:
    """Return names with their types, as a definition has them before its body; with a space before each."""
    return "".join(f" ({name} : {written_type(kind)})" for name, kind in typed.items())
