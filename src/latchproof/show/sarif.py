"""Verdicts in SARIF 2.1.0, which GitHub and editors show at the line of the source where a run goes wrong."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from latchproof.check.trace import Trace
from latchproof.check.verdict import Verdict
from latchproof.show.lanes import counterexample
from latchproof_spec import __version__
from latchproof_spec.machines import sentence_of

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(verdict: Verdict) -> str:
    """Return a verdict in SARIF."""
    return sarif_of([verdict])


def sarif_of(verdicts: Sequence[Verdict], not_driven: Sequence[tuple[str, str]] = ()) -> str:
    """Return verdicts as one run: an error for each claim that is broken, and a notification for each reason.

    An inconclusive verdict is not a result; it makes the run unsuccessful. So does what could not be driven, of which
    the name and the reason are given.
    """
    found = [(verdict, trace) for verdict in verdicts for trace in verdict.traces]
    rules = {trace.claim: sentence_of(trace.claim, trace.machine, trace.policy) for _, trace in found}
    reasons = [f"{verdict.target.name}: {reason}" for verdict in verdicts for reason in verdict.reasons]
    reasons += [f"{name}: not driven: {reason}" for name, reason in not_driven]
    run = {
        "tool": {
            "driver": {
                "name": "latchproof",
                "version": __version__,
                "rules": [{"id": claim, "shortDescription": {"text": said}} for claim, said in rules.items()],
            }
        },
        "results": [_result(verdict, trace) for verdict, trace in found],
        "invocations": [
            {
                "executionSuccessful": not reasons,
                "toolExecutionNotifications": [{"level": "warning", "message": {"text": one}} for one in reasons],
            }
        ],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _result(verdict: Verdict, trace: Trace) -> dict[str, Any]:
    text = "\n".join(line for line, _ in counterexample(trace, width=100))
    result = {"ruleId": trace.claim, "level": "error", "message": {"text": text.rstrip()}}
    location = _location(verdict, trace)
    return result if location is None else {**result, "locations": [{"physicalLocation": location}]}


def _location(verdict: Verdict, trace: Trace) -> dict[str, Any] | None:
    """Return the last line of the target's own code at which a call of the run stood; None if that is not known."""
    places = [event["at"] for event in trace.events if event.get("at")]
    file, _, line = places[-1].rpartition(":") if places else ("", "", "")
    if not file or not line.isdigit():
        return None
    path = Path(verdict.target.own.folder or os.curdir, file).resolve()
    here = Path.cwd()
    uri = path.relative_to(here).as_posix() if path.is_relative_to(here) else path.as_uri()
    return {"artifactLocation": {"uri": uri}, "region": {"startLine": int(line)}}
