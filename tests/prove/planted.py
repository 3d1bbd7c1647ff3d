"""Faults that tests plant in the prover's own code."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from typing import Any

import pytest


def plant(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, old: str, new: str) -> None:
    """Replace a function of a module or class by one that is compiled from its source with one piece changed."""
    kept: Callable[..., Any] = getattr(owner, name)
    source = textwrap.dedent(inspect.getsource(kept))
    assert source.count(old) == 1, f"{old!r} stands {source.count(old)} times in {name}"
    module = inspect.getmodule(kept)
    names = dict(vars(module))
    exec(compile(source.replace(old, new), f"<{name} with {new!r}>", "exec"), names)
    faulty = names[name]
    monkeypatch.setattr(owner, name, faulty)
    # what a module's other functions call is the faulty one too
    if owner is module:
        faulty.__globals__.update({one: value for one, value in vars(module).items() if one != name})
