"""Where a mutant differs from the original: what is found, what is proved not to be there, and what cannot be told."""

from __future__ import annotations

from typing import Any

import pytest

from latchproof.mutants.difference import LONGEST, BreaksDownError, difference_of_apply
from latchproof.mutants.generate import step_source
from latchproof.prove.paths import UndecidableError
from latchproof_spec import step
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Machine
from latchproof_spec.machines import MACHINES

SOURCE = step_source()
EDITS = {f"{one.place}: {one.before} -> {one.after}": SOURCE.names_with([one])["apply"] for one in SOURCE.edits()}
JAVA = next(one for one in BARRIER.policies if one.name == "java")


@pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
def test_the_original_is_proved_to_do_the_same(machine: Machine) -> None:
    for policy in machine.policies:
        assert difference_of_apply(machine, step.apply, policy) == ""


@pytest.mark.parametrize(
    ("edit", "of_latch", "of_barrier", "of_java"),
    [
        ("endings: return range(parked) -> return range(parked + 1)", "", "", ""),
        ("endings: return range(parked) -> return range(parked - 1)", "", "B2, 1 parked", ""),
        ("endings: return range(parked, 0, -1) -> return range(parked, 1, -1)", "", "", "B2r, 1 parked"),
        ("endings: return range(parked, 0, -1) -> return range(parked, -1, -1)", "", "", ""),
        ("apply: queue += (who,) -> queue += ()", "L8, 0 parked", "B1, 0 parked", "B1, 0 parked"),
        ("caller_ending: return parked -> return parked + 1", "", "B2, 0 parked", ""),
    ],
)
def test_a_difference_is_found_where_the_rule_applies(edit: str, of_latch: str, of_barrier: str, of_java: str) -> None:
    assert difference_of_apply(LATCH, EDITS[edit], LATCH.policies[0]) == of_latch
    assert difference_of_apply(BARRIER, EDITS[edit], BARRIER.policies[0]) == of_barrier
    assert difference_of_apply(BARRIER, EDITS[edit], JAVA) == of_java


def test_one_that_raises_breaks_down() -> None:
    with pytest.raises(BreaksDownError, match="B3, 0 parked: IndexError"):
        difference_of_apply(
            BARRIER, EDITS["caller_ending: return rule.errors[0] -> return rule.errors[1]"], BARRIER.policies[0]
        )


def test_a_difference_of_long_queues_alone_is_left_to_the_solver() -> None:
    """As specified, but for queues that are too long to be tried; written as if it stood in `step.py`."""
    names: dict[str, Any] = dict(vars(step))
    exec(
        "def forgetful(rule, queue, who):\n"
        f"    if len(queue) > {LONGEST + 1}:\n"
        "        return (), ()\n"
        "    return apply(rule, queue, who)\n",
        names,
    )
    with pytest.raises(UndecidableError, match=r"L\d\w*: of longer queues the solver says sat"):
        difference_of_apply(LATCH, names["forgetful"], LATCH.policies[0])
