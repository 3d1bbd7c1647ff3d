"""Are the claims complete? Each step that the specification does not make must break one of them.

In every small state, for every operation, all its inputs and each task that can make it, the specification makes one
step. Here every other is put in its place: every rule that can be written down, a machine's own or not, with every
small state after it. A property of the machine has to refuse it, unless it is the same step in other words: the same
tasks stay parked in the same order, each task that continues is given the same, and the same is logged. (With no task
parked, for example, a rule that releases the parked does what one that keeps them does.)

A step that no property refuses and that is another one is a gap in the claims.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, NamedTuple

from latchproof.explore.system import Local, State, System, Transition
from latchproof_spec.claims import Step
from latchproof_spec.machine import Machine
from latchproof_spec.step import Ending, Rule

LARGEST: Final = 3
"""Largest number in a state and number of parked tasks; constants and states after a step are up to one more."""

NOT_INTS: Final = (True, 1.5)
"""Arguments that are not ints, with which the constructor is tried too."""

CALLERS: Final[tuple[Any, ...]] = ("parks", "returns", "returns an index", "raises", "leaves")
QUEUES: Final[tuple[Any, ...]] = ("stays", "released", "first", "indexed", "failed")
ORDERS: Final[tuple[Any, ...]] = ("arrival", "reversed", "any", "one leads")
"""The words that a rule's fields can hold: `step.Caller`, `step.Queue` and `step.IndexOrder`."""

FIRST: Final = (1, 2)
"""How many of the parked a rule may release that releases the first of them."""

MOST_TOLD: Final = 3
"""Gaps that are told of, at most."""


@dataclass
class Completeness:
    """What became of the steps that the specification does not make.

    `steps` counts those that it does make, `others` what was put in their place, and `same` those of the others that
    are the same step in other words; `gaps` are those that no property refuses, in words.
    """

    machine: str
    steps: int = 0
    others: int = 0
    same: int = 0
    gaps: list[str] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """How many steps of each kind there were."""
        return {"steps": self.steps, "others": self.others, "same": self.same}

    def failure(self, expected: dict[str, dict[str, int]] | None = None) -> str:
        """Return the gaps in words, or how the counts differ from what was expected; "" if there is neither."""
        if self.gaps:
            return f"{len(self.gaps)} steps that break no claim: {'; '.join(self.gaps[:MOST_TOLD])}"
        if expected is None or self.counts == expected.get(self.machine):
            return ""
        return f"{self.machine}: {self.counts} were tried, the manifest has {expected.get(self.machine, 'nothing')}"


class Effect(NamedTuple):
    """What a step does, as far as it can be noticed: a rule's ID and sentence cannot."""

    after: tuple[Any, ...]
    queue: tuple[int, ...]
    given: dict[int, Ending]
    errors: tuple[type[Exception], ...]
    warns: bool


def find_gaps(machine: Machine) -> Completeness:
    """Put every other step in the place of each that the specification makes in a small state, under every policy."""
    found = Completeness(machine.name)
    rules = every_rule(machine)
    states = list(product(*([False, True] if kind is bool else range(LARGEST + 2) for kind in machine.state.values())))
    for policy in machine.policies:
        _judge_creations(machine, policy, rules, states, found)
        for argument in range(machine.smallest, LARGEST + 2):
            system = System(machine, policy, argument, tasks=0, highest_count=LARGEST)
            for state in states:
                if max(state) <= LARGEST and all(one.holds(*system.constants, *state) for one in machine.invariants):
                    for here in _situations(machine, state):
                        for transition in system.transitions(here, here.distinct_tasks):
                            if transition.step is not None:
                                _judge(system, transition, rules, states, found)
            if not system.constants:
                break  # the argument is in the state: all states have been seen
    return found


def read_completeness(manifest: Path) -> dict[str, dict[str, int]]:
    """Read for each machine how many steps there must be: a search that leaves some out finds no gap in them."""
    found: dict[str, dict[str, int]] = tomllib.loads(manifest.read_text(encoding="utf-8")).get("completeness", {})
    return found


def every_rule(machine: Machine) -> list[Rule]:
    """Return a rule for each combination of what rules can say, with the errors of the machine's own and one more.

    Each is followed by the one that says the same and warns.
    """
    errors = list(dict.fromkeys(some for one in machine.rules for some in (one.errors, one.errors[:1]) if some))
    errors.append((KeyError,))
    found = []
    for caller in CALLERS:
        for queue in QUEUES:
            orders = ORDERS if "index" in caller + queue else ORDERS[:1]
            numbers = FIRST if queue == "first" else FIRST[:1]
            fails = caller == "raises" or queue == "failed"
            for order, first, some, warns in product(orders, numbers, errors if fails else [()], (False, True)):
                found.append(Rule("", "", caller, "", queue=queue, first=first, order=order, errors=some, warns=warns))
    return found


