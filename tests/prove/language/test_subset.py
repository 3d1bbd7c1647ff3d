"""The gate of the subset rejects what could mean one thing on numbers and another on symbols, or in the text."""

from __future__ import annotations

import builtins
import importlib
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

from latchproof.mutants.generate import machine_source, step_source
from latchproof.mutants.mutator import Source, UnknownConstructError, made
from latchproof.prove.language.grammar import read_function
from latchproof.prove.language.subset import checked, rejections
from latchproof.prove.obligations import CONTROLS, PARTS, prove
from latchproof.prove.paths import Symbol, unchecked
from latchproof_spec.machines import MACHINES
from tests.prove.language.planted_text import LATCH, SOURCE, STEP, in_count_down, in_endings, planted

ROOT = Path(__file__).parents[3]

FAULTS = tomllib.loads((Path(__file__).parent / "subset_faults.toml").read_text(encoding="utf-8"))
"""Faults by name: where each is planted, and what the gate says of it."""


CONDITIONS = [name for name, fault in FAULTS.items() if "condition" in fault]


def edit_of(fault: dict[str, str]) -> tuple[str, str, str]:
    """Return the edit that plants a fault: the file, the text that stands there, and the other."""
    if "statement" in fault:
        return in_endings(fault["statement"])
    return fault["file"], fault.get("old", ""), fault["new"]


def said(directory: Path, *edits: tuple[str, str, str]) -> str:
    with planted(directory, *edits):
        return "\n".join(map(str, rejections()[1]))


def test_the_specification_is_in_the_subset() -> None:
    assert rejections()[1] == []


@pytest.mark.parametrize("name", [name for name in FAULTS if name not in CONDITIONS])
def test_what_is_outside_of_the_subset_is_rejected(name: str, tmp_path: Path) -> None:
    found = said(tmp_path, edit_of(FAULTS[name]))
    assert re.search(FAULTS[name]["said"], found), found
    assert all(line.startswith("the subset gate rejects ") for line in found.splitlines())


@pytest.fixture(scope="module")
def by_line(tmp_path_factory: pytest.TempPathFactory) -> dict[int, list[str]]:
    """What the gate says of each condition, by its line from the first, of count_down with all of them."""
    edit = in_count_down(*(FAULTS[name]["condition"] for name in CONDITIONS))
    with planted(tmp_path_factory.mktemp("conditions"), edit):
        rules: Any = importlib.import_module("latchproof_spec.latch.rules")
        text = Path(rules.__file__).read_text(encoding="utf-8").splitlines()
        first = text.index(f"    if {FAULTS[CONDITIONS[0]]['condition']}:") + 1
        found: dict[int, list[str]] = {}
        for one in rejections()[1]:
            found.setdefault(one.line - first, []).append(str(one))
    return found


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_condition_that_is_outside_of_the_subset_is_rejected(name: str, by_line: dict[int, list[str]]) -> None:
    found = "\n".join(by_line.get(2 * CONDITIONS.index(name), []))
    assert re.search(FAULTS[name]["said"], found), found
    assert found.startswith("the subset gate rejects latchproof_spec/latch/rules.py:")


def test_nothing_else_is_rejected_of_the_conditions(by_line: dict[int, list[str]]) -> None:
    assert {*by_line} == {2 * number for number in range(len(CONDITIONS))}


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (
            (STEP, "TYPE_CHECKING = False", "from latchproof_spec.messages import written\n\nTYPE_CHECKING = False"),
            in_endings('if written(parked) == "41":\n        return ()'),
            "written: `try:`",
        ),
        (
            (LATCH, "# fmt: on\n\n\ndef invariant", "# fmt: on\nSEEN: Final = [0]\n\n\ndef invariant"),
            in_count_down("count == SEEN[0]"),
            "is not a constant",
        ),
        (
            (LATCH, "from latchproof_spec.step import", "from operator import index\nfrom latchproof_spec.step import"),
            in_count_down("index(count) == 1000"),
            "operator is not a module of the spec",
        ),
    ],
)
def test_what_is_harmless_until_it_is_used(
    first: tuple[str, str, str], second: tuple[str, str, str], expected: str, tmp_path: Path
) -> None:
    assert said(tmp_path / "alone", first) == ""
    assert re.search(expected, said(tmp_path / "used", first, second))


def patched(function: Any, **parts: Any) -> FunctionType:
    """The function with some of its parts replaced."""
    return FunctionType(
        parts.get("code", function.__code__),
        parts.get("names", function.__globals__),
        function.__name__,
        parts.get("defaults", function.__defaults__),
    )


def found_now() -> str:
    return "\n".join(map(str, rejections()[1]))


