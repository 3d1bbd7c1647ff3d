"""What hatchling adds to the metadata of a release: the README with absolute links, and the project's addresses.

A package index shows the README without the files beside it, so a relative link leads nowhere there. The address of the
repository stands in no file of the project: it is where the release is built from. `LATCHPROOF_REPOSITORY` names it, or
GitHub's own variables do. Without either, links stay as they are, and a release names no addresses.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class ReadmeHook(MetadataHookInterface):
    """Fills in `readme` and `urls`, which pyproject.toml says are dynamic."""

    def update(self, metadata: dict[str, Any]) -> None:
        base = repository(os.environ)
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": absolute(text, base) if base else text}
        metadata["urls"] = {"Source": base, "Documentation": f"{base}/blob/HEAD/docs/index.md"} if base else {}


def repository(environment: Mapping[str, str]) -> str:
    """Return the address of the repository; "" if the environment does not name one."""
    if given := environment.get("LATCHPROOF_REPOSITORY"):
        return given.rstrip("/")
    name = environment.get("GITHUB_REPOSITORY")
    return f"{environment.get('GITHUB_SERVER_URL', 'https://github.com')}/{name}" if name else ""


def absolute(text: str, base: str) -> str:
    """Return Markdown whose links and images lead to files of the repository at `base`.

    >>> absolute("[a](docs/a.md#b) ![c](c.png) [d](#e) [f](https://example.org)", "https://example.org/me")
    '[a](https://example.org/me/blob/HEAD/docs/a.md#b) ![c](https://example.org/me/raw/HEAD/c.png) [d](#e) [f](https://example.org)'
    """

    def link(found: re.Match[str]) -> str:
        kind = "raw" if found[1] else "blob"
        return f"{found[1]}[{found[2]}]({base}/{kind}/HEAD/{found[3]})"

    return re.sub(r"(!?)\[([^\]]*)\]\((?!https?:|#)([^)\s]+)\)", link, text)
