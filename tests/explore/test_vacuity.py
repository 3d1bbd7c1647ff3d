"""A history property or a census that refuses nothing is named."""

from __future__ import annotations

import pytest

from latchproof.explore import fairness
from latchproof.explore.vacuity import corruptions, empty_properties, moments_of, unnoticed
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
def test_each_that_is_made_empty_is_found(name: str, shape: str, place: int) -> None:
    machine = MACHINES[name]
    kept = getattr(machine, shape)
    empty = Property(kept[place].name, kept[place].claims, lambda *given: True)
    changed = (*kept[:place], empty, *kept[place + 1 :])
    assert empty_properties(with_parts(machine, **{shape: changed})) == [empty]


@pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
def test_a_check_of_eventualities_that_finds_nothing_is_found(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert unnoticed(machine) == []
    monkeypatch.setattr(fairness, "_lasso", lambda *arguments: None)
    assert unnoticed(machine) == list(machine.eventualities)


@pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
def test_what_is_right_passes_and_what_is_corrupted_is_another(machine: Machine) -> None:
    moments = moments_of(machine)
    assert len(moments) > 50
    for moment in moments:
        assert all(one.holds(moment) for one in machine.history_properties)
        before = (moment.resumed, moment.queue_after, moment.released_after)
        for wrong in corruptions(moment):
            assert (wrong.resumed, wrong.queue_after, wrong.released_after) != before
