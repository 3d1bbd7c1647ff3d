"""The formats that there are. A new one is a file with its `Format`, and a line here."""

from __future__ import annotations

from typing import Final

from latchproof.show.format import Format
from latchproof.show.html.check import HTML
from latchproof.show.itf import ITF
from latchproof.show.json import JSON
from latchproof.show.junit import JUNIT
from latchproof.show.mermaid import MERMAID
from latchproof.show.repro import REPRO
from latchproof.show.terminal import TEXT

FORMATS: Final[tuple[Format, ...]] = (
    JSON,
    ITF,
    JUNIT,
    MERMAID,
    REPRO,
    HTML,
    TEXT,
)

OF_TRACES: Final[tuple[Format, ...]] = tuple(one for one in FORMATS if one.of_trace is not None)
"""Those that a trace alone can be written in."""
