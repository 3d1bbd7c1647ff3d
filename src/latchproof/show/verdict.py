"""Prints the verdict of a check, and the runs that break a claim."""

from latchproof.check.trace import Trace
from latchproof.check.verdict import Verdict
from latchproof.show.lanes import counterexample
from latchproof.show.printing import Console, say, say_labelled
from latchproof.show.words import count_of, listed, meaning, order_in_words, renamed


def print_trace(console: Console, trace: Trace) -> None:
    """Print a broken claim with the run that breaks it."""
    for line, style in counterexample(trace, width=console.width, folded=console.is_terminal):
        say(console, line, style)


def print_verdict(console: Console, verdict: Verdict) -> None:
    """Print each broken claim with its shortest run, then to which bounds, what was left out, and what that means."""
    for trace in verdict.traces:
        print_trace(console, trace)
    for number, bound in enumerate(verdict.bounds):
        say_labelled(console, "" if number else "bounds", bound, hang=2)
    if verdict.not_tried:
        say_labelled(console, "not tried:", f" {'; '.join(verdict.not_tried)}")
    _print_left_out(console, verdict)
    _print_work(console, verdict)
    for reason in verdict.reasons:
        because = "incomplete" if verdict.status == "counterexample" else "inconclusive"
        say(console, f"{because} because: {reason}", style="yellow")
    for note in verdict.notes:
        say_labelled(console, "note", note)
    if len(verdict.policies) > 1:
        for one in verdict.policies:
            is_shown = one.policy == verdict.reported.policy and not one.satisfied
            remark = "; its runs are shown" if is_shown else ""
            say_labelled(console, "policy", f"{one.policy}: {verdict.standing(one)}{remark}")
    _print_orders(console, verdict)
    style = {0: "green", 1: "bold red"}.get(verdict.exit_code, "yellow")
    say_labelled(console, "verdict", meaning(verdict), style)


def _print_orders(console: Console, verdict: Verdict) -> None:
    """Print whether calls continue first come, first served, where the model leaves that open."""
    differ = len({one.is_kept for one in verdict.orders}) > 1
    for one in verdict.orders if differ else verdict.orders[:1]:
        under = f" (policy {one.policy})" if differ else ""
        against = verdict.against(one)
        shown = f"; a call overtakes another in {against.again}" if against is not None else ""
        say_labelled(console, "order", f"{order_in_words(one)}{under}{shown}")


def _print_left_out(console: Console, verdict: Verdict) -> None:
    """Print what of the target no program used, and what of it was not judged."""
    target = verdict.target
    if target.absent:
        say_labelled(console, "absent", f"{', '.join(target.absent)}: not exercised")
    if verdict.not_driven:
        say_labelled(console, "not driven:", f" {listed(verdict.not_driven)}")
    if verdict.status == "conforms":
        say_labelled(console, str(verdict.lines), "")
    if target.ignored:
        say_labelled(
            console, "ignored", f"{', '.join(target.ignored)}: not read (--ignore), so nothing is judged by it"
        )
    if verdict.reported.misread:
        names = ", ".join(verdict.reported.misread)
        said = f"{names}: read wrong, and was not judged further in such a run (--ignore NAME leaves it out)"
        say_labelled(console, "misread", said)
    if target.names.pairs:
        say_labelled(console, "renamed", renamed(dict(target.names.pairs)))
    for claim in target.kind.claims:
        if claim.unobservable:
            say_labelled(console, f"not testable from outside: {claim.id} ({claim.unobservable})", "")


def _print_work(console: Console, verdict: Verdict) -> None:
    """Print how much was run, and what of the specification that put to the test."""
    ran = f"{count_of(verdict.schedules, 'schedule')} on {verdict.host}, {count_of(verdict.steps, 'step')}"
    say_labelled(console, "ran", f"{ran}, {verdict.seconds:.1f} s")
    if verdict.scheduler == "exhaustive":
        pruned = f"{count_of(verdict.pruned, 'run')}, stopped early at a state or order already explored"
        if verdict.covered > verdict.schedules:  # a run that commutes with another adds none
            pruned += f"; what was run covers at least {count_of(verdict.covered, 'schedule')}"
        say_labelled(console, "pruned", pruned)
    else:
        say_labelled(console, "sampled", f"at random: {verdict.scheduler}; other schedules were not tried")
    rules = ", ".join(verdict.reported.fired) or "none"
    is_a_model = verdict.target.kind.is_a_model
    say_labelled(console, "covered" if is_a_model else "fired", rules if is_a_model else f"rules {rules}")
    say_labelled(console, "exercised", ", ".join(verdict.reported.exercised) or "no claim")
