"""Prints what exploring every state found, which eventualities hold, and the first run that breaks something."""

from collections import Counter
from collections.abc import Iterable, Sequence

from latchproof.explore.fairness import Lasso, Liveness
from latchproof.explore.states import Exploration
from latchproof.show.printing import Console, print_table, say
from latchproof.show.words import count_of


def print_explorations(console: Console, found: Sequence[Exploration], claim: str | None = None) -> None:
    """Print what was called, and a row for each exploration. With a `claim`, print how often that was judged too."""
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
    if claim is not None:
        say(console, f"{claim} was judged {count_of(sum(one.checks.get(claim, 0) for one in found), 'time')}")


def print_liveness(console: Console, found: Sequence[Liveness]) -> None:
    """Print a row for each eventuality and, for each claim, a run on which it fails, as it must, without fairness."""
    headers = ("machine", "policy", "tasks", "claim", "states", "under weak fairness", "without it to one task")
    rows = [
        (
            f"{one.machine}({one.argument})", one.policy, str(one.tasks), promise.claim, f"{one.states:,}",
            "inconclusive" if promise.status == "holds" and not one.complete else promise.status,
            "fails, as it must" if promise.without_fairness else "never owed",
        )
        for one in found
        for promise in one.promises
    ]  # fmt: skip
    print_table(console, headers, rows)
    shown: set[str] = set()
    for one in found:
        for promise in one.promises:
            if promise.without_fairness is not None and promise.claim not in shown:
                shown.add(promise.claim)
                where = f"{promise.claim}, {one.machine}({one.argument}) {one.policy}"
                say(console, f"{where}: fails, as it must, without fairness to A, which need not continue then:")
                _print_run(console, _lasso(promise.without_fairness))


def print_first_violation(console: Console, found: Sequence[Exploration], live: Sequence[Liveness]) -> None:
    """Print in how many explorations each property fails, if any does, and the shortest run to where one does."""
    runs = [
        (f'property "{violation.property}" fails', f"{one.machine}({one.argument}) {one.policy}", violation.run)
        for one in found
        for violation in one.violations
    ]
    runs += [
        (f"{promise.claim}: {promise.name} fails under weak fairness", f"{one.machine}({one.argument}) {one.policy}",
         _lasso(promise.broken))
        for one in live
        for promise in one.promises
        if promise.broken is not None
    ]  # fmt: skip
    if not runs:
        return
    say(console)
    for what, number in Counter(what for what, _, _ in runs).items():
        say(console, f"{what} in {count_of(number, 'exploration')}", "red")
    what, where, run = min(runs, key=lambda one: len(one[2]))
    say(console, f"{where}: {what} after:", "bold red")
    _print_run(console, run)


def _lasso(lasso: Lasso) -> tuple[str, ...]:
    return (*lasso.stem, *(f"for ever: {line}" for line in lasso.cycle or ("nothing more happens",)))


def _print_run(console: Console, run: Iterable[str]) -> None:
    for line in run:
        say(console, f"    {line}", hang=8)
