"""What is explored: a run that breaks a claim, a count that is not as in the manifest, and a graph that is given up."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from latchproof.contracts import MANIFEST, find_root
from latchproof.explore.completeness import find_gaps
from latchproof.explore.expected import compare, read_expectations
from latchproof.explore.fairness import Lasso, Liveness, Promise, check_eventualities
from latchproof.explore.refusals import differing_refusals, read_refusals
from latchproof.explore.states import Exploration, Violation, explore
from latchproof.explore.vacuity import vacuous_properties
from latchproof.verify import explored
from latchproof.verify.explored import EXPLORED
from latchproof_spec.claims import Property
from latchproof_spec.machine import Machine
from latchproof_spec.machines import MACHINES
from tests.verify.ledgers import IDS, cells_of, of_machine

LATCH = MACHINES["latch"]
REFUSALS = read_refusals(find_root() / MANIFEST)


once_found_gaps = cache(find_gaps)
once_vacuous = cache(vacuous_properties)
once_differing = cache(lambda machine: tuple(differing_refusals(machine, REFUSALS.get(machine.name, {}))))


@pytest.fixture(autouse=True)
def gone_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What depends on the specification alone is looked for once for all tests, which takes some seconds each time."""
    monkeypatch.setattr(explored, "find_gaps", once_found_gaps)
    monkeypatch.setattr(explored, "vacuous_properties", once_vacuous)
    monkeypatch.setattr(explored, "differing_refusals", lambda machine, refusals: once_differing(machine))


def smaller(*model: Any, tasks: int, at_most: int) -> Liveness:
    """The eventualities with two tasks fewer than it says."""
    return replace(check_eventualities(*model, tasks=tasks - 2), tasks=tasks)


