"""Prints which claim breaks on which mutant of the specification, by which kind of evidence."""

from collections.abc import Iterator

from latchproof.mutants.matrix import Matrix, in_order
from latchproof.show.printing import Console, print_table, say
from latchproof.show.words import count_of
from latchproof_spec.machines import CLAIMS

STYLES = {"survives": "bold red", "undecided": "yellow"}
"""The colours of the statuses that keep the gate from passing."""


def print_matrix(console: Console, matrix: Matrix, *, verbose: bool = False) -> None:
    """Print how many mutants break each claim by each kind of evidence; then bounds, survivors, and what that means."""
    rows = [(claim.id, *(str(matrix.killed(claim.id, kind)) for kind in matrix.kinds)) for claim in CLAIMS]
    print_table(console, ("claim", *matrix.kinds), rows)
    say(console, "numbers: mutants that break the claim, by each kind of evidence")
    say(console)
    for kind in matrix.kinds:
        say(console, f"{kind}: {matrix.bounds[kind]} ({matrix.seconds[kind]:.1f} s)")
    say(console, f"mutants: {matrix.chosen}")
    every = "our own policy" if is_about_ours(matrix) else "every policy"
    for one in matrix.results:
        if verbose or one.status in STYLES:
            broken = "; ".join(f"{kind} {' '.join(in_order(claims))}" for kind, claims in one.broken.items() if claims)
            say(console, f"{one.status}: {one.mutant.id} ({one.mutant.place})", style=STYLES.get(one.status))
            say(console, f"    {one.mutant.sentence}")
            detail = broken or one.undecided or one.breaks_down or one.witness or "proved to do the same"
            under = ", ".join(one.differs) or (every if one.status == "equivalent" else "")
            say(console, f"    under {under}: {detail}" if under else f"    {detail}")
    for line, style in conclusions(matrix):
        say(console, line, style=style)


def is_about_ours(matrix: Matrix | None) -> bool:
    """Return whether the mutants were judged under our own policy alone, as only the words of the matrix say."""
    return matrix is not None and matrix.chosen.partition("each judged under ")[2].startswith("our own policy")


def conclusions(matrix: Matrix) -> Iterator[tuple[str, str | None]]:
    """Yield what a matrix shows, line by line, each with its style."""
    judged, killed, same = len(matrix.results), len(matrix.with_status("killed")), matrix.with_status("equivalent")
    failed = len(matrix.with_status("breaks down"))
    ours = " under our own policy" if is_about_ours(matrix) else ""
    yield (
        f"of {count_of(judged, 'mutant')} of the specification {killed} break a claim, {len(same)} are proved to be no "
        f"fault{ours}" + (f", {failed} raise an error of their own" if failed else ""),
        None,
    )
    for kind in matrix.kinds:
        idle = [claim.id for claim in CLAIMS if not matrix.killed(claim.id, kind)]
        found = f"no mutant breaks {' '.join(idle)}" if idle else "every claim is broken by some mutant"
        yield f"by what is {kind}, {found}", None
    if matrix.not_tried:
        places = ", ".join(sorted({one.fault_in for one in matrix.not_tried}))
        yield (
            f"{count_of(len(matrix.not_tried), 'mutant')} cannot be judged by these kinds of evidence, which see no "
            f"faults in: {places}",
            None,
        )
    for claim in matrix.vacuous:
        yield f"{claim} is vacuous: no mutant breaks it", "bold red"
    for claim in sorted(matrix.of_original):
        yield f"the original breaks {claim}, so nothing can be concluded from the mutants", "bold red"
    for one in matrix.with_status("survives"):
        yield f"no claim sees {one.mutant.id}: {one.witness}", "bold red"
    for one in matrix.with_status("undecided"):
        yield f"undecided: {one.mutant.id}: {one.undecided}", "yellow"
