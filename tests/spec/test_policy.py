"""The named policies."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from latchproof_spec.barrier.policies import LATCHPROOF as LATCHPROOF_BARRIER
from latchproof_spec.latch.policies import LATCHPROOF as LATCHPROOF_LATCH
from latchproof_spec.machine import Machine
from latchproof_spec.machines import MACHINES

BOTH = pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)


def test_our_own_policy_is_the_first() -> None:
    assert [machine.policies[0] for machine in MACHINES.values()] == [LATCHPROOF_LATCH, LATCHPROOF_BARRIER]


@BOTH
def test_policies_have_different_names_and_are_called_by_them(machine: Machine) -> None:
    names = [policy.name for policy in machine.policies]
    assert len(set(names)) == len(names)
    assert list(map(repr, machine.policies)) == names


@BOTH
def test_every_axis_distinguishes_some_policies(machine: Machine) -> None:
    for axis in type(machine.policies[0]).__slots__:
        assert len({getattr(policy, axis) for policy in machine.policies}) > 1, axis


@BOTH
def test_no_policy_is_another_under_another_name(machine: Machine) -> None:
    axes = [axis for axis in type(machine.policies[0]).__slots__ if axis != "name"]
    assert len({tuple(getattr(policy, axis) for axis in axes) for policy in machine.policies}) == len(machine.policies)


def test_a_policy_is_found_by_its_other_names_too() -> None:
    latch, barrier = MACHINES["latch"], MACHINES["barrier"]
    keeps = latch.policy("keeps")
    assert (keeps.set_count_in_use, keeps.over_counting) == ("keeps", "ignored")
    assert latch.names_of(keeps) == ("keeps", "flowno", "java", "cpython", "lenient")
    assert [latch.policy(name) for name in latch.names_of(keeps)] == [keeps] * 5
    assert latch.names_of(latch.policies[0]) == ("latchproof",)
    assert {name: barrier.policy(name).name for name in ("java", "lenient")} == {"java": "java", "lenient": "lenient"}
    for machine in (latch, barrier):
        with pytest.raises(KeyError):
            machine.policy("golang")


@BOTH
def test_another_name_is_of_one_policy_and_not_the_name_of_any(machine: Machine) -> None:
    names = [name for policy in machine.policies for name in machine.names_of(policy)]
    assert len(set(names)) == len(names) == len(machine.policies) + len(machine.aliases)


PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "policies.md"


@BOTH
def test_the_page_about_policies_has_each_policy_with_its_axes(machine: Machine) -> None:
    (table,) = re.findall(rf"^\| {machine.name} \|.*\n(?:\|.*\n)+", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    head, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines())
    axes = [name.strip("`") for name in head if name.startswith("`")]
    assert set(axes) == set(type(machine.policies[0]).__slots__) - {"name"}
    assert [cell for row in rows for cell in row] == [
        cell
        for policy in machine.policies
        for cell in (
            f"`{policy.name}`",
            *([", ".join(f"`{name}`" for name in machine.names_of(policy)[1:])] if machine.aliases else []),
            *(getattr(policy, axis) for axis in axes),
        )
    ]


@pytest.mark.parametrize(
    "what",
    [
        "arriving without waiting", "arrive_and_drop", "changing the parties", "a completion action", "count_down(n)",
        "results of timeouts", "phase numbers",
    ],
)  # fmt: skip
def test_the_page_about_policies_says_what_is_not_specified(what: str) -> None:
    _, _, listed = PAGE.read_text(encoding="utf-8").lower().partition("\n## not specified\n")
    assert what in listed.partition("\n## ")[0]
