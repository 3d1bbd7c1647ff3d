"""The formats that a verdict or a trace can be written in. A new one is a function in its own file, and a line here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from latchproof.check.trace import Trace
from latchproof.check.verdict import Verdict
from latchproof.show.html.check import check_page
from latchproof.show.json import as_itf, as_json
from latchproof.show.junit import junit
from latchproof.show.lanes import mermaid
from latchproof.show.repro import reproduction, shortest_reproduction
from latchproof.show.sarif import sarif
from latchproof.show.terminal import as_text


@dataclass(frozen=True)
class Format:
    """A format: its `name` for export, the `option` of other commands, and what it is, as it ends a line of help.

    `of_verdict` renders a verdict, and `of_trace` a trace; what it does not render is None. Where a format renders
    traces alone, a check writes its shortest counterexample, or the one that `of_runs` takes; that returns what is to
    be said of the choice too. All may raise CannotRenderError.
    """

    name: str
    option: str
    help: str
    of_verdict: Callable[[Verdict], str] | None = None
    of_trace: Callable[[Trace], str] | None = None
    of_runs: Callable[[Verdict], tuple[str, str]] | None = None


FORMATS: Final = (
    Format("json", "json", "as JSON", of_verdict=as_json, of_trace=as_json),
    Format("itf", "itf", "as an ITF trace, for the tools of TLA+", of_trace=as_itf),
    Format("junit", "junit", "as JUnit XML", of_verdict=junit),
    Format("sarif", "sarif", "as SARIF, for GitHub and editors", of_verdict=sarif),
    Format("mermaid", "mermaid", "as a Mermaid sequence diagram", of_trace=mermaid),
    Format("pytest", "repro", "as a standalone test", of_trace=reproduction, of_runs=shortest_reproduction),
    Format("html", "html", "as a page that steps through its runs", of_verdict=check_page),
    Format("text", "text", "as text, as it is printed", of_verdict=as_text, of_trace=as_text),
)

OF_TRACES: Final = tuple(one for one in FORMATS if one.of_trace is not None)
"""Those that a trace alone can be written in."""
