"""The faults of `step.apply`: each is what it says and nothing more, and the original is left as it was."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from latchproof.mutants.generate import OF_APPLY, step_source
from latchproof.mutants.mutator import Edit, Source, text_of
from latchproof_spec import step
from latchproof_spec.barrier.rules import B1, B2, B3, B4, B6, B2r
from latchproof_spec.latch.rules import L2, L7
from latchproof_spec.step import BrokenBarrierError, Rule

SOURCE = step_source()
EDITS = {f"{one.place}: {one.before} -> {one.after}": one for one in SOURCE.edits()}


def applied(edit: Edit) -> Callable[..., Any]:
    """The `step.apply` with one edit."""
    apply: Callable[..., Any] = SOURCE.names_with([edit])["apply"]
    return apply


def test_every_statement_has_some_and_no_two_are_the_same() -> None:
    functions = [ast.parse(inspect.getsource(getattr(step, name))) for name in OF_APPLY]
    kinds = ast.If | ast.Return | ast.Assign | ast.AugAssign
    statements = {text_of(node) for one in functions for node in ast.walk(one) if isinstance(node, kinds)}
    # what these say has no numbers or words in it that could be others
    assert statements - {one.before for one in EDITS.values()} == {
        "return ()", "return None", "place = queue.index(who)", "first = rule.first",
    }  # fmt: skip
    assert len(EDITS) == len(list(SOURCE.edits())) > 100


def test_each_differs_from_the_original_in_one_line() -> None:
    original = ast.unparse(ast.parse(inspect.getsource(step))).splitlines()
    for name, one in EDITS.items():
        lines = SOURCE.text_with([one]).splitlines()
        assert len(lines) == len(original)
        assert sum(here != there for here, there in zip(lines, original, strict=True)) == 1, name


@pytest.mark.parametrize(
    ("expression", "others"),
    [
        (
            "count > 0",
            [
                "count < 0", "count <= 0", "count == 0", "count != 0", "count >= 0", "parked > 0", "count > 1",
                "count > -1",
            ],
        ),
        ("order == 'any'", ["order != 'any'", "order == 'arrival'", "order == 'reversed'"]),
        (
            "order in ('any', 'arrival', 'reversed')",
            [
                "order not in ('any', 'arrival', 'reversed')", "order in ('arrival', 'reversed')",
                "order in ('any', 'reversed')", "order in ('any', 'arrival')",
            ],
        ),
        (
            "count and parked and 1",
            [
                "count", "parked", "1", "count or parked or 1", "parked and parked and 1", "count and count and 1",
                "count and parked and 2", "count and parked and 0",
            ],
        ),
        ("not urgent", ["urgent", "not not urgent", "not True", "not False"]),
    ],
)  # fmt: skip
def test_every_other_expression_is_made_for_a_guard(
    expression: str, others: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is left out is a fault that no evidence is asked to find."""
    name = f"guarded_by_{abs(hash(expression))}"
    given = "count: int, parked: int, urgent: bool, order: str"
    text = f"def decide({given}) -> None:\n    if {expression}:\n        pass\n"
    (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    source = Source(import_module(name), ["decide"], [("any", "arrival", "reversed")])
    made = [one.after.removeprefix("if ") for one in source.edits()]
    assert sorted(made) == sorted(["True", "False", *others])


@pytest.mark.parametrize(
    ("edit", "rule", "queue", "who", "outcome"),
    [
        ("apply: queue += (who,) -> queue += ()", B1, "AB", "C", ("AB", {})),
        ("apply: queue = queue[:place] + queue[place + 1:] -> queue = queue[:place]", B4, "ABC", "B", ("A", {})),
        ("endings: return range(parked) -> return range(parked + 1)", B2, "AB", "C", ("", {"A": 0, "B": 1, "C": 2})),
        ("caller_ending: return parked -> return parked + 1", B2, "AB", "C", ("", {"A": 0, "B": 1, "C": 3})),
        ("endings: return (None,) * parked -> return (None,) * (parked - 1)", L2, "A", "C", ("", {"C": None})),
        ("apply: resumed += ((who, caller_ending(rule, len(queue))),) -> resumed += ()", L7, "", "C", ("", {})),
        ("caller_ending: if rule.order == 'arrival' -> if True", B2r, "A", "C", ("", {"A": 1, "C": 1})),
        ("endings: if rule.queue == 'failed' -> if False", B6, "A", "C", ("", {"A": 0, "C": None})),
    ],
)  # fmt: skip
def test_an_edit_does_what_it_says(
    edit: str, rule: Rule, queue: str, who: str, outcome: tuple[str, dict[str, object]]
) -> None:
    left, resumed = applied(EDITS[edit])(rule, tuple(queue), who)
    assert ("".join(left), dict(resumed)) == outcome


def test_the_specification_is_left_as_it_was() -> None:
    assert step.apply(B2, ("A",), "B") == ((), (("A", 0), ("B", 1)))
    assert applied(EDITS["caller_ending: if rule.caller == 'raises' -> if False"])(B3, (), "A") == ((), (("A", None),))
    assert step.apply(B3, (), "A") == ((), (("A", BrokenBarrierError),))


def test_one_can_be_named() -> None:
    one = SOURCE.edit("return parked", "return 7")
    assert (one.place, one.after, applied(one)(B2, (), "A")) == ("caller_ending", "return 7", ((), (("A", 7),)))


def test_a_statement_that_is_not_there_is_said() -> None:
    where = r"endings, caller_ending, apply of latchproof_spec\.step"
    with pytest.raises(LookupError, match=f"`return 7` is there 0 times in {where}, not once"):
        SOURCE.edit("return 7", "return 8")
