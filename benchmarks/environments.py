"""The interpreters that are found, and an environment with the peers for each."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

VERSIONS = ("3.11", "3.13")
REQUIREMENTS = Path(__file__).with_name("requirements.txt")


def candidates(version: str) -> Iterator[str]:
    """Return where a Python of this version may be: BENCH_PYTHON_3_11 and so on, this one, the PATH, pyenv."""
    named = os.environ.get(f"BENCH_PYTHON_{version.replace('.', '_')}")
    if named:
        yield named
        return
    yield sys.executable
    found = shutil.which(f"python{version}")
    if found:
        yield found
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from map(str, sorted(root.glob(f"versions/{version}.*/bin/python"), reverse=True))


def find(version: str) -> str | None:
    """Return an interpreter of CPython `version`, or None."""
    program = "import platform; print(platform.python_implementation(), *platform.python_version_tuple()[:2])"
    for candidate in candidates(version):
        try:
            said = subprocess.run([candidate, "-c", program], capture_output=True, text=True, check=True).stdout.split()
        except (OSError, subprocess.CalledProcessError):
            continue
        if said == ["CPython", *version.split(".")]:
            return candidate
    return None


def prepare(version: str, interpreter: str, folder: Path) -> str:
    """Return the interpreter of an environment with the peers in `folder`; make or update it if needed.

    Raises CalledProcessError if the packages cannot be installed; its `stderr` is what pip printed.
    """
    home = folder / version
    python = home / "bin" / "python"
    stamp = home / "requirements.txt"
    if not stamp.exists() or stamp.read_bytes() != REQUIREMENTS.read_bytes():
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([interpreter, "-m", "venv", str(home)], check=True, capture_output=True, text=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(REQUIREMENTS)]
        subprocess.run(pip, check=True, capture_output=True, text=True)
        stamp.write_bytes(REQUIREMENTS.read_bytes())
    return str(python)
