"""The tables of kinds and findings are those of the models; `python docs/test_kinds.py` writes them again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path

import pytest

from latchproof.check.bounds import describe_bounds
from latchproof.check.kind_of import KINDS
from latchproof.check.kinds import Kind
from latchproof.check.model_parts import observations_of
from latchproof.check.target import Target
from latchproof.testing import check
from latchproof_spec.findings import FINDINGS
from latchproof_spec.models import SHIPPED
from latchproof_spec.models.semaphore import Semaphore

REFERENCE = Path(__file__).resolve().parent / "reference"


def kinds() -> str:
    """Return a row for each kind that is judged by a model: its operations, readings and classes."""
    rows = []
    for name, shipped in SHIPPED.items():
        if shipped.programs:
            kind = KINDS[name]
            operations = ", ".join(
                _marked(f"{one.name}({', '.join(one.parameters)})", one.optional) for one in kind.operations
            )
            readings = ", ".join(
                _marked(one.name, one.optional) for one in observations_of(shipped.model, kind.smallest)
            )
            classes = ", ".join(f"`{one}`" for one in shipped.classes)
            rows.append((f"`{name}`", operations, readings, classes))
    return _table(("`--kind`", "operations", "readings", "class names"), rows)


def bounds() -> str:
    """Return the default bounds of each kind, on asyncio and on trio."""
    rows = []
    for name, shipped in SHIPPED.items():
        if shipped.programs:
            rows.append((f"`{name}`", _bounds(KINDS[name], "asyncio"), _bounds(KINDS[name], "trio")))
    return _table(("`--kind`", "asyncio", "trio"), rows)


def findings() -> str:
    """Return the sentence of each finding."""
    return _table(("finding", "says"), ((f"`{one.id}`", one.sentence) for one in FINDINGS))


LIBRARIES = {"asyncio": "asyncio", "trio": "trio", "anyio": "asyncio"}
"""The event loop that the classes of each library run on."""


def differences() -> str:
    """Return where the classes of the libraries differ, as checks with small bounds find it."""
    rows: list[tuple[str, Callable[[str, str], str]]] = [
        # with three calls nothing is handed on to one of two that wait
        ("`Lock`: first come, first served", lambda name, host: _order(name, host, calls=4)),
        ("`Lock`: another task may release it", lambda name, host: "yes" if _is(name, host, "lock") else "no"),
        ("`Lock`: its holder acquires it again", _again),
        ("`Semaphore`: first come, first served", lambda name, host: _order(name, host, argument=0)),
        ("`Semaphore`: a call is cancelled when its permit is on its way", _on_its_way),
        ("`Semaphore`: `locked()` or `value` while a permit is on its way", _reading),
        ("`Condition`: first come, first served", _order),
        ("`CapacityLimiter`: first come, first served", lambda name, host: _order(name, host, argument=1, calls=4)),
    ]
    cells = (
        (label, *(_cell(f"{library}:{label.split('`')[1]}", host, find) for library, host in LIBRARIES.items()))
        for label, find in rows
    )
    return _table(("", *LIBRARIES), cells)


def _cell(name: str, host: str, find: Callable[[str, str], str]) -> str:
    library, cls = name.split(":")
    return find(name, host) if hasattr(import_module(library), cls) else "has none"


def _order(name: str, host: str, argument: int | None = None, calls: int = 3) -> str:
    (order,) = check(name, host=host, argument=argument, calls=calls, tasks=3, cancels=0).orders
    return {True: "yes", False: "no", None: "not known"}[order.is_kept]


def _is(name: str, host: str, kind: str) -> bool:
    return check(name, host=host, kind=kind, calls=2, cancels=0).status == "conforms"


def _again(name: str, host: str) -> str:
    if _is(name, host, "owned-lock"):
        return "RuntimeError"
    return "waits" if _is(name, host, "lock") else "something else"


PROMPTLY = type("Promptly", (Semaphore,), {"undone_by": {}, "at_rest": (), "__module__": Semaphore.__module__})
"""A semaphore whose permits are counted at once, and stay with the call that they were given to."""


def _failures(name: str, host: str) -> set[str]:
    verdict = check(name, host=host, model=PROMPTLY, argument=0, calls=3, cancels=1)
    return {claim for one in verdict.policies for claim in one.failures}


def _on_its_way(name: str, host: str) -> str:
    return "gives it back" if "effect-of-a-cancelled-call" in _failures(name, host) else "returns with it"


def _reading(name: str, host: str) -> str:
    return "may count it as free or as taken" if "wrong-reading" in _failures(name, host) else "counts it as taken"


def _bounds(kind: Kind, host: str) -> str:
    parameters = {one.name: tuple(one.parameters) for one in kind.operations}
    target = Target("", kind, lambda argument: None, tuple(kind.operations), parameters, (), ())
    return "<br>".join(describe_bounds(one, target) for one in kind.programs(host))


def _marked(name: str, optional: bool) -> str:
    return f"[`{name}`]" if optional else f"`{name}`"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


TABLES = {
    REFERENCE / "kinds.md": {"kinds": kinds, "bounds": bounds, "differences": differences},
    REFERENCE / "command-line.md": {"findings": findings},
}


def written(page: Path) -> str:
    """Return the text of a page, with its tables as they are now."""
    text = page.read_text(encoding="utf-8")
    for name, table in TABLES[page].items():
        begin, rest = text.split(f"<!-- {name} -->\n")
        _, end = rest.split(f"<!-- end of {name} -->")
        text = f"{begin}<!-- {name} -->\n\n{table()}\n<!-- end of {name} -->{end}"
    return text


@pytest.mark.parametrize("page", TABLES, ids=lambda page: page.name)
def test_the_tables_are_those_of_the_models(page: Path) -> None:
    assert page.read_text(encoding="utf-8") == written(page), "run `python docs/test_kinds.py`"


def test_each_kind_that_a_model_judges_has_its_rows() -> None:
    page = (REFERENCE / "kinds.md").read_text(encoding="utf-8")
    for name, shipped in SHIPPED.items():
        assert page.count(f"| `{name}` |") == (2 if shipped.programs else 0)


if __name__ == "__main__":
    for page in TABLES:
        page.write_text(written(page), encoding="utf-8")
