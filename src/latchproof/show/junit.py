"""A verdict as JUnit XML: a test case for each claim that is about the target."""

from functools import partial
from xml.etree import ElementTree

from latchproof.check.verdict import Verdict
from latchproof.show.lanes import counterexample
from latchproof.show.words import order_in_words
from latchproof_spec.machines import sentence_of


def junit(verdict: Verdict) -> str:
    """Return the XML of a verdict."""
    return as_xml(suite_of(verdict))


def as_xml(element: ElementTree.Element) -> str:
    """Return an element as a file."""
    ElementTree.indent(element)
    return ElementTree.tostring(element, encoding="unicode", xml_declaration=True) + "\n"


def suite_of(verdict: Verdict) -> ElementTree.Element:
    """Return the suite. A claim that is broken is a failure; one that was not exercised is skipped, and says why.

    An inconclusive verdict is an error, beside the claims: a claim that passes was only not found broken.
    """
    reported = verdict.reported
    traces = {trace.claim: trace for trace in verdict.traces}
    about = [
        claim
        for claim in verdict.target.kind.claims
        if claim.id in {*reported.exercised, *reported.not_exercised, *traces}
    ]
    unsettled = verdict.status == "inconclusive"
    suite = ElementTree.Element(
        "testsuite",
        name=f"latchproof check {verdict.target.name}",
        tests=str(len(about) + unsettled),
        failures=str(len(traces)),
        skipped=str(sum(claim.id in reported.not_exercised and claim.id not in traces for claim in about)),
        errors=str(int(unsettled)),
        time=f"{verdict.seconds:.3f}",
    )
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in (
        ("status", verdict.status),
        ("policy", reported.policy),
        ("bounds", "; ".join(verdict.bounds)),
        ("not tried", "; ".join(verdict.not_tried)),
        ("schedules", str(verdict.schedules)),
        ("ignored", ", ".join(verdict.target.ignored)),
        ("not driven", ", ".join(verdict.not_driven)),
        ("lines", str(verdict.lines) if verdict.status == "conforms" else ""),
        ("reasons", "; ".join(map(str, verdict.reasons))),
        ("order", "; ".join(order_in_words(one) for one in verdict.orders)),
        ("notes", "; ".join(verdict.notes)),
    ):
        ElementTree.SubElement(properties, "property", name=name, value=value)
    said = partial(sentence_of, machine=verdict.target.kind.name, policy=reported.policy)
    for claim in about:
        case = ElementTree.SubElement(
            suite, "testcase", classname=verdict.target.name, name=f"{claim.id} {said(claim.id)}"
        )
        if claim.id in traces:
            trace = traces[claim.id]
            failure = ElementTree.SubElement(case, "failure", message=trace.seen)
            failure.text = "\n".join(line for line, _ in counterexample(trace, width=100))
        elif claim.id in reported.not_exercised:
            ElementTree.SubElement(case, "skipped", message="it was not exercised within the bounds")
    if unsettled:
        case = ElementTree.SubElement(suite, "testcase", classname=verdict.target.name, name="the check is conclusive")
        ElementTree.SubElement(case, "error", message="; ".join(map(str, verdict.reasons)))
    return suite
