"""The release: the sdist, the wheel that is built from it, and nothing that does not belong in them."""

from __future__ import annotations

import email
import re
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from pathlib import Path

import pytest
from hatch_build import absolute, repository

ROOT = Path(__file__).resolve().parents[1]
SOURCES = {"latchproof": ROOT / "src" / "latchproof", "latchproof_spec": ROOT / "spec" / "latchproof_spec"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The wheel and the sdist that it is built from."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    (sdist,) = folder.glob("*.tar.gz")
    return wheel, sdist


def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (one for one in archive.namelist() if one.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(archive.read(name))


def test_the_wheel_has_every_module_of_both_packages(built: tuple[Path, Path]) -> None:
    expected = {
        f"{package}/{path.relative_to(folder).as_posix()}"
        for package, folder in SOURCES.items()
        for path in folder.rglob("*")
        if path.suffix == ".py" or path.parent.name in ("assets", "vendor")
    }
    expected |= {"latchproof/py.typed", "latchproof_spec/py.typed", "latchproof/show/html/museum.json"}
    assert {name for name in names(built[0]) if ".dist-info/" not in name} == expected


def test_the_wheel_has_its_license_and_its_command(built: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(built[0]) as archive:
        (license_,) = (one for one in archive.namelist() if one.endswith(".dist-info/licenses/LICENSE"))
        assert archive.read(license_) == (ROOT / "LICENSE").read_bytes()
        (entry,) = (one for one in archive.namelist() if one.endswith(".dist-info/entry_points.txt"))
        assert "latchproof = latchproof.cli.main:main" in archive.read(entry).decode()


def test_the_metadata(built: tuple[Path, Path]) -> None:
    found = metadata(built[0])
    assert found["Name"] == "latchproof"
    assert found["License-Expression"] == "MIT"
    assert found["Description-Content-Type"] == "text/markdown"
    assert "A checker for async Python primitives" in str(found.get_payload())
    assert found["Requires-Python"] == ">=3.11"
    assert set(found.get_all("Provides-Extra", [])) >= {"check", "fuzz", "verify", "trio", "flowno", "cluster"}
    required = found.get_all("Requires-Dist", [])
    assert [one for one in required if "extra ==" not in one] == []  # the runtime needs nothing
    needed = {extra: packages(required, extra) for extra in ("check", "fuzz", "verify")}
    assert needed["check"] == {"rich", "shtab"}
    assert needed["fuzz"] == {"rich", "shtab", "hypothesis"}
    assert needed["verify"] == {"rich", "shtab", "hypothesis", "crosshair-tool", "cvc5", "z3-solver"}


def test_a_package_index_shows_the_readme_with_links_that_lead_somewhere() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert repository({}) == ""
    base = repository({"GITHUB_REPOSITORY": "owner/latchproof", "GITHUB_SERVER_URL": "https://example.org"})
    assert base == "https://example.org/owner/latchproof"
    assert repository({"LATCHPROOF_REPOSITORY": f"{base}/"}) == base
    links = re.findall(r"(!?)\[[^\]]*\]\(([^)]*)\)", absolute(text, base))
    assert len(links) == len(re.findall(r"\]\(", text)) > 20
    for image, link in links:
        assert link.startswith((f"{base}/raw/HEAD/docs/images/" if image else f"{base}/blob/HEAD/", "https://")), link


def packages(required: list[str], extra: str) -> set[str]:
    """Return the packages that an extra installs, those of the extras that it includes among them."""
    found: set[str] = set()
    for one in required:
        if f"extra == '{extra}'" in one:
            name = re.split(r"[>;]", one)[0].strip()
            included = re.fullmatch(r"latchproof\[(\w+)\]", name)
            found |= packages(required, included[1]) if included else {name}
    return found


def test_the_sdist_has_what_it_takes_to_check_it(built: tuple[Path, Path]) -> None:
    with tarfile.open(built[1]) as archive:
        found = {name.partition("/")[2] for name in archive.getnames()}
    assert found >= {"pyproject.toml", "LICENSE", "README.md", "Makefile", "requirements-dev.txt"}
    assert found >= {"tests/test_packaging.py", "proofs/manifest.toml", "spec/latch.md", "src/latchproof/py.typed"}
    assert [name for name in found if "__pycache__" in name or name.startswith((".git/", ".venv"))] == []


def test_it_works_from_the_wheel_alone(built: tuple[Path, Path], tmp_path: Path) -> None:
    target = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-cache-dir"]
    install += ["--disable-pip-version-check", "--target", str(target), str(built[0])]
    subprocess.run(install, check=True, capture_output=True)
    script = (
        "import asyncio, sys\n"
        f"sys.path.insert(0, {str(target)!r})\n"
        "import latchproof, latchproof_spec\n"
        f"assert latchproof.__file__.startswith({str(target)!r}), latchproof.__file__\n"
        f"assert latchproof_spec.__file__.startswith({str(target)!r}), latchproof_spec.__file__\n"
        "async def main():\n"
        "    barrier = latchproof.Barrier(2)\n"
        "    return await asyncio.gather(barrier.wait(), barrier.wait())\n"
        "print(asyncio.run(main()))\n"
        "from latchproof.cli.main import main\n"
        "print(main(['prove']))\n"
    )
    # -I -S: neither this checkout nor other installed packages
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["[0, 1]", "2"]
    assert 'this command needs rich, z3: pip install "latchproof[verify]"' in done.stderr
