"""In each state that is reached, a compiled model does what the model does as a check runs it, and hands over at once.

`latchproof.check.instants` runs the same methods on plain instances with a line of calls that are told apart. It shares
nothing with the twin, the one waiter that stands for all, or the rules.
"""

from __future__ import annotations

from typing import Any

import pytest

from latchproof.check.instants import Outcome, outcomes
from latchproof.compile.machine import compile_model
from latchproof.explore.system import System
from latchproof_spec.machine import Machine
from latchproof_spec.model import Model, Waiting
from tests.compile import models
from tests.compile.test_machine import EACH, MODELS

CALLER = -1


class Plainly:
    """A model with a line of calls, and what each of them has been given."""

    def __init__(self, model: type[Model], waiter: str, attributes: dict[str, Any], line: tuple[int, ...]) -> None:
        self.model = model
        self.waiter = waiter
        self.attributes = attributes
        self.line = line
        self.given: list[tuple[int, Any]] = []

    def run(self, operation: str, arguments: tuple[Any, ...], without: int, *, cancelled: bool = False) -> Outcome:
        line = [Waiting(one, self.waiter) for one in self.line if one != without]
        place = self.line.index(without) if without in self.line else None
        state = tuple(sorted(self.attributes.items()))
        (found,) = outcomes(self.model, state, operation, arguments, line, place=place, cancelled=cancelled)
        return found

    def take(self, found: Outcome, who: int, *, ends: bool = True) -> None:
        """Let an outcome be so, and then let those continue that can, from the first on."""
        self.attributes = dict(found.state)
        self._give([*found.given, *([(who, found.ending)] if ends else [])])
        while self.line:
            first = self.run(self.waiter, (), self.line[0])
            if first.kind == "waits":
                break
            self.attributes = dict(first.state)
            self._give([(self.line[0], first.ending), *first.given])

    def _give(self, given: list[tuple[int, Any]]) -> None:
        self.given += given
        self.line = tuple(one for one in self.line if one not in [call for call, _ in given])


def meant(ending: Any) -> object:
    """What a call ends with, as far as rules say it: an error's name, an index, or nothing."""
    if isinstance(ending, type):
        return ending.__name__
    return ending


def steps_of(machine: Machine, argument: int) -> list[Any]:
    system = System(machine, machine.policies[0], argument, tasks=4, calls=2, highest_count=2)
    return [one for _, transitions in system.reachable() for one in transitions if one.step is not None]


@EACH
@pytest.mark.parametrize("argument", [0, 1, 2, 3])
def test_a_step_is_what_the_model_does(model: type[Model], policy: str | None, argument: int) -> None:
    compiled = compile_model(model, policy)
    machine, of = compiled.machine, compiled.model
    if machine.create(argument)[2].refuses:
        return
    waiter = next(one.name for one in machine.operations if one.waits)
    tells_places = any(one.queue == "indexed" for one in machine.rules)
    make: Any = of
    made = vars(make(argument) if compiled.takes_argument else make())
    changing = [name for name in made if name.lstrip("_").rstrip("_") in [one.rstrip("_") for one in machine.state]]
    seen = 0
    for one in steps_of(machine, argument):
        step = one.step
        early = step.operation == "withdraw" and not step.arguments.get("has_arrived", True)
        if step.operation == "withdraw" and not step.arguments["is_parked"] and not early:
            continue
        attributes = made | dict(zip(changing, step.before[:-1], strict=True))
        plain = Plainly(of, waiter, attributes, one.queue)
        if step.operation == "withdraw":
            found = plain.run(waiter, (), one.who, cancelled=True)
            if early and found.kind != "leaves":
                assert (step.after, one.queue_after, one.resumed) == (step.before, one.queue, ())
                continue
            assert found.kind == "leaves"
            plain.line = tuple(call for call in plain.line if call != one.who)
            plain.take(found, one.who, ends=False)
        else:
            found = plain.run(step.operation, tuple(step.arguments.values()), CALLER)
            if found.kind == "waits":
                assert step.rule.caller == "parks"
                assert (step.after, one.queue_after) == ((*step.before[:-1], len(one.queue) + 1), (*one.queue, one.who))
                continue
            plain.take(found, one.who)
        assert tuple(plain.attributes[name] for name in changing) == step.after[:-1], one
        assert plain.line == one.queue_after
        assert [call for call, _ in plain.given if call != one.who] == [t for t, _ in one.resumed if t != one.who]
        said = {
            call: how.error.__name__ if how.error else how.value if tells_places else None for call, how in plain.given
        }
        assert {call: meant(ending) for call, ending in one.resumed} == said
        seen += 1
    assert seen > 5


def test_every_model_is_compared() -> None:
    assert {one for one, _ in MODELS} >= {models.Event, models.Lock, models.Semaphore, models.Barrier}
