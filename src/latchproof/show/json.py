"""A verdict, a trace or a ledger as JSON, and a trace in Apalache's Informal Trace Format, which is JSON too.

The schema of traces stands in `latchproof.check.trace`; the tools of TLA+ read the other format.
"""

import json
from typing import Any

from latchproof.check.trace import Trace


def as_json(one: Any) -> str:
    """Return what has a form as plain data, `to_json()`, as JSON."""
    return json.dumps(one.to_json(), indent=2) + "\n"


def as_itf(trace: Trace) -> str:
    """Return the trace in the Informal Trace Format."""
    return json.dumps(trace.to_itf(), indent=2) + "\n"
