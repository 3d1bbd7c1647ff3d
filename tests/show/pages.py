"""Reads the HTML pages."""

from __future__ import annotations

import base64
import gzip
import json
import re
from typing import Any


def data_of(text: str) -> Any:
    """What a page holds."""
    (packed,) = re.findall(r'<script type="application/octet-stream" id="data">(.*?)</script>', text)
    return json.loads(gzip.decompress(base64.b64decode(packed)))
