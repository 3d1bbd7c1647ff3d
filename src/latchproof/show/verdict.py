"""Prints the verdict of a check, and the runs that break a claim."""

from latchproof.check.trace import Trace
from latchproof.check.verdict import Verdict, shared
from latchproof.show.lanes import explain, lanes
from latchproof.show.printing import Console, count_of, say
from latchproof.show.words import judged_by, listed, order_in_words, policies_of, renamed
from latchproof_spec.machines import sentence_of


def print_trace(console: Console, trace: Trace) -> None:
    """Print a broken claim with the run that breaks it."""
    sentence = sentence_of(trace.claim, trace.machine, trace.policy)
    # a finding of a model is named for what was seen, which says more than what the name means
    headline = f"{trace.claim}: {trace.seen}" if trace.is_of_a_model else f"{trace.claim} is broken: {sentence}"
    say(console, headline, style="bold red")
    say(console)
    only = ", only with eager tasks" if trace.is_eager else ""
    say(
        console,
        f"  {trace.made} on {trace.host}{only}, {judged_by(trace)}"
        f"{', strict form' if trace.strict else ''}: {count_of(trace.count('begin'), 'call')}, "
        f"{count_of(trace.cancellations, 'cancellation')}, {count_of(trace.steps, 'step')} of the event loop",
    )
    say(console)
    for line in lanes(trace, width=max(80, console.width) - 2):
        say(console, f"  {line}")
    say(console)
    for line in explain(trace):
        say(console, f"  {line}")
    if trace.is_of_a_model:
        say(console, f"  rule:     {sentence}")
    say(console, f"  schedule: {'; '.join(trace.schedule)}", style="dim")
    if trace.is_stepwise:
        say(console, f"  again:    {trace.again}", style="dim")
    say(console)


def print_verdict(console: Console, verdict: Verdict) -> None:
    """Print each broken claim with its shortest run, then what was run, and what that means."""
    for trace in verdict.traces:
        print_trace(console, trace)
    _print_work(console, verdict)
    for reason in verdict.reasons:
        because = "incomplete" if verdict.status == "counterexample" else "inconclusive"
        say(console, f"{because} because: {reason}", style="yellow")
    for note in verdict.notes:
        say(console, f"note      {note}")
    if len(verdict.policies) > 1:
        for one in verdict.policies:
            is_shown = one.policy == verdict.reported.policy and not one.satisfied
            remark = ", the least of all; its runs are shown" if is_shown else ""
            say(console, f"policy    {one.policy}: {verdict.standing(one)}{remark}")
    _print_orders(console, verdict)
    say(console, f"verdict   {_meaning(verdict)}", style={0: "green", 1: "bold red"}.get(verdict.exit_code, "yellow"))


def _print_orders(console: Console, verdict: Verdict) -> None:
    """Print whether calls continue first come, first served, where the model leaves that open."""
    differ = len({one.is_kept for one in verdict.orders}) > 1
    for one in verdict.orders if differ else verdict.orders[:1]:
        under = f" (policy {one.policy})" if differ else ""
        against = verdict.against(one)
        shown = f"; a call overtakes another in {against.again}" if against is not None else ""
        say(console, f"order     {order_in_words(one)}{under}{shown}")


def _print_work(console: Console, verdict: Verdict) -> None:
    """Print what was run, and what of the specification that put to the test."""
    reported, target = verdict.reported, verdict.target
    for number, bound in enumerate(verdict.bounds):
        say(console, f"{'' if number else 'bounds':<10}{bound}")
    if verdict.not_tried:
        say(console, f"not tried: {'; '.join(verdict.not_tried)}")
    say(
        console,
        f"ran       {count_of(verdict.schedules, 'schedule')} on {verdict.host}, {count_of(verdict.steps, 'step')}, "
        f"{verdict.seconds:.1f} s",
    )
    if verdict.scheduler == "exhaustive":
        say(
            console,
            f"pruned    {count_of(verdict.pruned, 'run')}, stopped early at a state or order already explored; what "
            f"was run covers at least {count_of(verdict.covered, 'schedule')}",
        )
    else:
        say(console, f"sampled   at random: {verdict.scheduler}; other schedules were not tried")
    rules = ", ".join(reported.fired) or "none"
    say(console, f"covered   {rules}" if target.kind.is_a_model else f"fired     rules {rules}")
    say(console, f"exercised {', '.join(reported.exercised) or 'no claim'}")
    if reported.misread:
        names = ", ".join(reported.misread)
        say(
            console,
            f"misread   {names}: read wrong, and was not judged further in such a run (--ignore NAME leaves it out)",
        )
    if target.ignored:
        say(console, f"ignored   {', '.join(target.ignored)}: not read, as asked, so nothing is judged by it")
    for claim in target.kind.claims:
        if claim.unobservable:
            say(console, f"not testable from outside: {claim.id} ({claim.unobservable})")
    if target.names.pairs:
        say(console, f"renamed   {renamed(dict(target.names.pairs))}")
    if target.absent:
        say(console, f"absent    {', '.join(target.absent)}: not exercised")
    if verdict.not_driven:
        say(console, f"not driven: {listed(verdict.not_driven)}")
    if verdict.status == "conforms":
        say(console, str(verdict.lines))


def _meaning(verdict: Verdict) -> str:
    name, kind = verdict.target.name, verdict.target.kind
    if verdict.status == "counterexample":
        broken = ", ".join(verdict.reported.failures)
        others = ""
        if len(verdict.policies) > 1:
            common = [claim for claim in verdict.reported.failures if claim in shared(verdict.policies)]
            number = sum(set(common) <= set(one.failures) for one in verdict.policies)
            others = f" (no policy is satisfied; {number} of {len(verdict.policies)} break {', '.join(common)})"
        under = policies_of(kind, [verdict.reported.policy])
        if kind.is_a_model:
            return f"{name} does not conform to {under}: {broken}{others}"
        return f"{name} breaks {broken} under {under}{others}"
    if verdict.status == "inconclusive":
        return f"inconclusive: no counterexample was found against {name}, but see above why that is not enough"
    policies = policies_of(kind, verdict.satisfied)
    if verdict.scheduler != "exhaustive":
        return f"no counterexample was found against {name} in these schedules, under {policies}"
    to = policies if verdict.claim is None else f"{verdict.claim} under {policies}"
    return f"{name} conforms to {to}, within these bounds; nothing is said beyond them"
