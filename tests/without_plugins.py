"""Runs a test file that needs no plugin of pytest, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

NO_PLUGINS = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""What keeps pytest from importing what is installed: that takes ten times as long as such a file does."""


def run_alone(path: Path) -> subprocess.CompletedProcess[str]:
    """Run the tests in a file, from its own folder."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(path)]
    environment = {**os.environ, **NO_PLUGINS}
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=path.parent, env=environment)
