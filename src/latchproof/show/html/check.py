"""The page of one check: the counterexamples, then what was checked, and the rules or the model that judged."""

from typing import Any

from latchproof.check.kinds import MachineKind, a
from latchproof.check.verdict import Verdict
from latchproof.show.html import rules
from latchproof.show.html.annotated import annotate
from latchproof.show.html.models import model_data
from latchproof.show.html.page import about_page, machine_data, page
from latchproof.show.words import meaning, order_in_words, policies_of
from latchproof_spec.machine import Variant


def check_page(verdict: Verdict) -> str:
    """Return the page."""
    kind = verdict.target.kind
    policy = kind.policy(verdict.reported.policy)
    is_by_rules = isinstance(kind, MachineKind) and not isinstance(policy, Variant)
    data = about_page("check", kind.claims) | {
        "verdict": verdict.to_json(),
        "checked_as": a(kind.name),
        "judged_by": policies_of(kind, [verdict.reported.policy]),
        "meaning": _meaning(verdict),
        "orders": [f"Policy {one.policy}: {order_in_words(one)}" for one in verdict.orders],
        "machines": [_machine(kind, policy.name)] if is_by_rules else [],
        "models": [] if is_by_rules else [model_data(kind, policy if isinstance(policy, Variant) else None)],
        "traces": [annotate(trace, kind) for trace in verdict.traces],
    }
    for name in ("traces", "host_faults"):  # the runs are told above, and are long
        data["verdict"].pop(name)
    return page(f"latchproof check {verdict.target.name}", data)


def _machine(kind: Any, policy: str) -> dict[str, Any]:
    return machine_data(kind.machine, rules.HOW, rules.rule_rows, rules.arrows, first=policy)


def _meaning(verdict: Verdict) -> str:
    """Return in one sentence what was found; what makes a check inconclusive stands below it on the page."""
    if verdict.status == "inconclusive":
        name = verdict.target.name
        return f"No counterexample against {name} was found, but the check is inconclusive."
    return f"{meaning(verdict)}."
