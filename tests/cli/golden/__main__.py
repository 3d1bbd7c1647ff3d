"""Writes the files anew; `make golden`."""

from tests.cli.golden import FOLDER, texts

for name, text in texts().items():
    (FOLDER / name).write_text(text, encoding="utf-8")
