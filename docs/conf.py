"""The configuration of Sphinx. Warnings are errors, see `make docs`."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "spec")]

project = "latchproof"
author = "The latchproof developers"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build", "images"]
html_theme = "furo"
html_title = "latchproof"
html_show_copyright = False
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80
html_static_path = ["static"]
html_css_files = ["pages.css"]
autodoc_member_order = "bysource"
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
nitpicky = False

_CONTRACT = re.compile(r"^(pre|post): ")
_FIELD = re.compile(r"^`(\w+)`  +")


def as_rst(app: object, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Turn our docstrings, which are plain text, into reStructuredText: contracts into code, fields into lists."""
    out: list[str] = []
    whole: list[str] = []
    for line in lines:  # a name in backticks may be broken across lines
        if whole and whole[-1].count("`") % 2:
            whole[-1] += f" {line.strip()}"
        else:
            whole.append(line)
    for number, line in enumerate(whole):
        before = whole[number - 1] if number else ""
        if _CONTRACT.match(line):
            if not _CONTRACT.match(before):
                out += ["", ".. code-block:: text", ""]
            out.append(f"    {line}")
        elif found := _FIELD.match(line):
            out += ["", f"- ``{found[1]}``: {line[found.end() :]}"]
        elif out and line.startswith("    ") and any(_FIELD.match(one) for one in whole[:number]):
            out.append("  " + line.strip())
        else:
            out.append(re.sub(r"(?<![`:])`([^`]+)`(?!`)", r"``\1``", line))
    lines[:] = out


def prepare(app: object, name: str, source: list[str]) -> None:
    """Add the pages that other commands write to the contents; turn their HTML anchors into labels."""
    there = {page: (ROOT / "docs" / f"{page}.md").exists() for page in ("museum", "trust")}
    for page, exists in there.items():
        if not exists:  # until the page is written, links to it are plain text
            source[0] = re.sub(rf"\[([^\]]+)\]\((?:\.\./)?{page}\.md\)", r"\1", source[0])
    if name == "index" and (more := [page for page, exists in there.items() if exists]):
        source[0] += "\n".join(["", "```{toctree}", ":hidden:", ":caption: More", "", *more, "```", ""])
    # a file of the repository that is not a page: readers of the source follow its path
    source[0] = re.sub(r"\]\(((?:\.\./)+(?:spec/|src/|[A-Z]+\.md)[^)]*)\)", r"](path:\1)", source[0])
    source[0] = re.sub(r'^<a id="([\w-]+)"></a>$', r"(\1)=", source[0], flags=re.MULTILINE)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("autodoc-process-docstring", as_rst)
    app.connect("source-read", prepare)
    return {"parallel_read_safe": True}
