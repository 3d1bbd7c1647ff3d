"""Prints a replayed run step by step, beside the states in which the specification may be."""

from typing import Any

from latchproof.check.history import Event, Suspend, event_data, in_place
from latchproof.check.judge import Judge
from latchproof.check.run import Run
from latchproof.check.specification import Configuration, Specification
from latchproof.check.target import Target
from latchproof.show.printing import Console, print_table, say


def print_replay(console: Console, run: Run, target: Target, policy: Any) -> None:
    """Print what was done, what happened, and in which states the specification may be then, with what calls may do."""
    judge = Judge(target.specification(policy, run.setup.argument), strict=run.setup.judges[0].strict)
    say(console)
    said = 0
    rows = []
    for position, event in enumerate(run.history):
        while said < len(run.moments) and run.moments[said] <= position:
            rows.append((run.schedule[said], "", ""))
            said += 1
        if isinstance(event, Suspend):
            rows.append(("", _event(event), ""))
            continue
        finding = judge.step(event)
        states = sorted({_state(judge.specification, here) for here in judge.configurations})
        rows.append(("", _event(event), "not allowed" if finding else " or ".join(states)))
    rows += [(word, "", "") for word in run.schedule[said:]]
    print_table(console, ("done", "what happened", "the specification"), rows)
    say(console)


def _event(event: Event) -> str:
    plain = event_data(event)
    return f"call {plain['call']} {in_place(plain)}" if "call" in plain else in_place(plain)


def _state(specification: Specification, here: Configuration) -> str:
    values = ", ".join(f"{name} {value}" for name, value in specification.variables(here).items())
    return "; ".join([values, *(f"call {call + 1}: {fate}" for call, fate in here.fates)])
