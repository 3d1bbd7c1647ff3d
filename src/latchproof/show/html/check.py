"""The page of one check: its verdict, the machine's rules or the model's source, and its counterexamples by steps."""

from latchproof.check.kinds import MachineKind, a
from latchproof.check.verdict import Verdict
from latchproof.show.html import rules
from latchproof.show.html.annotated import annotate
from latchproof.show.html.models import model_data
from latchproof.show.html.page import about_page, machine_data, page
from latchproof.show.words import order_in_words, policies_of


def check_page(verdict: Verdict) -> str:
    """Return the page."""
    kind = verdict.target.kind
    judged = (
        [machine_data(kind.machine, rules.HOW, rules.rule_rows, rules.arrows)] if isinstance(kind, MachineKind) else []
    )
    data = about_page("check", kind.claims) | {
        "verdict": {name: value for name, value in verdict.to_json().items() if name not in ("traces", "host_faults")},
        "checked_as": a(kind.name),
        "judged_by": policies_of(kind, [verdict.reported.policy]),
        "orders": [f"Policy {one.policy}: {order_in_words(one)}" for one in verdict.orders],
        "machines": judged,
        "models": [] if judged else [model_data(kind)],
        "traces": [annotate(trace, kind) for trace in verdict.traces],
    }
    return page(f"latchproof check {verdict.target.name}", data)
