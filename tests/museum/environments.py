"""Environments of their own: an interpreter, a released package with its version pinned, and latchproof."""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
CACHE = ROOT / ".museum"
LOCK = ROOT / "requirements-dev.txt"
NEEDED = ("pytest",)
"""What a standalone reproduction needs beside its target and its event loop."""

SECONDS = 900
_VERSION = "import platform, sys; print(sys.implementation.name, platform.python_version())"


@functools.cache
def interpreters() -> dict[str, Path]:
    """Every CPython from 3.11 that is found, by its full version: on the PATH, and where pyenv and uv keep theirs."""
    found: dict[str, Path] = {}
    for candidate in _candidates():
        try:
            done = subprocess.run([candidate, "-c", _VERSION], capture_output=True, text=True, timeout=60, check=False)
        except (OSError, subprocess.TimeoutExpired):
            continue
        words = done.stdout.split()
        if done.returncode == 0 and len(words) == 2 and words[0] == "cpython" and _minor(words[1]) >= (3, 11):
            found.setdefault(words[1], candidate)
    return found


def _candidates() -> Iterator[Path]:
    yield Path(getattr(sys, "_base_executable", sys.executable))
    for name in ("python3", *(f"python3.{minor}" for minor in range(11, 20))):
        for folder in os.environ.get("PATH", "").split(os.pathsep):
            if (path := Path(folder) / name).is_file():
                yield path
    home = Path.home()
    pyenv = Path(os.environ.get("PYENV_ROOT", home / ".pyenv"))
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR", home / ".local/share/uv/python"))
    yield from sorted(pyenv.glob("versions/*/bin/python"))
    yield from sorted(uv.glob("*/bin/python3"))


def _minor(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])


def of_minor(minor: str) -> list[str]:
    """The full versions of the interpreters of a minor version, as "3.13", that are found, the newest last."""
    found = [version for version in interpreters() if version.startswith(f"{minor}.")]
    return sorted(found, key=lambda version: [int(digits) for digits in re.findall(r"\d+", version)])


def prepare(wanted: Iterable[tuple[str, tuple[str, ...], bool]]) -> None:
    """Make environments of interpreter, requirements and whether with dependencies; two at a time.

    Those of the kit come first, for the others lean on them.
    """
    _wheel()
    every = set(wanted)
    with ThreadPoolExecutor(2) as pool:
        for some in ({(python, (), True) for python, _, _ in every}, every):
            for _ in pool.map(lambda one: environment(one[0], one[1], dependencies=one[2]), sorted(some)):
                pass


@functools.cache
def environment(python: str, requirements: tuple[str, ...], *, dependencies: bool = True) -> Path:
    """The interpreter of an environment on a version of CPython that was found, made or refreshed as needed.

    Without requirements it has the kit alone. One with requirements sees the kit of that one behind its own packages:
    so the kit is installed once for each interpreter, and the package may still have other versions of what the kit
    needs. A requirement without a version gets the one that the kit has locked. Without `dependencies` those with a
    version are installed alone.
    """
    label = "-".join(["cpython", python, *(one.replace("==", "-") for one in requirements)])
    folder = CACHE / "environments" / label
    stamp = folder / "complete"
    interpreter = folder / "bin" / "python"
    kit = environment(python, ()) if requirements else None
    wheel = _wheel()
    locked = [one for one in requirements if "==" not in one]
    pinned = [one for one in requirements if "==" in one]
    if kit is None:
        locked = [f"latchproof[verify] @ {wheel.as_uri()}", *NEEDED]
    sources = "\n".join([*locked, *pinned, str(dependencies)]).encode() + LOCK.read_bytes()
    state = hashlib.sha256(sources + (wheel.read_bytes() if kit is None else b"")).hexdigest()
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == state:
        return interpreter
    stamp.unlink(missing_ok=True)
    if kit is not None:
        shutil.rmtree(folder, ignore_errors=True)
    if not folder.exists():
        _run([interpreters()[python], "-m", "venv", "--without-pip", folder])
    if kit is not None:
        (_packages(interpreter) / "kit.pth").write_text(f"{_packages(kit)}\n", encoding="utf-8")
    pip: list[str | Path] = [sys.executable, "-m", "pip", "--python", folder]
    install: list[str | Path] = [*pip, "--quiet", "--disable-pip-version-check", "install"]
    if locked:
        _run([*install, "--constraint", LOCK, *locked])
    if pinned:  # by itself, for it may want other versions of what the kit has locked
        _run([*install, *(() if dependencies else ("--no-deps",)), *pinned])
    if kit is None:  # the version does not say that the checkout has changed
        _run([*install, "--no-deps", "--force-reinstall", wheel])
    stamp.write_text(state, encoding="utf-8")
    return interpreter


def _packages(interpreter: Path) -> Path:
    """Where the packages of an environment are."""
    (folder,) = interpreter.parent.parent.glob("lib/python*/site-packages")
    return folder


@functools.cache
def _wheel() -> Path:
    """latchproof as it stands in this checkout."""
    folder = CACHE / "wheel"
    shutil.rmtree(folder, ignore_errors=True)
    _run([sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", folder, ROOT])
    (wheel,) = folder.glob("*.whl")
    return wheel


def _run(command: list[str | Path]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False, env=clean())
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")


def clean() -> dict[str, str]:
    """The process's environment variables without those that lead Python to other packages."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
