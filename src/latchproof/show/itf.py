"""A trace in Apalache's Informal Trace Format, which the tools of TLA+ read."""

import json
from typing import Final

from latchproof.check.trace import Trace
from latchproof.show.format import Format


def itf(trace: Trace) -> str:
    """Return the trace in this format."""
    return json.dumps(trace.to_itf(), indent=2) + "\n"


ITF: Final = Format("itf", "itf", "as an ITF trace, for the tools of TLA+", of_trace=itf)