def test_what_is_changed_while_it_runs_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    """The code, the defaults, the names and the constants that are in use are held against the text."""
    step: Any = importlib.import_module("latchproof_spec.step")
    rules: Any = importlib.import_module("latchproof_spec.latch.rules")
    policies: Any = importlib.import_module("latchproof_spec.latch.policies")
    with monkeypatch.context() as patch:
        patch.setattr(step, "endings", lambda rule, parked: ())
        assert (
            "<lambda> (latchproof_spec.step.endings): tests.prove.language.test_subset is not a module of the spec"
            in found_now()
        )
    with monkeypatch.context() as patch:
        patch.setattr(step, "endings", step.caller_ending)
        assert "apply: endings is not the function that latchproof_spec/step.py says it is" in found_now()
    with monkeypatch.context() as patch:
        claims: Any = importlib.import_module("latchproof_spec.barrier.claims")
        patch.setattr(claims, "calls", claims.claims)
        assert "calls is not a module that is imported once" in found_now()
    with monkeypatch.context() as patch:
        patch.setattr(step.apply, "__code__", (lambda rule, queue, who: (queue, ())).__code__)
        assert "(latchproof_spec.step.apply): its code is not that of any function" in found_now()
    with monkeypatch.context() as patch:
        patch.setattr(rules.count_down, "__defaults__", (True, policies.LATCHPROOF))
        assert "count_down: the default False is not what its text says" in found_now()
    with monkeypatch.context() as patch:
        patch.setattr(step, "ANY_INDEX", 41)
        assert "ANY_INDEX is not what its text says" in found_now()
    with monkeypatch.context() as patch:
        patch.setattr(rules.L1, "queue", "released")
        assert "L1 is not what its text says" in found_now()
    with monkeypatch.context() as patch:
        patch.setattr(rules, "L1", rules.L2)
        assert "L1 is not what its text says" in found_now()
    with monkeypatch.context() as patch:
        patch.setitem(vars(step), "range", lambda *of: ())
        assert "range in latchproof_spec/step.py shadows the built-in" in found_now()
    with monkeypatch.context() as patch:
        patch.setattr(step.Rule, "__bool__", lambda self: False, raising=False)
        assert "Rule has __bool__" in found_now()
    with monkeypatch.context() as patch:
        patch.setattr(step.endings, "hidden", 1, raising=False)
        assert "endings: it has more than its code and its defaults" in found_now()
    with monkeypatch.context() as patch:
        patch.setattr(step, "apply", patched(step.apply, names=dict(vars(step))))
        assert "apply: its names are not those of its module" in found_now()
    real = builtins.zip
    with monkeypatch.context() as patch:
        patch.setattr(builtins, "zip", lambda *of, strict=False: real(*of, strict=strict))
        found = rejections()[1]
    assert "the built-in zip has been replaced" in "\n".join(map(str, found))
    assert found_now() == ""


def test_a_text_that_was_changed_after_it_was_loaded_is_rejected(tmp_path: Path) -> None:
    with planted(tmp_path):
        path = tmp_path / "latchproof_spec" / LATCH
        path.write_text(
            path.read_text(encoding="utf-8").replace("return 0, 0, L2", "return 0, 0, L3"), encoding="utf-8"
        )
        assert "its code is not that of any function in the text of latchproof_spec/latch/rules.py" in found_now()


def test_every_function_that_runs_on_symbols_is_checked() -> None:
    """What runs while proofs are made, with a symbol among its arguments: none of it is left out by the gate."""
    ran: dict[Any, None] = {}

    def has_symbol(value: Any, depth: int = 2) -> bool:
        if issubclass(type(value), Symbol):
            return True
        parts = value.values() if type(value) is dict else value if type(value) in (tuple, list) else ()
        parts = [*parts, *vars(value).values()] if hasattr(value, "__dict__") and depth else parts
        return depth > 0 and any(has_symbol(one, depth - 1) for one in parts)

    def note(frame: Any, event: str, argument: object) -> None:
        code = frame.f_code
        if event == "call" and code not in ran and code.co_filename.startswith(str(SOURCE)):
            names = code.co_varnames[: code.co_argcount]
            if any(has_symbol(frame.f_locals[name]) for name in names):
                ran[code] = None

    before = sys.gettrace()
    sys.settrace(note)
    try:
        with unchecked():
            goals = 0
            for machine in MACHINES.values():
                goals += len(
                    list(prove(machine, machine.policies[:1], parts=(*PARTS, *CONTROLS), is_wanted=lambda _: False))
                )
    finally:
        sys.settrace(before)
    codes = {function.__code__ for function in checked().checked}
    assert goals == 0
    assert len(ran) > 50
    assert sorted(code.co_qualname for code in ran if code not in codes) == []


def sources() -> list[Source]:
    return [*map(machine_source, MACHINES.values()), step_source()]


def test_every_generated_fault_is_in_the_subset() -> None:
    """So what is said of mutants by the prover is said of what they are."""
    fields, number = checked().fields, 0
    for source in sources():
        is_about_queues = source.module.__name__ == "latchproof_spec.step"
        for edit in source.edits():
            with made([edit]):
                read = read_function(source.functions[edit.place], fields, is_about_queues=is_about_queues)
            assert read.wrong == [], edit.after
            number += 1
    assert number > 400


@pytest.mark.parametrize(
    ("edit", "kind"),
    [
        (in_endings('if f"{parked}" == "41":\n        return ()'), "JoinedStr"),
        (in_endings("for _ in ():\n        pass"), "For"),
        (in_endings("a = b = 1"), "Assign"),
        (in_endings("return"), "Return"),
        (in_endings("if parked is None:\n        return ()"), "Is"),
    ],
)
def test_the_generator_of_faults_says_what_it_does_not_know(
    edit: tuple[str, str, str], kind: str, tmp_path: Path
) -> None:
    with planted(tmp_path, edit):
        faulty = importlib.import_module("latchproof_spec.step")
        with pytest.raises(UnknownConstructError, match=rf"step.endings, line \d+: no faults are made of .* {kind}"):
            Source(faulty, ["endings"], [])


def test_the_command_says_what_is_rejected_and_proves_nothing(tmp_path: Path) -> None:
    file, old, new = in_count_down("count is 1000")
    with planted(tmp_path, (file, old, new)):
        pass
    command = [sys.executable, "-W", "ignore", "-m", "latchproof", "prove", "--claim", "C1"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT / "src")])}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 1
    text = " ".join(done.stdout.split())
    assert re.search(r"the subset gate rejects latchproof_spec/latch/rules.py:\d+, count_down: `is`", text)
    assert "nothing was proved" in text
    assert "obligation" not in text
