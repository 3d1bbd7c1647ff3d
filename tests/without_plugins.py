"""Run a test file that needs no plugin of pytest, in a separate process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

NO_PLUGINS = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""Environment variable that keeps pytest from loading installed plugins, which takes far longer than such a file."""


def run_alone(path: Path) -> subprocess.CompletedProcess[str]:
    """Run the tests in a file, from its folder."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(path)]
    environment = {**os.environ, **NO_PLUGINS}
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=path.parent, env=environment)
