"""Interprets the exported Promela models, as Spin does: which steps each process can make in a state.

A state maps the global variables to their values. Only what the exported models use is understood: a process is a loop
of choices, each a d_step with a guard. Anything else is an error, and so is a loop in a d_step of which two choices
can be made, for the steps of a d_step are determined.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from operator import add, and_, eq, ge, gt, le, lt, ne, or_, sub
from typing import Any, Final, NamedTuple, TypeAlias

Names: TypeAlias = dict[str, Any]
Expression: TypeAlias = Callable[[Names], Any]
Statement: TypeAlias = tuple[Any, ...]

RANGES: Final = {"byte": range(256), "short": range(-(2**15), 2**15), "bool": range(2)}
TOKEN: Final = re.compile(r"\s+|/\*.*?\*/|(\w+|::|->|\+\+|&&|\|\||[=!<>]=|\[\]|<>|[^\w\s])", re.DOTALL)
LEVELS: Final[tuple[dict[str, Callable[[Any, Any], Any]], ...]] = (
    {"||": or_},
    {"&&": and_},
    {"==": eq, "!=": ne},
    {"<": lt, "<=": le, ">": gt, ">=": ge},
    {"+": add, "-": sub},
)
"""The operators of two operands, from those that bind most loosely."""


class Made(NamedTuple):
    """A step: the inline that it calls with its arguments, the state after it, and the assertions that failed."""

    name: str
    arguments: tuple[Any, ...]
    after: Names
    failed: int


class Program:
    """A model: its variables, inlines, macros and processes."""

    def __init__(self, text: str) -> None:
        self.start: Names = {}
        self.ranges: dict[str, range] = {}
        self.constants: dict[str, Any] = {"true": True, "false": False}
        self.inlines: dict[str, tuple[list[str], list[Statement]]] = {}
        self.processes: dict[str, tuple[str, int]] = {}
        self.formulas: dict[str, str] = {}
        self._macros: dict[str, tuple[str, str]] = {}
        lines = [self._define(line) for line in text.replace("\\\n", " ").splitlines()]
        self._tokens = _tokens("\n".join(lines))
        while self._tokens:
            self._unit()
        for name, (parameter, body) in self._macros.items():
            self._tokens = _tokens(body)
            self.inlines[name] = [parameter], self._block()

    def steps(self, process: str, state: Names) -> Iterator[Made]:
        """Yield the steps that a process can make in a state."""
        macro, task = self.processes[process]
        (parameter,), ((kind, choices),) = self.inlines[macro]
        assert kind == "do"
        for (step,) in choices:
            assert step[0] == "d_step"
            guard, *rest = step[1]
            names = {**state, **{name: list(value) for name, value in state.items() if isinstance(value, list)}}
            run = _Run(self, names)
            if run.is_executable(guard, {parameter: task}):
                run.block(rest, {parameter: task})
                after = {name: run.state[name] for name in self.start}
                yield Made(*(run.called or (macro, ())), after, run.failed)

    def asserted(self, inline: str, names: Names) -> list[bool]:
        """Return what an inline asserts, of any values, also of the variables that it computes."""
        known = self.constants | names
        return [bool(one[1](known)) for one in self.inlines[inline][1] if one[0] == "assert"]

    def _define(self, line: str) -> str:
        """Take a definition; return the line if it is another."""
        found = re.match(r"#define (\w+)(\((\w+)\))? (.*)", line)
        if found is None:
            return line
        name, _, parameter, body = found.groups()
        self._tokens = _tokens(body)
        if parameter is not None:
            self._macros[name] = parameter, body
        elif name.startswith("is_owed"):
            self.formulas[name] = body
        else:
            self.constants[name] = self._expression()(self.constants)
        return ""

    def _take(self, *expected: str) -> str:
        token = self._tokens.pop(0)
        assert not expected or token in expected, f"{token}, not {expected}"
        return token

    def _next(self) -> str:
        return self._tokens[0] if self._tokens else ""

    def _unit(self) -> None:
        token = self._take()
        if token == "inline":
            name, end = self._take(), self._tokens.index(")")
            parameters = [one for one in self._tokens[1:end] if one != ","]
            del self._tokens[: end + 1]
            self._take("{")
            self.inlines[name] = parameters, self._block()
            self._take("}")
        elif token == "active":
            self._take("proctype")
            name = self._take()
            for one in "(){":
                self._take(one)
            macro = self._take()
            self._take("(")
            self.processes[name] = macro, int(self._take())
            for one in ")}":
                self._take(one)
        elif token == "ltl":
            name, end = self._take(), self._tokens.index("}")
            self.formulas[name] = " ".join(self._tokens[1:end])
            del self._tokens[: end + 1]
        elif token == "hidden":
            self._declaration(self._take(), self.constants)
        else:
            self._declaration(token, self.start)

    def _declaration(self, kind: str, variables: Names) -> None:
        name, size, value = self._take(), None, 0
        if self._next() == "[":
            self._take()
            size = self._expression()(self.constants)
            self._take("]")
        if self._next() == "=":
            self._take()
            value = self._expression()(self.constants)
        self._take(";")
        self.ranges[name] = RANGES[kind]
        variables[name] = value if size is None else [value] * size

    def _block(self) -> list[Statement]:
        """Return the statements up to the end of a block or a choice."""
        found = []
        while self._next() not in ("}", "od", "::", ""):
            found.append(self._statement())
            while self._next() in (";", "->"):
                self._take()
        return found

    def _statement(self) -> Statement:
        match self._next():
            case "do":
                self._take()
                choices = []
                while self._take("::", "od") == "::":
                    choices.append(self._block())
                return "do", choices
            case "d_step":
                self._take()
                self._take("{")
                block = self._block()
                self._take("}")
                return "d_step", block
            case "assert":
                self._take()
                return "assert", self._expression()
            case "else" | "break":
                return (self._take(),)
        if self._next() in self.inlines:
            name, arguments = self._take(), []
            self._take("(")
            while self._next() != ")":
                arguments.append(self._expression())
                if self._next() == ",":
                    self._take()
            self._take(")")
            return "call", name, arguments
        name, *rest = self._tokens[:2]
        bracket = self._tokens.index("]") + 1 if rest == ["["] else 1
        if self._tokens[bracket : bracket + 1] not in (["="], ["++"]):
            return "guard", self._expression()
        self._take()
        place = None
        if self._next() == "[":
            self._take()
            place = self._expression()
            self._take("]")
        if self._take() == "++":
            return "set", name, place, lambda names: names[name] + 1
        return "set", name, place, self._expression()

    def _expression(self, level: int = 0) -> Expression:
        if level == len(LEVELS):
            return self._operand()
        left = self._expression(level + 1)
        while self._next() in LEVELS[level]:
            left = _applied(LEVELS[level][self._take()], left, self._expression(level + 1))
        return left

    def _operand(self) -> Expression:
        token = self._take()
        if token == "(":
            inner = self._expression()
            if self._take(")", "->") == "->":
                then = self._expression()
                self._take(":")
                otherwise = self._expression()
                self._take(")")
                return lambda names: then(names) if inner(names) else otherwise(names)
            return inner
        if token in ("!", "-"):
            operand = self._operand()
            return (lambda names: not operand(names)) if token == "!" else (lambda names: -operand(names))
        if token.isdigit():
            return lambda names: int(token)
        assert token.isidentifier(), token
        if self._next() == "[":
            self._take()
            place = self._expression()
            self._take("]")
            return lambda names: names[token][place(names)]
        return lambda names: names[token]


def _tokens(text: str) -> list[str]:
    return [one for one in TOKEN.findall(text) if one]


def _applied(operator: Callable[[Any, Any], Any], left: Expression, right: Expression) -> Expression:
    if operator is and_:
        return lambda names: bool(left(names) and right(names))
    if operator is or_:
        return lambda names: bool(left(names) or right(names))
    return lambda names: operator(left(names), right(names))


class _Run:
    """The run of one step. `state` is changed by it; `called` is the first inline that it calls."""

    def __init__(self, program: Program, state: Names) -> None:
        self.program = program
        self.state = program.constants | state
        self.called: tuple[str, tuple[Any, ...]] | None = None
        self.failed = 0

    def block(self, statements: list[Statement], bound: Names) -> bool:
        """Run the statements; return whether they end with a break."""
        for one in statements:
            match one:
                case ("break",):
                    return True
                case ("do", choices):
                    self._loop(choices, bound)
                case ("assert", condition):
                    self.failed += not condition(self.state | bound)
                case ("call", name, arguments):
                    parameters, body = self.program.inlines[name]
                    values = tuple(argument(self.state | bound) for argument in arguments)
                    self.called = self.called or (name, values)
                    assert not self.block(body, dict(zip(parameters, values, strict=True)))
                case ("set", name, place, expression):
                    value = expression(self.state | bound)
                    assert int(value) in self.program.ranges[name], f"{name} cannot be {value}"
                    if place is None:
                        self.state[name] = value
                    else:
                        self.state[name][place(self.state | bound)] = value
                case _:
                    raise AssertionError(f"{one} in the middle of a d_step")
        return False

    def is_executable(self, statement: Statement, bound: Names) -> bool:
        """Return whether a choice that begins with a statement can be made; an `else` counts as false."""
        return statement[0] == "guard" and bool(statement[1](self.state | bound))

    def _loop(self, choices: list[list[Statement]], bound: Names) -> None:
        is_over = False
        while not is_over:
            can = [one for one in choices if self.is_executable(one[0], bound)]
            can = can or [one for one in choices if one[0] == ("else",)]
            (chosen,) = can
            is_over = self.block(chosen[1:], bound)
