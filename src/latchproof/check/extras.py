"""Which extra of the distribution installs a package, and the message where a package is missing."""

from importlib.util import find_spec

from latchproof.check.importing import TargetError

EXTRAS = {"rich": "check", "shtab": "check", "hypothesis": "fuzz", "crosshair": "verify", "z3": "verify"}
"""The smallest extra that installs each package; each extra includes those before it."""


def require(*packages: str, what: str = "this command") -> None:
    """Raise TargetError, which names the smallest extra that has all packages, unless they are installed."""
    if missing := [name for name in packages if not _is_installed(name)]:
        extras = list(dict.fromkeys(EXTRAS.values()))
        extra = max((EXTRAS[name] for name in packages), key=extras.index)
        raise TargetError(f'{what} needs {", ".join(missing)}: pip install "latchproof[{extra}]"')


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ValueError:  # its import is blocked: `sys.modules` has None in its place
        return False
