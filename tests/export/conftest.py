"""No exporter depends on the encoding of the machine: each text is read and written as UTF-8."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _every_text_has_an_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = Path.read_text, Path.write_text

    def read_text(self: Path, *, encoding: str | None = None, **options: Any) -> str:
        assert encoding == "utf-8", f"{self} is read in the encoding of the machine"
        return read(self, encoding=encoding, **options)

    def write_text(self: Path, text: str, *, encoding: str | None = None, **options: Any) -> int:
        assert encoding == "utf-8", f"{self} is written in the encoding of the machine"
        return write(self, text, encoding=encoding, **options)

    monkeypatch.setattr(Path, "read_text", read_text)
    monkeypatch.setattr(Path, "write_text", write_text)
