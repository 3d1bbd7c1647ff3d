"""The page of one check: its verdict, the machine's rules, and a viewer that steps through its counterexamples."""

from latchproof.check.verdict import Verdict
from latchproof.show.html import rules
from latchproof.show.html.annotated import annotate
from latchproof.show.html.page import about_page, machine_data, page


def check_page(verdict: Verdict) -> str:
    """Return the page."""
    machine = verdict.target.machine
    data = about_page("check") | {
        "verdict": {name: value for name, value in verdict.to_json().items() if name not in ("traces", "host_faults")},
        "machines": [machine_data(machine, rules.HOW, rules.rule_rows, rules.arrows)],
        "traces": [annotate(trace) for trace in verdict.traces],
    }
    return page(f"latchproof check {verdict.target.name}", data)
