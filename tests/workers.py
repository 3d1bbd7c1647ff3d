"""How the tests are dealt to the workers of pytest-xdist: by file, the long ones first, with what they share together.

A worker that is given a long file last leaves the others idle; and a ledger that two workers need is gathered twice.
"""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler.loadfile import LoadFileScheduling

TOGETHER = ("tests/verify/", "tests/mutants/test_matrix.py")
"""Files that use one ledger or its mutants, which take more than a minute."""

LONGEST = (
    *TOGETHER,
    *("tests/zoo/test_zoo.py", "tests/zoo/", "tests/test_contracts.py", "tests/check/test_reference_judge.py"),
    *(
        "tests/check/test_walks.py",
        "tests/check/test_checker.py",
        "tests/cli/test_cli.py",
        "tests/compile/",
        "tests/prove/",
        "tests/export/",
        "tests/fuzz/",
        "tests/check/",
    ),
)
"""Files that take longest, or the beginning of their paths: the longest first."""


class ByFile(LoadFileScheduling):  # type: ignore[misc]
    """Deals a file to one worker, and all files that share something slow to the same one."""

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER[0] if nodeid.startswith(TOGETHER) else str(super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Replace the scheduler of `--dist loadfile`, and of no other."""
    return ByFile(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first; the others stay as they are."""
    items.sort(
        key=lambda item: next((at for at, one in enumerate(LONGEST) if item.nodeid.startswith(one)), len(LONGEST))
    )
