"""Prints the verdicts on the primitives of a module: a line for each as soon as it is known, and a table in the end."""

from collections.abc import Sequence
from xml.etree import ElementTree

from latchproof.check.modules import ModuleVerdict
from latchproof.check.verdict import Verdict
from latchproof.show.junit import as_xml, suite_of
from latchproof.show.printing import Console, print_table, say, say_command, say_labelled
from latchproof.show.sarif import sarif_of
from latchproof.show.words import count_of

STYLES = {0: "green", 1: "bold red"}
"""The colours of verdicts, by their exit codes; others are yellow."""

HEADERS = ("primitive", "kind", "verdict", "in order", "schedules", "seconds")
"""The columns of the table."""


def announce(console: Console, module: str, host: str, number: int, *, usual: bool) -> None:
    """Say what is about to be checked, at the usual bounds or at others."""
    bounds = "of its kind" if usual else "that are asked for"
    say(console, f"latchproof check {module}: {count_of(number, 'primitive')}, on {host}, each at the bounds {bounds}")
    say(console)


def print_result(console: Console, module: ModuleVerdict, number: int) -> None:
    """Print a line for the primitive that was checked last, of that number in all."""
    name, result = module.results[-1]
    said, style = f"not driven: {result}", "yellow"
    if isinstance(result, Verdict):
        seen = f": {result.shortest.seen}" if result.shortest else ""
        said = f"{_standing(result)}{seen}; {count_of(result.schedules, 'schedule')}, {result.seconds:.1f} s"
        style = STYLES.get(result.exit_code, "yellow")
    say(console, f"{len(module.results)} of {number}: {name} {said}", style=style)


def print_module(console: Console, module: ModuleVerdict, options: str) -> None:
    """Print the table, the bounds, and what that means; `options` are those that a single check would need."""
    rows = []
    for name, one in module.verdicts:
        numbers = (f"{one.schedules:,}", f"{one.seconds:.1f}")
        rows.append((name, one.target.kind.name, _standing(one), _in_order(one), *numbers))
    rows += [(name, "", "not driven", "", "", "") for name, _ in module.not_driven]
    say(console)
    print_table(console, HEADERS, rows)
    say(console)
    for name, one in module.verdicts:
        if one.exit_code == 1:  # no column: what is folded there cannot be copied
            say_command(console, f"{name}'s counterexample is shown by: latchproof check {one.target.name}{options}")
    if any(one.orders for _, one in module.verdicts):
        say_labelled(console, "in order", "whether calls that wait continue first come, first served; either is right")
    for names, bounds in _bounds(module):
        say_labelled(console, "bounds", f"{names}: {'; '.join(bounds)}", hang=2)
    for name, one in module.verdicts:
        for reason in one.reasons:
            say(
                console,
                f"{name} is {'incomplete' if one.exit_code == 1 else one.status} because: {reason}",
                style="yellow",
            )
    for name, why in module.not_driven:
        say(console, f"{name} is not driven: {why}", style="yellow")
    said = f"latchproof check {module.module}:CLASS{options} says what a check ran, and what it left out"
    say_labelled(console, "more", said)
    say_labelled(console, "verdict", _meaning(module), STYLES.get(module.exit_code, "yellow"))


def as_junit(module: ModuleVerdict) -> str:
    """Return the verdicts as JUnit XML: a suite for each primitive, and one for what could not be driven."""
    suites = ElementTree.Element("testsuites", name=f"latchproof check {module.module}")
    suites.extend(suite_of(verdict) for _, verdict in module.verdicts)
    if module.not_driven:
        number = str(len(module.not_driven))
        counts = {"tests": number, "failures": "0", "skipped": number, "errors": "0"}
        suite = ElementTree.SubElement(suites, "testsuite", {"name": "cannot be driven", **counts})
        for name, reason in module.not_driven:
            case = ElementTree.SubElement(suite, "testcase", classname=module.module, name=name)
            ElementTree.SubElement(case, "skipped", message=reason)
    return as_xml(suites)


def as_sarif(module: ModuleVerdict) -> str:
    """Return the verdicts in SARIF, as one run."""
    return sarif_of([verdict for _, verdict in module.verdicts], module.not_driven)


def _standing(verdict: Verdict) -> str:
    """Return the verdict in a few words: what is broken, or which policies are satisfied."""
    if verdict.status == "counterexample":
        return f"breaks {', '.join(verdict.reported.failures)}"
    if verdict.status == "inconclusive":
        return "inconclusive"
    policies = [name for name in verdict.satisfied if name != verdict.target.kind.name]
    return f"conforms ({', '.join(policies)})" if policies else "conforms"


def _in_order(verdict: Verdict) -> str:
    """Return whether calls continue first come, first served, where that is asked."""
    kept = {one.is_kept for one in verdict.orders}
    if not kept:
        return ""
    if not any(one.exercised for one in verdict.orders):
        return "not exercised"
    return "no" if False in kept else "yes" if kept == {True} else "not known"


def _bounds(module: ModuleVerdict) -> list[tuple[str, tuple[str, ...]]]:
    """Return the bounds, each with the names of the primitives that were checked to them."""
    found: dict[tuple[str, ...], list[str]] = {}
    for name, verdict in module.verdicts:
        found.setdefault(verdict.bounds, []).append(name)
    return [(", ".join(names), bounds) for bounds, names in found.items()]


def _meaning(module: ModuleVerdict) -> str:
    counts = [
        _named("a counterexample was found against", [name for name, one in module.verdicts if one.exit_code == 1]),
        _named("inconclusive:", [name for name, one in module.verdicts if one.exit_code == 3]),
        _named("not driven:", [name for name, _ in module.not_driven]),
    ]
    if not module.verdicts:
        return f"{module.module}: {counts[-1]}; no primitive was checked"
    conforming = sum(one.exit_code == 0 for _, one in module.verdicts)
    said = "; ".join([*filter(None, counts), f"{conforming} of {len(module.results)} conform"])
    return f"{module.module}: {said}, within these bounds; nothing is said beyond them"


def _named(what: str, names: Sequence[str]) -> str:
    return f"{what} {', '.join(names)}" if names else ""