@pytest.fixture
def as_expected(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is found as the manifest has it, and the graphs are small."""
    monkeypatch.setattr(explored, "check_eventualities", smaller)
    monkeypatch.setattr(explored, "unexpected", lambda quick: {})


@pytest.mark.usefixtures("as_expected")
def test_what_is_gathered_in_full_is_more(monkeypatch: pytest.MonkeyPatch) -> None:
    def explore_fewer(*model: Any, tasks: int, at_most: int) -> Exploration:
        return explore(*model, tasks=tasks - 2, at_most=at_most)

    monkeypatch.setattr(explored, "explore", explore_fewer)
    quick, full = cells_of(EXPLORED), cells_of(EXPLORED, quick=False)
    assert all(full[claim].count > quick[claim].count for claim in IDS)
    assert quick["C1"].bound.startswith("3 and 4 tasks, counts 0-4, parties 1-4, calls without bound; ")
    assert full["C1"].bound.startswith("5 and 6 tasks, counts 0-6, parties 1-6, calls without bound; ")
    assert (quick["C1"].reproduce, full["C12"].reproduce) == (
        "latchproof explore --claim C1 --tasks 3 4 --upto 4",
        "latchproof explore --claim C12 --tasks 5 6 --fair-tasks 4 5 --upto 6",
    )


def found(machine: Machine, policy: Any, argument: int, **options: Any) -> Exploration:
    """As if two claims of the latch had been judged five times."""
    checks = {"C1": 5, "C2": 5} if machine is LATCH else {}
    return Exploration(machine.name, policy.name, argument, options["tasks"], checks=checks)


@pytest.mark.usefixtures("as_expected")
@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({}, {"C1": "holds", "C2": "holds", "C3": "not_run"}),
        ({"checks": {"C1": 5}}, {"C1": "holds", "C2": "not_run"}),
        ({"complete": False}, {"C1": "inconclusive"}),
        ({"violations": [Violation("a name", ("C2",), ("x", "y"))]}, {"C1": "holds", "C2": "fails"}),
        (
            {"violations": [Violation("a name", ("C2",), ("x", "y")), Violation("another", ("C1",), ("x",))]},
            {"C1": "fails", "C2": "fails"},
        ),
    ],
)
def test_an_exploration_that_fails_fails_its_claims(
    monkeypatch: pytest.MonkeyPatch, parts: dict[str, Any], expected: dict[str, str]
) -> None:
    monkeypatch.setattr(explored, "explore", lambda *model, **options: replace(found(*model, **options), **parts))
    cells = cells_of(EXPLORED)
    assert {claim: cells[claim].status for claim in expected} == expected
    if "violations" in parts:
        assert cells["C2"].detail == "a name, latch(0), policy latchproof: x / y"
    if "complete" in parts:
        assert [one.code for one in cells["C1"].reasons] == ["too-many-states"]
        assert cells["C1"].count == 5  # what has no end is not begun again
    elif "checks" not in parts:
        assert cells["C1"].count == 5 * 5 * 4 * 2  # for each count, policy and number of tasks


HELD = Promise("continues", "C12", 5, None, Lasso(("A calls wait()",), ("B calls wait()",)))
BROKEN = Promise("continues", "C12", 5, Lasso(("A calls wait()",), ()), None)
NEVER = Promise("continues", "C12", 0, None, None)
RUN = "continues, latch(0), policy latchproof: A calls wait() / for ever: nothing"


@pytest.mark.usefixtures("as_expected")
@pytest.mark.parametrize(
    ("promise", "complete", "status", "said"),
    [
        (HELD, True, "holds", ""),
        (HELD, False, "inconclusive", "a graph was given up, for it has too many states"),
        (NEVER, True, "inconclusive", "it is owed to no task, or comes without fairness too"),
        (BROKEN, True, "fails", RUN),
        (BROKEN, False, "fails", RUN),
    ],
)
def test_an_eventuality_that_fails_fails_its_claim(
    monkeypatch: pytest.MonkeyPatch, promise: Promise, complete: bool, status: str, said: str
) -> None:
    judged = Exploration("latch", "java", 1, 2, checks={"C1": 5, "C12": 5})
    monkeypatch.setattr(explored, "explore", lambda *arguments, **options: judged)

    def live(machine: Machine, policy: Any, argument: int, *, tasks: int, at_most: int) -> Liveness:
        promises = (promise,) if machine is LATCH else ()
        return Liveness(machine.name, policy.name, argument, tasks, 7, 9, complete, promises)

    monkeypatch.setattr(explored, "check_eventualities", live)
    cells = cells_of(EXPLORED)
    cell = cells["C12"]
    assert (cell.status, cell.detail or "; ".join(map(str, cell.reasons))) == (status, said)
    assert cells["C1"].status == "holds"
    assert "as an eventuality, with 3 and 4 tasks, under weak fairness" in cells["C12"].bound
    assert "eventuality" not in cells["C1"].bound


def test_an_exploration_that_is_not_as_expected_fails_its_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    """A state that is not looked at any more breaks no property."""
    one = next(one for one in read_expectations(find_root() / MANIFEST) if one.name == "2 parties, 4 tasks")
    same = replace(compare(one), failures=())
    shallow = replace(same, failures=("orbits: 29, the manifest has 30",))
    monkeypatch.setattr(explored, "compare", lambda expected: shallow if expected.name == one.name else same)
    wrong = explored.unexpected(True)
    assert wrong == dict.fromkeys(
        sorted(of_machine("barrier"), key=IDS.index), "barrier, 2 parties, 4 tasks: orbits: 29, the manifest has 30"
    )


def test_what_is_unexpected_fails_its_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    judged = Exploration("latch", "java", 1, 2, checks=dict.fromkeys(IDS, 5))
    monkeypatch.setattr(explored, "unexpected", lambda quick: {"C5": "a reason"})
    monkeypatch.setattr(explored, "explore", lambda *arguments, **options: judged)
    monkeypatch.setattr(explored, "check_eventualities", smaller)
    cells = cells_of(EXPLORED)
    assert [(claim, cell.detail) for claim, cell in cells.items() if cell.status == "fails"] == [("C5", "a reason")]


def test_a_property_that_is_empty_fails_its_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    one = next(one for one in read_expectations(find_root() / MANIFEST) if one.name == "2 parties, 4 tasks")
    same = replace(compare(one), failures=())
    empty: Property = next(one for one in LATCH.history_properties if [c.id for c in one.claims] == ["C3", "C12"])
    monkeypatch.setattr(explored, "vacuous_properties", lambda machine: [empty] if machine is LATCH else [])
    monkeypatch.setattr(explored, "compare", lambda expected: same)
    said = f"{empty} lets everything pass that is wrong on purpose"
    assert explored.unexpected(True) == {"C3": said, "C12": said}


def test_an_eventuality_that_is_empty_fails_its_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    one = next(one for one in read_expectations(find_root() / MANIFEST) if one.name == "2 parties, 4 tasks")
    same = replace(compare(one), failures=())
    empty = LATCH.eventualities[0]
    monkeypatch.setattr(explored, "vacuous_eventualities", lambda machine: [empty] if machine is LATCH else [])
    monkeypatch.setattr(explored, "compare", lambda expected: same)
    assert explored.unexpected(True) == {"C12": f"{empty} holds of a machine that lets no task continue"}
