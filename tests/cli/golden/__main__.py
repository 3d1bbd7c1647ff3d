"""Writes the files; `make golden`."""

from tests.cli.golden import FOLDER, texts

for path in FOLDER.glob("*.txt"):
    if path.name not in texts():
        path.unlink()
for name, text in texts().items():
    (FOLDER / name).write_text(text, encoding="utf-8")
