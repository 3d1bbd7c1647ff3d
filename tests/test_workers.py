"""How tests are dealt to workers: what shares a ledger to one of them, and long files first."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.museum.environments import ROOT
from tests.workers import LONGEST, ByFile, pytest_collection_modifyitems, pytest_xdist_make_scheduler


def test_files_that_share_a_ledger_go_to_one_worker() -> None:
    deal: Any = object.__new__(ByFile)
    together = {deal._split_scope(one) for one in ("tests/verify/test_gather.py::a", "tests/mutants/test_matrix.py::b")}
    assert len(together) == 1
    assert deal._split_scope("tests/mutants/test_mutator.py::c") == "tests/mutants/test_mutator.py"
    assert deal._split_scope("tests/spec/test_step.py::d[e::f]").startswith("tests/spec/test_step.py")


@pytest.mark.parametrize("path", LONGEST)
def test_each_path_is_there(path: str) -> None:
    assert (ROOT / path).exists()


def test_long_files_come_first_and_the_others_in_their_order() -> None:
    names = [
        "tests/spec/test_step.py",
        "tests/check/test_jobs.py",
        "tests/explore/test_states.py",
        "tests/zoo/test_zoo.py",
    ]
    items: Any = [SimpleNamespace(nodeid=f"{one}::test") for one in names]
    pytest_collection_modifyitems(items)
    assert [one.nodeid.partition("::")[0] for one in items] == [names[3], names[1], names[0], names[2]]


def test_other_ways_to_deal_tests_are_left_alone() -> None:
    config: Any = SimpleNamespace(getoption=lambda name: "load")
    assert pytest_xdist_make_scheduler(config, None) is None
