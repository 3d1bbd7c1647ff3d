"""Prints what was proved."""

from collections.abc import Sequence

from latchproof.prove.classes.cases import Case
from latchproof.prove.goals import Obligation
from latchproof.prove.language.comparison import BOUND, Checked
from latchproof.prove.smtlib import solvers
from latchproof.show.printing import Console, print_table, say
from latchproof.show.words import count_of
from latchproof_spec.claims import Claim
from latchproof_spec.machines import CLAIMS


def print_obligations(console: Console, obligations: Sequence[Obligation]) -> None:
    """Print a line for each obligation."""
    for one in obligations:
        answers = " ".join(f"{solver}:{answer}" for solver, answer in one.verdicts)
        say(console, f"{one.status:<8} {','.join(one.claims) or '-':<8} {_where(one)}: {one.name} [{answers}]")


def print_proofs(
    console: Console,
    obligations: Sequence[Obligation],
    cases: Sequence[Case] | None,
    claim: str | None,
    claims: Sequence[Claim] = CLAIMS,
) -> None:
    """Print a row for each claim, or for the one that is given; what was asked of whom; and what is not proved.

    `cases` are None where there are no classes that could refine the rules; then each claim is printed in words.
    """
    named = {name for one in obligations for name in one.claims if claim in (None, name)}
    rows = []
    words = {one.id: one.id if cases is not None else f"{one.id} {one.sentence}" for one in claims}
    for name in [*(one.id for one in claims if one.id in named), ""]:
        about = [one for one in obligations if (name in one.claims if name else not one.claims)]
        proved = sum(one.status == "proved" for one in about)
        unproved = {one.status for one in about} - {"proved"}
        status = "holds" if not unproved else "inconclusive" if unproved == {"unconfirmed"} else "fails"
        label = words.get(name, "(soundness of the proofs)")
        rows.append((label, f"{status} {proved:,} of {count_of(len(about), 'obligation')}"))
    if cases is not None:
        same = sum(one.status == "proved" for one in cases)
        status = "holds" if same == len(cases) else "fails"
        rows.append(("(our classes refine the rules)", f"{status} {same:,} of {count_of(len(cases), 'case')}"))
    of_model = cases is None
    for_all = "argument and number of tasks" if of_model else "constructor argument, number of tasks and policy"
    print_table(console, ("claim", f"proved for every {for_all}"), rows)
    queries = len({one.query for one in obligations if one.query is not None})
    say(
        console,
        f"{count_of(len(obligations), 'obligation')}, {queries:,} of them different queries, each put to {solvers()}",
    )
    if alone := sum(one.for_one_solver for one in obligations):
        say(console, f"{count_of(alone, 'obligation')}, that the assumptions have a model, put to z3 alone")
    for one in obligations:
        if one.status not in ("proved", "unconfirmed"):
            # of a model, the numbers tell a reader enough
            found = one.counterexample if one.part == "counters" or not of_model else "with any number of calls"
            say(console, f"{one.status}: {_where(one)}: {one.name}: {found}", style="bold red")
    for case in cases or ():
        if case.status != "proved":
            say(console, f"{case.status}: {case.machine}: {case.name}: {case.counterexample}", style="bold red")


def print_checked(console: Console, checked: Checked) -> None:
    """Print what was checked of the functions that are proved, or what is wrong with them."""
    for one in checked.wrong:
        say(console, str(one), style="bold red")
    if checked.wrong:
        say(console, "nothing was proved: it would be proved of other functions than those that run", style="bold red")
        return
    say(
        console,
        f"{count_of(checked.functions, 'function')} in the subset of Python that is proved; "
        f"{count_of(checked.results, 'result')} as by a second interpreter: {BOUND}",
    )


def _where(one: Obligation) -> str:
    return f"{one.machine} {one.policy} {one.operation} {one.rule}"
