"""Separate environments: an interpreter, a released package with a pinned version, and latchproof."""

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
    """Return every CPython from 3.11 that is found on the PATH or in the folders of pyenv and uv, by full version."""
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
    """Return the full versions that are found of a minor version such as "3.13", the newest last."""
    found = [version for version in interpreters() if version.startswith(f"{minor}.")]
    return sorted(found, key=lambda version: [int(digits) for digits in re.findall(r"\d+", version)])


def prepare(wanted: Iterable[tuple[str, tuple[str, ...], bool]]) -> None:
    """Make environments, two at a time: each has an interpreter, requirements, and whether to install dependencies.

    The environments of the kit come first, because the others use them.
    """
    _wheel()
    every = set(wanted)
    with ThreadPoolExecutor(2) as pool:
        for some in ({(python, (), True) for python, _, _ in every}, every):
            for _ in pool.map(lambda one: environment(one[0], one[1], dependencies=one[2]), sorted(some)):
                pass


@functools.cache
def environment(python: str, requirements: tuple[str, ...], *, dependencies: bool = True) -> Path:
    """Return the interpreter of an environment on a version of CPython that was found; make or refresh it as needed.

    Without requirements it has only the kit. With requirements it sees the kit of that environment after its own
    packages: the kit is installed once for each interpreter, and the package may still use other versions of what the
    kit needs. A requirement without a version gets the one that the kit has locked. Without `dependencies`, packages
    with a version are installed without their dependencies.
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
    if pinned:  # separately, because it may need other versions than the kit has locked
        _run([*install, *(() if dependencies else ("--no-deps",)), *pinned])
    if kit is None:  # the version does not tell whether the checkout has changed
        _run([*install, "--no-deps", "--force-reinstall", wheel])
    stamp.write_text(state, encoding="utf-8")
    return interpreter


def _packages(interpreter: Path) -> Path:
    """Return where the packages of an environment are."""
    (folder,) = interpreter.parent.parent.glob("lib/python*/site-packages")
    return folder


@functools.cache
def _wheel() -> Path:
    """Return a wheel of latchproof as it is in this checkout."""
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
    """Return the process's environment variables without those that point Python to other packages."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
