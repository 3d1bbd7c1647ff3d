"""The committed documents and models are what is rendered; the first line that differs is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from latchproof.export import committed, tla
from latchproof.export.committed import stale

TEXTS = {Path("spec", "latch.md"): "one\ntwo\n", Path("spec", "exports", "latch.tla"): "three\n"}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for path, text in TEXTS.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    monkeypatch.setattr(committed, "renderings", lambda: iter(TEXTS.items()))
    return tmp_path


def test_what_is_as_it_is_rendered_is_not_stale(root: Path) -> None:
    assert stale(root) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("one\nother\n", "spec/latch.md, line 2: `other` is committed, `two` is rendered"),
        ("one\n", "spec/latch.md, line 2: nothing is committed, `two` is rendered"),
        ("one\ntwo\n  three\n", "spec/latch.md, line 3: `three` is committed, nothing is rendered"),
    ],
)
def test_the_first_line_that_differs_is_named(root: Path, text: str, said: str) -> None:
    (root / "spec" / "latch.md").write_text(text, encoding="utf-8")
    assert stale(root) == [said]


def test_an_exporter_that_loses_a_property_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = tla.configuration
    monkeypatch.setattr(tla, "configuration", lambda model: whole(model).replace("    every_step\n", ""))
    found = stale(Path(__file__).resolve().parents[2])
    assert [one.partition(",")[0] for one in found] == ["spec/exports/latch.cfg", "spec/exports/barrier.cfg"]
    assert "`every_step` is committed" in found[0]
