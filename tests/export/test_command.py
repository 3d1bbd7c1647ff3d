"""The command writes just the model that its options ask for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from latchproof.cli.main import main
from latchproof.export.promela import promela
from latchproof.export.rows import Model
from latchproof.export.tla import configuration, module
from latchproof_spec.machine import Machine, ModelBounds
from tests.export.behaviour import POLICIES, model_of

FORMATS: dict[str, Callable[[Model], str]] = {"tla": module, "cfg": configuration, "promela": promela}


@pytest.mark.parametrize(("machine", "policy"), POLICIES[1::2], ids=repr)
def test_a_model_has_the_policy_and_the_bounds_that_are_asked_for(
    machine: Machine, policy: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    bounds = ModelBounds(2, 2, calls=1, operations=("wait",), highest_count=machine.bounds.model.highest_count)
    model = model_of(machine, policy, bounds)
    options = ["--argument", "2", "--tasks", "2", "--calls", "1", "--operations", "wait", "--policy"]
    for name, render in FORMATS.items():
        assert main(["export", machine.name, "--format", name, *options, policy.name]) == 0
        assert capsys.readouterr().out == render(model)
