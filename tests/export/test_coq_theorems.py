"""What is said of a claim in Coq, with a Coq that answers as it is told to."""

from __future__ import annotations

from pathlib import Path

import pytest

from latchproof.export import coq, coq_theorems
from latchproof.export.coq_theorems import (
    CLOSED,
    GENERAL,
    CoqError,
    Theorem,
    compile_all,
    sources,
    statements,
    theorems,
)
from latchproof_spec.machines import MACHINES

ROOT = Path(__file__).resolve().parents[2]
NUMBER = len(GENERAL) + sum(len(machine.claims) for machine in MACHINES.values())


@pytest.fixture
def files() -> dict[str, str]:
    return {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "proofs" / "coq").glob("*.v")}


def answers(monkeypatch: pytest.MonkeyPatch, axioms: dict[int, str]) -> None:
    """Have Coq say that each theorem is closed, but those that rest on these axioms."""

    def run(name: str, folder: Path) -> str:
        asked = (folder / f"{name}.v").read_text(encoding="utf-8").count("Print Assumptions")
        return "".join(f"gate_{number}:\n{axioms.get(number, CLOSED)}\n" for number in range(asked))

    monkeypatch.setattr(coq_theorems, "run_coq", run)


def test_every_claim_of_every_machine_is_proved(
    files: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, {})
    found = theorems(files, tmp_path)
    assert len(found) == NUMBER
    assert all(one.holds for one in found)
    assert str(found[len(GENERAL)]) == "latch C1: proved, closed under the global context"
    text = (tmp_path / "Gate.v").read_text(encoding="utf-8")
    assert ": Latchproof.BarrierClaims.C13\n  := Latchproof.BarrierTheorems.c13." in text


def test_a_theorem_that_rests_on_an_axiom_does_not_hold(
    files: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, {len(GENERAL): "Axioms:\nclassic : forall P : Prop, P \\/ ~ P"})
    found = theorems(files, tmp_path)
    assert [one for one in found if not one.holds] == [
        Theorem("latch", "C1", "proved", "Axioms: classic : forall P : Prop, P \\/ ~ P")
    ]


@pytest.mark.parametrize(
    ("name", "old", "said"),
    [
        ("LatchClaims", "Definition C3 : Prop", "latch C3: not stated"),
        ("LatchTheorems", "Theorem c3 : C3.", "latch C3: not proved"),
        ("BarrierTheorems", "Theorem c14 : C14.", "barrier C14: not proved"),
        ("SystemTheorems", "Theorem total : Total.", "system Total: not proved"),
    ],
)
def test_a_claim_without_a_statement_or_a_theorem_is_listed(
    files: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, old: str, said: str
) -> None:
    answers(monkeypatch, {})
    assert old in files[name]
    found = theorems(files | {name: files[name].replace(old, "")}, tmp_path)
    assert [str(one) for one in found if not one.holds] == [said]
    assert len(found) == NUMBER


def test_a_coq_that_does_not_answer_for_each_theorem_is_an_error(
    files: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coq_theorems, "run_coq", lambda name, folder: f"gate_0:\n{CLOSED}\n")
    with pytest.raises(CoqError, match=f"asks for the axioms of {NUMBER} theorems, and Coq answers for 1"):
        theorems(files, tmp_path)


def test_without_coq_it_is_said_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(CoqError, match=r"coqc is not installed; `make coq` installs it"):
        list(compile_all({"A": ""}, tmp_path))


def test_files_are_compiled_after_those_that_they_require(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: name)
    monkeypatch.setattr(coq_theorems, "run_coq", lambda name, folder: "")
    library = f"From {coq.LIBRARY} Require"
    texts = {"A": f"{library} Import B C.", "B": f"{library} C.", "C": "From Coq Require Import List."}
    assert [name for name, _ in compile_all(texts, tmp_path)] == ["C", "B", "A"]
    assert {path.stem: path.read_text(encoding="utf-8") for path in tmp_path.glob("*.v")} == texts
    with pytest.raises(CoqError, match="files require each other: A, B"):
        list(compile_all({"A": f"{library} B.", "B": f"{library} A."}, tmp_path))


def test_other_sources_than_what_python_executes_are_not_compared_with_it() -> None:
    assert {name for name in sources(ROOT) if name.endswith("Comparison")} == {
        "PyComparison", "LatchComparison", "BarrierComparison",
    }  # fmt: skip
    assert not [name for name in sources(ROOT, lambda module: coq.installed(module)) if name.endswith("Comparison")]


def test_a_statement_has_its_sentence_what_is_said_of_it_and_its_text() -> None:
    text = (
        "(* C2. One\n   sentence. *)\n(* More. *)\nDefinition C2 : Prop :=\n  A.b c.\n\n"
        "(* C3. Two. *)\nDefinition C3 : Prop := d.\n"
    )
    found = statements(text)
    assert (found["C2"].sentence, found["C2"].remark, found["C2"].text) == (
        "One sentence.", "More.", "Definition C2 : Prop :=\n  A.b c.",
    )  # fmt: skip
    assert (found["C3"].sentence, found["C3"].remark, found["C3"].text) == ("Two.", "", "Definition C3 : Prop := d.")
