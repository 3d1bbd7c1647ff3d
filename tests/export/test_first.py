"""The exported models of a machine whose rules let the first of the parked continue; and what no model can say."""

from __future__ import annotations

from typing import Any

import pytest

from latchproof.export.markdown import document
from latchproof.export.promela import promela
from latchproof.export.rows import ExportError, Model, make_model
from latchproof.export.tla import module
from latchproof_spec.machine import ModelBounds
from latchproof_spec.step import Rule
from tests.export import test_meaning as meaning
from tests.semaphore import SEMAPHORE, with_rule

POLICY = SEMAPHORE.policies[0]


@pytest.fixture(autouse=True)
def _bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bound the calls: permits can be released without end."""
    bounds = [ModelBounds(1, tasks=4, calls=2), ModelBounds(0, tasks=4, calls=1)]
    monkeypatch.setattr(meaning, "models", lambda *_: [make_model(SEMAPHORE, POLICY, one) for one in bounds])


def test_the_models_make_the_steps_of_the_system() -> None:
    meaning.test_a_tla_module_makes_the_steps_of_the_system(SEMAPHORE, POLICY)
    meaning.test_a_promela_model_makes_the_steps_of_the_system(SEMAPHORE, POLICY)


@pytest.mark.parametrize(
    ("render", "old", "new"),
    [
        ("module", "task[u].at < 2", "task[u].at < 1"),
        ("module", "ParkedAt(task[u].at - 1)", "ParkedAt(task[u].at)"),
        ("module", "ParkedAt(Place(u, t) - 1)", "ParkedAt(Place(u, t))"),
        ("promela", "place < 2 -> RELEASED", "place < 1 -> RELEASED"),
        ("promela", ": place - 1)", ": place)"),
    ],
)
def test_a_fault_of_an_exporter_is_noticed(render: str, old: str, new: str, monkeypatch: pytest.MonkeyPatch) -> None:
    renders = {"module": module, "promela": promela}
    monkeypatch.setattr(meaning, render, meaning._with_fault(renders[render], old, new))
    with pytest.raises(AssertionError):
        test_the_models_make_the_steps_of_the_system()


def test_the_document_says_how_many_continue() -> None:
    text = document(SEMAPHORE)
    assert "| S4 | release() | parked > 0 | parked := parked - 1 | first 1 released | returns |" in text
    assert "| first 2 released |" in text


@pytest.mark.parametrize(
    ("fields", "word"), [({"queue": "halved"}, "halved"), ({"queue": "indexed", "order": "by name"}, "by name")]
)
@pytest.mark.parametrize("render", [document, lambda machine: make_model(machine, POLICY, machine.bounds.model)])
def test_a_rule_that_no_exporter_has_words_for_is_refused(fields: dict[str, Any], word: str, render: Any) -> None:
    with pytest.raises(ExportError, match=f"S4 says '{word}', which the exported forms cannot say yet"):
        render(with_rule(**fields))


def test_all_the_forms_know_the_same_words() -> None:
    made: Model = make_model(SEMAPHORE, POLICY, SEMAPHORE.bounds.model)
    assert {row.rule.queue for row in made.rows} == {"stays", "first"}
    assert {row.given.first for row in made.rows if row.given} == {1, 2}
    assert Rule("X", "x", "returns", "").first == 1