def _situations(machine: Machine, state: tuple[Any, ...]) -> Iterator[State]:
    """Yield states of tasks with that state of the machine: so many are parked, one is idle, and one is released."""
    parked = tuple(Local("parked", place) for place in range(state[machine.parked_at]))
    given = dict.fromkeys(
        {"released": None, "first": None, "indexed": 0}.get(one.queue, one.errors[0] if one.errors else None)
        for one in machine.rules
        if one.queue != "stays"
    )
    for ending in given:
        yield State(state, (*parked, Local("idle"), Local("released", ending=ending), Local("released", ending=ending)))


def _judge(
    system: System, specified: Transition, rules: list[Rule], states: list[tuple[Any, ...]], found: Completeness
) -> None:
    """Judge every other step that might be made in place of one.

    The rules come in pairs that differ only in whether they warn, as `every_rule` has them: to tasks both do the same.
    """
    machine, constants, who = system.machine, system.constants, specified.who
    assert specified.step is not None
    found.steps += 1
    right = effect_of(specified.step, specified)
    is_there = False
    holds = [*(one.holds for one in machine.step_properties), *(one.holds for one in machine.history_properties)]
    of_steps = len(machine.step_properties)
    killer, kills_steps = holds[0], True  # the property that refused last is asked first
    step: Any = SimpleNamespace(**vars(specified.step))  # one that can be changed: it is faster
    for plain, warning in zip(rules[::2], rules[1::2], strict=True):
        step.rule = plain
        made = system.made(specified.before, specified.queue, who, specified.action, step)
        moment = made.moment
        for rule in (plain, warning):
            step.rule = rule
            found.others += len(states)
            for after in states:
                step.after = after
                if not killer(step if kills_steps else moment):
                    continue
                for number, one_holds in enumerate(holds):
                    if not one_holds(step if number < of_steps else moment):
                        killer, kills_steps = one_holds, number < of_steps
                        break
                else:
                    counts = sum(one.parked for one in made.after.tasks), len(made.after.released)
                    refused = any(not one.holds(*constants, *after) for one in machine.invariants)
                    if not refused and all(one.holds(constants, after, *counts) for one in machine.censuses):
                        if effect_of(step, made) == right:
                            found.same += is_there  # the first is the step itself
                            is_there = True
                        else:
                            found.gaps.append(_told(machine, specified, rule, after))
    found.others -= 1
    if not is_there:
        found.gaps.append(f"{_told(machine, specified, specified.step.rule, specified.step.after)}, which is refused")


def effect_of(step: Any, made: Transition) -> Effect:
    """Return what a step does to the machine and to the tasks."""
    rule = step.rule
    fails = any(isinstance(ending, type) for _, ending in made.resumed)
    return Effect(step.after, made.queue_after, dict(made.resumed), rule.errors if fails else (), rule.warns)


def _judge_creations(
    machine: Machine, policy: Any, rules: list[Rule], states: list[tuple[Any, ...]], found: Completeness
) -> None:
    """Judge every other way to make the machine: with other constants, in another state, or refused otherwise."""
    nothing = tuple(kind() for kind in machine.state.values())
    for argument in (*range(-1, LARGEST + 1), *NOT_INTS):
        constants, state, specified = machine.create(argument)
        found.steps += 1
        is_there = False
        for rule in (one for one in rules if one.caller in ("returns", "raises") and one.queue == "stays"):
            for others in product(range(LARGEST + 1), repeat=len(constants)):
                for after in states:
                    if rule.refuses and after != nothing:
                        continue  # the state that comes with a refusal must not be used
                    found.others += 1
                    step = Step("create", others, nothing, {machine.parameter: argument}, after, rule, policy)
                    if any(not one.holds(step) for one in machine.step_properties):
                        continue
                    same = (rule.refuses, rule.warns) == (specified.refuses, specified.warns) and (
                        rule.errors == specified.errors if rule.refuses else (others, after) == (constants, state)
                    )
                    if same:
                        found.same += is_there
                        is_there = True
                    else:
                        found.gaps.append(f"{machine.name}({argument!r}) by {written(rule)} is {others} {after}")
        found.others -= 1
        if not is_there:
            found.gaps.append(f"{machine.name}({argument!r}) by {specified} is refused")


def _told(machine: Machine, specified: Transition, rule: Rule, after: tuple[Any, ...]) -> str:
    step = specified.step
    assert step is not None
    who = f"{specified.before.tasks[specified.who].kind} task"
    return (
        f"{machine.name}, policy {step.policy.name}, {step.constants} {step.before}: a {who} {specified.action.verb} "
        f"by {written(rule)}, and it is {after}, where by {step.rule} it is {step.after}"
    )


def written(rule: Rule) -> str:
    """Return what a rule says, without its ID."""
    errors = "/".join(error.__name__ for error in rule.errors)
    queue = f"{rule.queue} {rule.first}" if rule.queue == "first" else rule.queue
    parts = (rule.caller, queue, rule.order if "index" in rule.caller + rule.queue else "", errors)
    return f"<{', '.join(filter(None, (*parts, 'warns' if rule.warns else '')))}>"
