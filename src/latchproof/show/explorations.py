"""Prints what exploring every state found, and which eventualities hold."""

from collections.abc import Sequence

from latchproof.explore.fairness import Lasso, Liveness
from latchproof.explore.states import Exploration
from latchproof.show.printing import Console, count_of, print_table, say


def print_explorations(console: Console, found: Sequence[Exploration], claim: str | None = None) -> None:
    """Print what was called, a row for each exploration, then the shortest run to each property that does not hold.

    With a `claim`, print how often that was judged too.
    """
    for machine, operations, calls in dict.fromkeys((one.machine, one.operations, one.calls) for one in found):
        each = (
            "any number of calls by each task" if calls is None else f"at most {count_of(calls, 'call')} by each task"
        )
        say(console, f"{machine}: {', '.join(operations)}; {each}")
    headers = ("machine", "policy", "tasks", "orbits", "states", "steps", "depth", "at rest", "properties")
    rows = [
        (
            f"{one.machine}({one.argument})", one.policy, str(one.tasks), f"{one.orbits:,}", f"{one.states:,}",
            f"{one.transitions:,}", str(one.depth), f"{one.rests:,}",
            "fails" if one.violations else "holds" if one.complete else "inconclusive",
        )
        for one in found
    ]  # fmt: skip
    print_table(console, headers, rows)
    for one in found:
        for violation in one.violations:
            say(console, f"{one.machine}({one.argument}) {one.policy}: {violation.property} fails after:", style="red")
            for line in violation.run:
                say(console, f"    {line}")
    if claim is not None:
        say(console, f"{claim} was judged {count_of(sum(one.checks.get(claim, 0) for one in found), 'time')}")


def print_liveness(console: Console, found: Sequence[Liveness]) -> None:
    """Print a row for each eventuality, a fair run for each that fails, and, for each claim, a run that is not fair."""
    headers = ("machine", "policy", "tasks", "claim", "states", "under weak fairness", "without it to one task")
    rows = [
        (
            f"{one.machine}({one.argument})", one.policy, str(one.tasks), promise.claim, f"{one.states:,}",
            "inconclusive" if promise.status == "holds" and not one.complete else promise.status,
            "fails" if promise.without_fairness else "never owed",
        )
        for one in found
        for promise in one.promises
    ]  # fmt: skip
    print_table(console, headers, rows)
    shown: set[str] = set()
    for one in found:
        for promise in one.promises:
            where = f"{promise.claim}, {one.machine}({one.argument}) {one.policy}"
            if promise.broken is not None:
                say(console, f"{where}: {promise.name} fails under weak fairness:", style="red")
                _print_lasso(console, promise.broken)
            if promise.without_fairness is not None and promise.claim not in shown:
                shown.add(promise.claim)
                say(console, f"{where}: without fairness to A, A need not continue:")
                _print_lasso(console, promise.without_fairness)


def _print_lasso(console: Console, lasso: Lasso) -> None:
    for line in lasso.stem:
        say(console, f"    {line}")
    for line in lasso.cycle or ("nothing more happens",):
        say(console, f"    for ever: {line}")
