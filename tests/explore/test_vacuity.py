"""A history property, census or eventuality that cannot fail is named."""

from __future__ import annotations

import pytest

from latchproof.explore import fairness
from latchproof.explore.vacuity import corrupted_moments, reachable_moments, vacuous_eventualities, vacuous_properties
from latchproof_spec.claims import Property
from latchproof_spec.machine import Machine
from latchproof_spec.machines import MACHINES
from tests.explore.faults import with_parts

SHAPES = [
    (machine, shape, place)
    for machine in MACHINES.values()
    for shape in ("history_properties", "censuses")
    for place in range(len(getattr(machine, shape)))
]


@pytest.mark.parametrize(("name", "shape", "place"), [(one.name, shape, place) for one, shape, place in SHAPES])
def test_each_that_is_made_vacuous_is_found(name: str, shape: str, place: int) -> None:
    machine = MACHINES[name]
    kept = getattr(machine, shape)
    empty = Property(kept[place].name, kept[place].claims, lambda *given: True)
    changed = (*kept[:place], empty, *kept[place + 1 :])
    assert vacuous_properties(with_parts(machine, **{shape: changed})) == [empty]


@pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
def test_a_check_of_eventualities_that_finds_nothing_makes_them_vacuous(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert vacuous_eventualities(machine) == []
    monkeypatch.setattr(fairness, "_lasso", lambda *arguments: None)
    assert vacuous_eventualities(machine) == list(machine.eventualities)


@pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
def test_reachable_moments_pass_and_corrupted_ones_differ(machine: Machine) -> None:
    moments = reachable_moments(machine)
    assert len(moments) > 50
    for moment in moments:
        assert all(one.holds(moment) for one in machine.history_properties)
        before = (moment.resumed, moment.queue_after, moment.released_after)
        for wrong in corrupted_moments(machine, moment):
            assert (wrong.resumed, wrong.queue_after, wrong.released_after) != before
