"""A term of the solver as text, in the syntax of a language that has the same operators under other names.

A language is a `Syntax`; everything else, such as parentheses and the order of a sum, is the same for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import z3

_ATOM, _UNARY, _PRODUCT, _SUM, _COMPARISON, _JUNCTION = range(6)
_NEGATED: Final = {"<=": ">", "<": ">=", ">=": "<", ">": "<=", "=": "!=", "!=": "="}
_TURNED: Final = {"<=": ">=", "<": ">", ">=": "<=", ">": "<", "=": "=", "!=": "!="}
_COMPARISONS: Final = {
    z3.Z3_OP_LE: "<=", z3.Z3_OP_LT: "<", z3.Z3_OP_GE: ">=", z3.Z3_OP_GT: ">", z3.Z3_OP_EQ: "=", z3.Z3_OP_DISTINCT: "!=",
}  # fmt: skip


class NoTextError(Exception):
    """A term has an operator that `terms` cannot write."""


@dataclass(frozen=True)
class Syntax:
    """How a language writes truths, connectives, comparisons and a choice.

    `signs` maps the comparisons that it writes differently; `choice` has {0} for the condition, {1} for the value if
    that is true, and {2} for the value otherwise.
    """

    true: str
    false: str
    conjunction: str
    disjunction: str
    negation: str
    signs: Mapping[str, str]
    choice: str


TLA: Final = Syntax("TRUE", "FALSE", " /\\ ", " \\/ ", "~", {"!=": "#"}, "IF {0} THEN {1} ELSE {2}")
PROMELA: Final = Syntax("true", "false", " && ", " || ", "!", {"=": "=="}, "{0} -> {1} : {2}")
MARKDOWN: Final = Syntax(
    "true", "false", " and ", " or ", "not ", {"!=": "≠", "<=": "≤", ">=": "≥"}, "{1} if {0} else {2}"
)


def written(term: z3.ExprRef, syntax: Syntax, names: Mapping[str, str] | None = None) -> str:
    """Return the term as text. `names` says how a variable is written, if not by its own name.

    >>> count, parked = z3.Ints("count parked")
    >>> written(z3.Or(z3.Not(count <= 0), parked == count - 1), TLA)
    'count > 0 \\\\/ parked = count - 1'
    >>> written(z3.Not(count > 2), MARKDOWN)
    'count ≤ 2'
    >>> written(z3.And(count != 0, parked + 1 < count), PROMELA, {"count": "new_count"})
    'new_count != 0 && parked + 1 < new_count'
    """
    return _Writer(syntax, names or {}).text(term)[0]


@dataclass(frozen=True)
class _Writer:
    syntax: Syntax
    names: Mapping[str, str]

    def text(self, term: z3.ExprRef, negated: bool = False) -> tuple[str, int]:
        """Return the text of a term, and how loosely it binds."""
        syntax, kind = self.syntax, term.decl().kind()
        if z3.is_not(term):
            return self.text(term.arg(0), not negated)
        if kind in _COMPARISONS and not (z3.is_bool(term.arg(0)) and self._is_literal(term)):
            return self._comparison(term, _COMPARISONS[kind], negated)
        if kind in _COMPARISONS:
            return self._of_truth(term, negated != (kind == z3.Z3_OP_DISTINCT))
        if z3.is_and(term) or z3.is_or(term):
            sign = syntax.conjunction if z3.is_and(term) != negated else syntax.disjunction
            return sign.join(self._inside(child, _COMPARISON, negated) for child in term.children()), _JUNCTION
        if z3.is_implies(term):
            return self.text(z3.Or(z3.Not(term.arg(0)), term.arg(1)), negated)
        text, binding = self._plain(term)
        if negated:
            return syntax.negation + (text if binding == _ATOM else f"({text})"), _UNARY
        return text, binding

    def _inside(self, term: z3.ExprRef, loosest: int, negated: bool = False) -> str:
        """Return the text of a part, in parentheses if it binds too loosely to stand without."""
        text, binding = self.text(term, negated)
        return text if binding <= loosest else f"({text})"

    def _is_literal(self, term: z3.ExprRef) -> bool:
        return any(z3.is_true(child) or z3.is_false(child) for child in term.children())

    def _of_truth(self, term: z3.ExprRef, negated: bool) -> tuple[str, int]:
        """Return an equality with true or false: what it is compared with, or the negation of that."""
        left, right = term.children()
        if z3.is_true(left) or z3.is_false(left):
            left, right = right, left
        return self.text(left, negated != z3.is_false(right))

    def _comparison(self, term: z3.ExprRef, sign: str, negated: bool) -> tuple[str, int]:
        if term.num_args() != 2:
            raise NoTextError(f"{term} compares {term.num_args()} things at once")
        left, right = term.children()
        sign = _NEGATED[sign] if negated else sign
        if z3.is_int_value(left):
            left, right, sign = right, left, _TURNED[sign]
        sign = self.syntax.signs.get(sign, sign)
        return f"{self._inside(left, _SUM)} {sign} {self._inside(right, _SUM)}", _COMPARISON

    def _plain(self, term: z3.ExprRef) -> tuple[str, int]:
        syntax = self.syntax
        if z3.is_true(term) or z3.is_false(term):
            return syntax.true if z3.is_true(term) else syntax.false, _ATOM
        if z3.is_int_value(term):
            number = term.as_long()
            return str(number), _ATOM if number >= 0 else _UNARY
        if z3.is_const(term) and term.decl().kind() == z3.Z3_OP_UNINTERPRETED:
            return self.names.get(str(term), str(term)), _ATOM
        if z3.is_add(term):
            return self._sum(term.children()), _SUM
        if z3.is_sub(term):
            first, *others = term.children()
            taken = [child for child in others if not (z3.is_int_value(child) and child.as_long() == 0)]
            if not taken:
                return self.text(first)
            return " - ".join(self._inside(child, _PRODUCT) for child in (first, *taken)), _SUM
        if z3.is_mul(term):
            if term.num_args() == 2 and z3.is_int_value(term.arg(0)) and term.arg(0).as_long() == -1:
                return f"-{self._inside(term.arg(1), _ATOM)}", _UNARY
            return " * ".join(self._inside(child, _UNARY) for child in term.children()), _PRODUCT
        if term.decl().kind() == z3.Z3_OP_UMINUS:
            return f"-{self._inside(term.arg(0), _ATOM)}", _UNARY
        if z3.is_app_of(term, z3.Z3_OP_ITE):
            condition, then, otherwise = (self.text(child)[0] for child in term.children())
            return f"({syntax.choice.format(condition, then, otherwise)})", _ATOM
        raise NoTextError(f"{term} cannot be written: {term.decl()} is not known")

    def _sum(self, parts: list[z3.ExprRef]) -> str:
        """Return a sum with its numbers last; z3 puts them first."""
        ordered = [part for part in parts if not z3.is_int_value(part)] + [p for p in parts if z3.is_int_value(p)]
        text = self._inside(ordered[0], _PRODUCT)
        for part in ordered[1:]:
            if z3.is_int_value(part) and part.as_long() < 0:
                text += f" - {-part.as_long()}"
            else:
                text += f" + {self._inside(part, _PRODUCT)}"
        return text
