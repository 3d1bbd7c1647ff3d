"""The second interpreter gives each construct Python's meaning, and notices a function that is not what its text says.

The gate of the subset is left out here: each fault must be noticed without it.
"""

from __future__ import annotations

import builtins
import importlib
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from latchproof.prove.language import comparison
from latchproof.prove.language.comparison import LONGEST, MOST, NOT_NUMBERS, SMALL, differences
from latchproof.prove.language.interpreter import BUILT_IN, NotUnderstoodError, interpreted
from latchproof_spec.machines import MACHINES
from latchproof_spec.step import Rule
from tests.prove.language.planted_text import LATCH, STEP, in_count_down, in_endings, planted

EVERY_CASE = comparison.cases_of


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Have one function compared alone."""

    def narrow(name: str) -> None:
        def chosen(machines: list[Any]) -> Iterator[tuple[Any, Any]]:
            return (one for one in EVERY_CASE(machines) if one[0].__name__ == name)

        monkeypatch.setattr(comparison, "cases_of", chosen)

    return narrow


def said(*edits: tuple[str, str, str], directory: Path) -> list[str]:
    with planted(directory, *edits):
        return [str(one) for one in differences()[1]]


def test_the_functions_are_what_their_texts_say() -> None:
    number, found = differences()
    assert found == []
    assert number > 100_000


def test_all_that_is_compared_is_what_the_bound_says() -> None:
    cases = {f"{function.__module__}.{function.__name__}": [*of] for function, of in EVERY_CASE([*MACHINES.values()])}
    operations = [
        one for machine in MACHINES.values() for one in (machine.create, *map(function_of, machine.every_operation))
    ]
    assert set(cases) == {
        *(f"latchproof_spec.step.{name}" for name in ("apply", "endings", "caller_ending", "is_whole_number")),
        *(f"{one.__module__}.{one.__name__}" for one in operations),
    }
    rules = [rule for machine in MACHINES.values() for rule in machine.rules]
    for name in ("endings", "caller_ending"):
        assert {*cases[f"latchproof_spec.step.{name}"]} == {(rule, n) for rule in rules for n in range(LONGEST + 1)}
    effects = {(rule.caller, rule.queue, rule.order, rule.errors[:1]) for rule in rules}
    of_apply = cases["latchproof_spec.step.apply"]
    for length in range(LONGEST + 1):
        tried = [(rule, who) for rule, queue, who in of_apply if len(queue) == length]
        assert {(rule.caller, rule.queue, rule.order, rule.errors[:1]) for rule, _ in tried} == effects
        leaving = {who for rule, who in tried if rule.caller == "leaves"}
        assert leaving == {0, length // 2, max(length - 1, 0), length}
    assert [value for (value,) in cases["latchproof_spec.barrier.rules.create"]] == [*range(-2, MOST + 1), *NOT_NUMBERS]
    for machine in MACHINES.values():
        for operation in machine.every_operation:
            function = operation.function
            given = cases[f"{function.__module__}.{function.__name__}"]
            kinds = [*[int] * len(machine.constants), *machine.state.values(), *operation.inputs.values()]
            for place, kind in enumerate(kinds):
                values = {one[place] for one in given if type(one[place]) is kind}
                assert values >= ({False, True} if kind is bool else {*range(MOST + 1)}), (function, place)
            assert len({one[-1] for one in given}) > 1
            negative = [kind for kind in operation.parameters.values() if kind is int]
            few = (True, False, *range(-1, SMALL))
            small = {one[:-1] for one in given if all(value in few for value in one[:-1])}
            flags = kinds.count(bool)
            assert len(small) >= 2**flags * SMALL ** (len(kinds) - flags - len(negative)) * (SMALL + 1) ** len(negative)


def function_of(operation: Any) -> Any:
    return operation.function


WRONG_RANGE = """
def range(first, *more):
    import builtins
    return (0,) * 40 if first == 41 else builtins.range(first, *more)
"""
OTHER_CODE = """
ODD = lambda count, parked, exception_if_zero=False, policy=LATCHPROOF: (count - 2 if count > 2 else 0, parked, L1)
count_down.__code__ = ODD.__code__
"""
WRAPPED = """
SPARE = count_down

def wrong(count, *of):
    return SPARE(count - (count == 1000), *of)

