"""What a model must not say is found in its text, whatever its name; and what a name must not be."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from latchproof.compile.machine import compile_model
from latchproof.compile.stage import CannotCompileError
from latchproof.compile.twins import heeds_cancellation, require_plain
from latchproof.prove.world import FACETS
from latchproof_spec.machine import HAS_ARRIVED, IS_PARKED
from latchproof_spec.model import Model, when
from tests.compile import models

STATEMENTS = {
    "while self.a > 0: pass": "a `while`",
    "[one for one in (1, 2)]": "a comprehension",
    "{one for one in (1, 2)}": "a comprehension",
    "{one: 1 for one in (1, 2)}": "a comprehension",
    "max(one for one in (1, 2))": "a comprehension",
    "lambda: 1": "a `lambda`",
    "yield": "a `yield`",
    "yield from ()": "a `yield`",
    "self.a is self.b": "an `is`",
    "self.a is not self.b": "an `is not`",
    "global A": "a `global`",
    "f'{self.a}'": "an f-string",
    "'%s' % self.a": "a text that is made of values",
    "'{}'.format(self.a)": "a text that is made of values",
    "str(self.a)": "a call of str()",
    "repr(self.a)": "a call of repr()",
    "format(self.a)": "a call of format()",
    "ascii(self.a)": "a call of ascii()",
    "type(self.a)": "a call of type()",
    "id(self.a)": "a call of id()",
    "vars(self)": "a call of vars()",
    "setattr(self, 'a', 1)": "a call of setattr()",
    "delattr(self, 'a')": "a call of delattr()",
    "globals()": "a call of globals()",
    "locals()": "a call of locals()",
    "eval('1')": "a call of eval()",
    "exec('1')": "a call of exec()",
    "def inner(): pass": "a definition within it",
    "class Inner: pass": "a definition within it",
}


def model_with(statement: str, folder: Path) -> type[Model]:
    file = folder / "with_statement.py"
    file.write_text(
        "from latchproof_spec.model import Model, when\n\n\nclass Odd(Model):\n    def __init__(self):\n"
        "        self.a = self.b = 0\n\n    def wait(self):\n        when(self.a)\n\n"
        f"    def do(self):\n        {statement}\n",
        encoding="utf-8",
    )
    specification = importlib.util.spec_from_file_location("with_statement", file)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["with_statement"] = module
    specification.loader.exec_module(module)
    found: type[Model] = module.Odd
    return found


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_construct_is_refused(statement: str, tmp_path: Path) -> None:
    with pytest.raises(CannotCompileError) as error:
        require_plain(model_with(statement, tmp_path))
    assert str(error.value).startswith(f"with_statement.py:12: do() has {STATEMENTS[statement]}")


@pytest.mark.parametrize("statement", ["self.a is None", "None is not self.a", "for one in range(3): self.a += one"])
def test_others_are_not(statement: str, tmp_path: Path) -> None:
    require_plain(model_with(statement, tmp_path))


def test_only_a_model_that_heeds_cancellations_is_told_of_early_ones() -> None:
    assert not heeds_cancellation(models.Event)
    assert compile_model(models.Event).machine.withdraw.facts == (IS_PARKED,)
    assert heeds_cancellation(models.Barrier)
    assert compile_model(models.Barrier).machine.withdraw.facts == (IS_PARKED, HAS_ARRIVED)


class Uncalled(Model):
    """It forgets to call what its `when` is given."""

    def __init__(self) -> None:
        self._open = False

    def _is_open(self) -> bool:
        return self._open

    def wait(self) -> None:
        when(self._is_open)

    def open(self) -> None:
        self._open = True


def test_a_fault_of_the_model_is_told_as_it_is() -> None:
    with pytest.raises(CannotCompileError, match="which has to be called to be a condition"):
        compile_model(Uncalled)


WORDS = [
    "and", "or", "not", "mod", "div", "abs", "let", "par", "true", "false", "distinct", "select", "store",
    "owner", "holder", "tripped", "clock", "chosen", "unchosen", "who", "one", "other", "held", "call", "nothing",
    "fewer", "argument", "parked", "released", "task", "owed", "left", "at", "is", "place", "t", "u", "active",
    "assert", "atomic", "bit", "bool", "break", "byte", "chan", "do", "else", "empty", "enabled", "fi", "full",
    "goto", "hidden", "host", "if", "init", "inline", "int", "len", "look", "ltl", "mtype", "never", "od", "of",
    "pid", "proctype", "provided", "run", "short", "skip", "timeout", "trace", "typedef", "unless", "unsigned",
    "user", "xr", "xs",
]  # fmt: skip


@pytest.mark.parametrize("word", [*WORDS, *FACETS])
def test_a_name_that_means_something_to_a_tool_is_another(word: str) -> None:
    from latchproof.compile.machine import _written

    assert _written((f"_{word}",), {}) == {f"_{word}": f"{word}_"}
    assert _written(("_value", "value"), {}) == {"_value": "value", "value": "value_"}
