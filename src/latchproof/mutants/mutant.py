"""A mutant: a machine with one fault in it."""

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal

from latchproof.mutants.task_faults import TaskFault, as_specified
from latchproof_spec.machine import Machine


@dataclass(frozen=True, eq=False, repr=False)
class Mutant:
    """One fault, and the machine that has it.

    `id`          what is changed, in words that stay the same when lines move.
    `place`       the module and function, or rule, that it is in, with its line.
    `sentence`    what is wrong, for a reader.
    `edits`       how many places are changed.
    `machine`     the machine with its functions replaced.
    `task_fault`  what stands in place of `step.apply`, where the fault is about tasks.
    `apply`       another `step.apply`, where the fault is in that; else None.
    `text`        returns the text of the machine's rules with the fault in it, where the fault is in that; else None.
    `step_text`   returns the text of `step.py` with the fault in it, likewise.
    """

    id: str
    place: str
    sentence: str
    edits: int
    machine: Machine
    task_fault: TaskFault = as_specified
    apply: Callable[..., Any] | None = None
    text: Callable[[], str] | None = None
    step_text: Callable[[], str] | None = None

    @property
    def fault_in(self) -> Literal["functions", "apply", "tasks", "readings"]:
        """Where the fault is: in the operations and rules, in `step.apply`, in what becomes of released tasks, or in
        what is read.
        """
        if self.text or self.apply:
            return "functions" if self.text else "apply"
        return "readings" if self.task_fault is as_specified else "tasks"

    @property
    def source(self) -> str:
        """The text of the module with the machine's rules, with the fault if it is there."""
        return self.text() if self.text else inspect.getsource(rules_module(self.machine))

    def __repr__(self) -> str:
        return self.id


def rules_module(machine: Machine) -> ModuleType:
    """Return the module with a machine's functions and rules."""
    return importlib.import_module(machine.create.__module__)
