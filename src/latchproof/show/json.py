"""A verdict, or a trace, as JSON; the schema of traces stands in `latchproof.check.trace`."""

import json
from typing import Final

from latchproof.check.trace import Trace
from latchproof.check.verdict import Verdict
from latchproof.show.format import Format


def as_json(one: Verdict | Trace) -> str:
    """Return it as JSON."""
    return json.dumps(one.to_json(), indent=2) + "\n"


JSON: Final = Format("json", "json", "as JSON", of_verdict=as_json, of_trace=as_json)