wrong.__name__ = "count_down"
count_down = wrong
"""


@pytest.mark.parametrize(
    ("name", "edits", "expected"),
    [
        (
            "endings",
            ((STEP, "", WRONG_RANGE),),
            r"\(B2, 41\) gives",
        ),
        ("count_down", (in_count_down("type(count) is int and count == 1000"),), "`type.count. is int` has no meaning"),
        ("endings", (in_endings('if f"{parked}" == "41":\n        return ()'),), "`f'{parked}'` has no meaning"),
        ("count_down", (in_count_down("count is 1000"),), "`count is 1000` has no meaning"),
        ("endings", (in_endings("for _ in ():\n        pass"),), "`for _ in ..:` has no meaning"),
        ("count_down", (in_count_down('str(count) == "1000"'),), "no single function str"),
        ("count_down", (in_count_down("{1000: True}.get(count)"),), "`{1000: True}.get.count.` has no meaning"),
        (
            "count_down",
((LATCH, "", OTHER_CODE),),
            "count_down: the text|gives",
        ),
        (
            "count_down",
((LATCH, "", WRAPPED),),
            "no single function count_down",
        ),
        ("count_down", ((LATCH, "", "count_down.__defaults__ = (True, LATCHPROOF)"),), ""),
        ("withdraw", ((LATCH, "", 'L9.queue = "released"'),), "L9 is not what its text says"),
        ("apply", ((STEP, "", "class tuple(tuple):\n    pass"),), "gives"),
    ],
)  # fmt: skip
def test_a_function_that_is_not_what_its_text_says_is_noticed(
    name: str, edits: Any, expected: str, tmp_path: Path, only: Callable[[str], None]
) -> None:
    only(name)
    found = said(*edits, directory=tmp_path)
    if not expected:  # a default is not used by any call that is compared: the gate of the subset looks at it
        assert found == []
        return
    assert len(found) >= 1
    for one in found:
        assert one.startswith("the second interpreter disagrees with latchproof_spec/")
    assert re.search(expected, "\n".join(found)), found


def test_a_built_in_that_is_replaced_is_noticed(monkeypatch: pytest.MonkeyPatch, only: Callable[[str], None]) -> None:
    only("apply")
    real = builtins.zip
    with monkeypatch.context() as patch:
        patch.setattr(builtins, "zip", lambda *of, strict=False: [*real(*of, strict=strict)][:40])
        _, found = differences()
    assert [(one.function, "gives" in one.what) for one in found] == [("apply", True)]


@pytest.mark.parametrize("value", [0, 1, -1, True, False, 1.5, None, "1"])
def test_the_kinds_of_values(value: object) -> None:
    meaning = interpreted("latchproof_spec.step", "is_whole_number")
    assert meaning(value) is (type(value) is int)


@pytest.mark.parametrize("of", [(0,), (3,), (-1,), (1, 4), (4, 1), (3, 0, -1), (0, 3, -1), (0, 7, 2)])
def test_a_range_is_pythons(of: tuple[int, ...]) -> None:
    assert BUILT_IN["range"](*of) == tuple(range(*of))


def test_the_other_built_ins_are_pythons() -> None:
    for one in ((), (1,), (1, 2, 3)):
        assert BUILT_IN["len"](one) == len(one)
        assert BUILT_IN["tuple"](one) == one
        for other in ((), ("a",), ("a", "b")):
            assert BUILT_IN["zip"](one, other) == tuple(zip(one, other, strict=False))
            if len(one) != len(other):
                with pytest.raises(ValueError):  # noqa: PT011 - it has no text
                    BUILT_IN["zip"](one, other, strict=True)
    assert [BUILT_IN["bool"](value) for value in (0, 1, (), "a", None)] == [False, True, False, True, False]
    assert BUILT_IN["tuple"]() == ()


CONSTRUCTS = '''
TWO: Final = (1, 2)
from types import MappingProxyType

WORDS: Final = MappingProxyType({"a": "b"})


def constructs(x: int, y: int, flag: bool, words: tuple[str, ...] = ("a", "b")) -> object:
    """Use each construct once."""
    total: int = x + y * 2 - 1
    first, (second) = TWO
    rest = words
    rest += ("c",)
    found = ()
    if x < y and not flag:
        found = rest[1:]
    elif x <= y or flag:
        found = rest[:-1]
    else:
        found = rest[x:y] + rest[:1]
    if "a" in ("a", *WORDS) and x not in TWO and WORDS["a"] != "a" and x >= 0 and y > -3:
        return found, total, first, second, words[0], flag if x == y else None, len(found), bool(x)
    return found, tuple(zip(rest, range(y), strict=False)), x and y, x or y, rest.index("b")
'''


def test_each_construct_means_what_it_means_in_python(tmp_path: Path) -> None:
    with planted(tmp_path, (STEP, "", CONSTRUCTS)):
        python: Any = vars(importlib.import_module("latchproof_spec.step"))["constructs"]
        meaning = interpreted("latchproof_spec.step", "constructs")
        for x in range(-2, 5):
            for y in range(-2, 5):
                for flag in (False, True):
                    assert meaning(x, y, flag) == python(x, y, flag)
                    assert meaning(x, y, flag, ("b", "a", "d")) == python(x, y, flag, ("b", "a", "d"))


def test_what_has_no_meaning_is_an_error() -> None:
    with pytest.raises(NotUnderstoodError, match="has no single function nothing"):
        interpreted("latchproof_spec.step", "nothing")


def test_a_result_of_another_type_is_another_result(tmp_path: Path, only: Callable[[str], None]) -> None:
    """True is equal to 1: a count that is True is noticed all the same."""
    only("count_down")
    monkeypatched = (LATCH, "", "TRUE_AT_TWO = count_down\n\n\nclass Odd:\n    pass")
    with planted(tmp_path, monkeypatched):
        rules: Any = importlib.import_module("latchproof_spec.latch.rules")
        real = rules.count_down

        def count_down(count: int, *of: Any) -> Any:
            after, parked, rule = real(count, *of)
            return True if after == 1 else after, parked, rule

        count_down.__module__ = rules.__name__
        machine = importlib.import_module("latchproof_spec.machines").MACHINES["latch"]
        operation = next(one for one in machine.operations if one.function is real)
        object.__setattr__(operation, "function", count_down)
        found = differences()[1]
    assert [one.function for one in found] == ["count_down"]
    assert "gives (True, 0, L1), its text says (1, 0, L1)" in found[0].what
    assert isinstance(MACHINES["latch"].rules[0], Rule)


def test_what_is_checked_is_as_much_as_the_manifest_says() -> None:
    manifest = tomllib.loads((Path(__file__).parents[3] / "proofs" / "manifest.toml").read_text(encoding="utf-8"))
    checked = comparison.check_specification()
    assert checked.wrong == ()
    assert {"functions": checked.functions, "results": checked.results} == manifest["specification"]
