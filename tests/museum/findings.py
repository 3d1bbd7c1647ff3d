"""Write the findings that the report shows, from what the visits computed: `python -m tests.museum.findings`."""

from __future__ import annotations

import json
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

from latchproof.show.html.report import MUSEUM
from tests.museum.exhibits import Exhibit, exhibits
from tests.museum.page import visits

FILE = Path(str(files("latchproof.show.html") / MUSEUM))


def finding(exhibit: Exhibit) -> dict[str, Any]:
    """Return the shortest run on the newest version with the fault; raise FileNotFoundError if it was not visited."""
    newest = visits(exhibit.id)[-1]
    release = (
        f"CPython {newest.python}" if exhibit.is_of_the_standard_library else f"{exhibit.package} {exhibit.version}"
    )
    return {"title": exhibit.title, "release": release, "trace": newest.trace}


def main() -> int:
    """Write the file, unless an exhibit was not visited; return the exit code."""
    try:
        found = {exhibit.id: finding(exhibit) for exhibit in exhibits() if exhibit.judged_by_rules}
    except FileNotFoundError as error:
        print(f"the report's findings are left as they are: {error}")
        return 0
    lines = [f"{json.dumps(name)}: {json.dumps(one, sort_keys=True)}" for name, one in found.items()]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(f"wrote {FILE.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
