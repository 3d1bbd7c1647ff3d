"""Puts a page together: the frame, the styles, the libraries, the scripts and the data, in one file.

The data is JSON, compressed (most of it is tables and SMT-LIB, which shrink to a tenth); the page unpacks it with what
every browser has. Nothing is fetched.
"""

from __future__ import annotations

import base64
import gzip
import html
import json
import re
from importlib.resources import files
from typing import Any

LIBRARIES = ("cytoscape.min.js", "cytoscape-dagre.min.js")
SCRIPTS = (
    "dom.js",
    "rules.js",
    "ledger.js",
    "drawing.js",
    "walk.js",
    "stepper.js",
    "graph.js",
    "viewer.js",
    "start.js",
)


def page(title: str, data: dict[str, Any]) -> str:
    """The whole page, which shows `data` (see `report`) under `title`."""
    packed = gzip.compress(json.dumps(data, separators=(",", ":")).encode(), mtime=0)
    parts = {
        "title": html.escape(title),
        "styles": _asset("page.css"),
        "data": base64.b64encode(packed).decode(),
        "libraries": "\n".join(f"<script>{_library(name)}</script>" for name in LIBRARIES),
        "script": '(() => {\n"use strict";\n' + "\n".join(map(_asset, SCRIPTS)) + "\n})();",
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _asset("page.html"))


def _asset(name: str) -> str:
    return (files(__package__) / "assets" / name).read_text(encoding="utf-8")


def _library(name: str) -> str:
    """A library as released, less the line that would have a browser's tools look for a file that is not there."""
    text = (files(__package__) / "vendor" / name).read_text(encoding="utf-8")
    return re.sub(r"^//# sourceMappingURL=.*$", "", text, flags=re.MULTILINE)
