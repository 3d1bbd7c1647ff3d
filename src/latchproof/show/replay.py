"""Prints a replayed run step by step, beside the states in which the specification may be."""

from typing import Any

from latchproof.check.history import Event, Observe, Rest, Suspend, event_data, in_place
from latchproof.check.judge import Judge
from latchproof.check.run import Run
from latchproof.check.specification import Configuration, Specification
from latchproof.check.target import Target
from latchproof.show.printing import Console, print_table, say
from latchproof.show.words import phases_of, reading, state_in_words

NOTHING_READ = "a step ends"
"""What is said of a step after which the target has nothing that could be read."""


def print_replay(console: Console, run: Run, target: Target, policy: Any) -> None:
    """Print what was done, what happened, and in which states the specification may be then, with what calls may do.

    That nothing can run, and what is read, has a line only where it or the states have changed.
    """
    specification, phases = target.specification(policy, run.setup.argument), phases_of(target.kind.name)
    judge = Judge(specification, strict=run.setup.judges[0].strict)
    begun = said = 0
    before = read = ""
    rows: list[tuple[str, str, str]] = []
    for position, event in enumerate(run.history):
        while said < len(run.moments) and run.moments[said] <= position:
            said += 1
        text, states = _event(event, phases), before
        if not isinstance(event, Suspend):
            is_wrong = judge.step(event) is not None
            found = {_state(specification, here, phases) for here in judge.configurations}
            states = "not allowed" if is_wrong else " or ".join(sorted(found))
        is_quiet = isinstance(event, Rest) or (isinstance(event, Observe) and text in (read, NOTHING_READ))
        if states != before or not is_quiet:
            rows.append(("; ".join(run.schedule[begun:said]), text, states if states != before else ""))
            begun = said
        before, read = states, text if isinstance(event, Observe) else read
    if rest := "; ".join(run.schedule[begun:]):
        rows.append((rest, "", ""))
    say(console)
    print_table(console, ("done", "what happened", "the specification"), rows)
    say(console)


def _event(event: Event, phases: tuple[str, ...]) -> str:
    plain = event_data(event)
    if isinstance(event, Observe):
        return f"reads {reading(plain, phases)}" if event.values else NOTHING_READ
    return f"call {plain['call']} {in_place(plain)}" if "call" in plain else in_place(plain)


def _state(specification: Specification, here: Configuration, phases: tuple[str, ...]) -> str:
    values = ", ".join(state_in_words(specification.variables(here), phases))
    return "; ".join([values, *(f"call {call + 1}: {fate}" for call, fate in here.fates)])
