"""Which mutants are rendered to Coq, and that the fault is in what is rendered; `make coq` compiles them."""

from __future__ import annotations

import tomllib
from functools import partial

import pytest
from proofs.run_coq_mutants import ACCOUNTS, attempt, choose, with_fault

from latchproof.export import coq
from latchproof.mutants.generate import mutants
from latchproof_spec.machine import Machine
from latchproof_spec.machines import MACHINES

ACCOUNT = tomllib.loads(ACCOUNTS.read_text(encoding="utf-8"))


def test_each_claim_has_a_mutant_that_breaks_it() -> None:
    claims = {f"{machine.name} {claim.id}" for machine in MACHINES.values() for claim in machine.claims}
    assert set(ACCOUNT["breaks"]) == claims
    assert all(why.endswith(".") for why in ACCOUNT["survivors"].values())


@pytest.mark.parametrize("machine", MACHINES.values(), ids=str)
def test_the_fault_is_in_what_is_rendered(machine: Machine) -> None:
    """Of a machine, in its own file; of `apply`, in the file that machines share."""
    ours = coq.files()
    for mutant in (one for one in mutants(machine, every=1000) if one.text or one.step_text):
        rendered = coq.files(partial(with_fault, mutant))
        changed = {name for name, text in rendered.items() if text != ours[name]}
        assert changed == ({machine.name.capitalize()} if mutant.text else {"Step"})


def test_what_is_rendered_the_same_is_told_apart() -> None:
    """Nothing is compiled then."""
    first = next(one for one in mutants(MACHINES["latch"], every=1000) if one.text)
    files = coq.files(partial(with_fault, first))
    assert attempt(files, first).fate == "rendered the same"


def test_those_that_are_named_are_chosen() -> None:
    name = ACCOUNT["breaks"]["barrier C4"]
    assert name in {one.id for one in choose(0, "", {"barrier C4": name})}
    assert [one.id for one in choose(0, "barrier: alone once", {})] == ["barrier: alone once"]
