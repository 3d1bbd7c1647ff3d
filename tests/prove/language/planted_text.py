"""The specification with a fault planted in its text, loaded in place of the shipped one."""

from __future__ import annotations

import importlib
import shutil
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import latchproof_spec

SOURCE = Path(latchproof_spec.__file__).parent
PACKAGE = latchproof_spec.__name__

STEP, LATCH = "step.py", "latch/rules.py"
_ENDINGS = '    if rule.queue in ("released", "first"):\n        return (None,) * parked\n'
_COUNT_DOWN = "    if count > 1:\n        return count - 1, parked, L1\n"


def in_endings(statement: str) -> tuple[str, str, str]:
    """Return the edit that puts a statement into `endings`."""
    return STEP, _ENDINGS, f"    {statement}\n{_ENDINGS}"


def in_count_down(*conditions: str) -> tuple[str, str, str]:
    """Return the edit by which `count_down` takes two where one of the conditions holds."""
    branches = "".join(f"    if {one}:\n        return count - 2, parked, L1\n" for one in conditions)
    return LATCH, _COUNT_DOWN, branches + _COUNT_DOWN


def _loaded() -> dict[str, object]:
    return {name: module for name, module in sys.modules.items() if name.partition(".")[0] == PACKAGE}


@contextmanager
def planted(directory: Path, *edits: tuple[str, str, str]) -> Iterator[None]:
    """Load a copy of the specification in which, in a file, one text stands for another; "" stands for the end.

    Whatever asks `sys.modules` meanwhile finds the copy.
    """
    copy = directory / PACKAGE
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for file, old, new in edits:
        text = (copy / file).read_text(encoding="utf-8")
        assert text.count(old) == 1 or not old, f"{file} has {text.count(old)} times: {old}"
        (copy / file).write_text(text.replace(old, new) if old else f"{text}\n{new}\n", encoding="utf-8")
    before, path = _loaded(), list(sys.path)
    for name in before:
        del sys.modules[name]
    sys.path.insert(0, str(directory))
    importlib.invalidate_caches()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # `is` with a number is a fault that is planted
            importlib.import_module(f"{PACKAGE}.machines")
            yield
    finally:
        sys.path[:] = path
        for name in _loaded():
            del sys.modules[name]
        sys.modules.update(before)  # type: ignore[arg-type]
