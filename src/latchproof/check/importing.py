"""Finds what `MODULE:NAME` or `path/to/file.py:NAME` names, and imports it at arm's length.

Python puts a script's folder before the standard library. Here the target's folder comes right after it, so that a file
named `random.py` beside the target replaces neither what latchproof needs nor what its workers need. What a module does
to the interpreter while it is imported (it may exit, close a stream, or lower the recursion limit) is undone.
"""

import contextlib
import importlib
import importlib.util
import os
import signal
import site
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from latchproof.check.history import named
from latchproof.check.sandbox.forks import forks_ended
from latchproof.check.sandbox.interrupts import interrupts_told_apart, is_targets_own

_added: list[str] = []
"""The folders that were added to `sys.path`."""


class TargetError(Exception):
    """A target that cannot be loaded or driven; the message says what is wrong and what to do."""


def find(name: str) -> Any:
    """Return what a name of the form `MODULE:NAME` or `path/to/file.py:NAME` names.

    Raises TargetError if there is no such module or name.
    """
    module_name, separator, attribute = name.rpartition(":")
    if not separator or not module_name or not attribute:
        raise TargetError(f"{name!r} does not name a target; write MODULE:CLASS or path/to/file.py:CLASS")
    found = find_module(module_name)
    for part in attribute.split("."):
        if not has(found, part):
            raise TargetError(f"{module_name} has no {part!r}{similar(found, part)}")
        found = getattr(found, part)
    return found


def name_of(factory: Any) -> str | None:
    """Return the name, of the form that `find` takes, by which a process that starts here finds a class or a factory.

    It is None for what has no such name: a lambda, or a class that a function makes. A module that only this process
    can import, such as a test module of which pytest has added the folder to `sys.path`, is named as a file.

    >>> import asyncio
    >>> name_of(asyncio.Barrier), name_of(lambda: None)
    ('asyncio:Barrier', None)
    """
    name = str(attribute(factory, "__qualname__", None))
    packages = str(attribute(factory, "__module__", None)).split(".")
    modules = [".".join(packages[: depth + 1]) for depth in range(len(packages))]
    found = next((one for one in modules if _named_in(sys.modules.get(one), name) is factory), None)
    if found is None or factory is None:
        return None
    folder, file = Path(current_folder()), attribute(sys.modules[found], "__file__", None)
    if file is None or not Path(file).is_relative_to(folder):
        return f"{found}:{name}"
    path = Path(file).relative_to(folder)
    above = Path(file).parents[found.count(".") + (path.name == "__init__.py")]
    is_there = found != "__main__" and (above == folder or above in _own_path())
    return f"{found if is_there else path.as_posix()}:{name}"


def _named_in(module: Any, name: str) -> Any:
    """Return what a module has under a name with dots, None if it has nothing there."""
    for part in name.split("."):
        module = attribute(module, part, None)
    return module


def _own_path() -> set[Path]:
    """Return the folders that every process of this interpreter can import from."""
    packages = [Path(one) for one in (os.path.dirname(os.__file__), *site.getsitepackages())]
    lines = [
        line for folder in packages for file in folder.glob("*.pth") for line in file.read_text("utf-8").splitlines()
    ]
    named = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    return {*packages, *(Path(one).resolve() for one in (*lines, *named) if os.path.isdir(one))}


def find_module(name: str) -> Any:
    """Return the module that `MODULE` or `path/to/file.py` names; raise TargetError if there is none."""
    with exits_refused(), _process_kept(), interrupts_told_apart(), forks_ended():
        try:
            return _import(name)
        except TargetError as error:
            package, _, last = name.rpartition(".")
            if has(sys.modules.get(package), last):
                raise TargetError(f"{name} is not a module; write {package}:{last}") from error
            raise


@contextlib.contextmanager
def exits_refused() -> Iterator[None]:
    """Let `os._exit` raise SystemExit, as `sys.exit` does: it would end the command without a message."""
    end = os._exit
    refused = True

    def exit_or_raise(status: int) -> NoReturn:
        if refused:  # not later: a module may have kept this function
            raise SystemExit(f"os._exit({status})")
        end(status)

    os._exit = exit_or_raise
    try:
        yield
    finally:
        os._exit = end
        refused = False


def refuse_exits() -> Callable[[int], NoReturn]:
    """Let `os._exit` raise SystemExit until the process ends; return what still ends it."""
    end = os._exit

    def refuse(status: int) -> NoReturn:
        raise SystemExit(f"os._exit({status})")

    os._exit = refuse
    return end


@contextlib.contextmanager
def plain_path() -> Iterator[None]:
    """Let a process that is started begin without what was added to `sys.path`, and without its current directory."""
    before, is_safe = sys.path[:], os.environ.get("PYTHONSAFEPATH")
    sys.path[:] = [one for one in before if one not in _added]
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        sys.path[:] = before
        if is_safe is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = is_safe


def current_folder() -> str:
    """Return the current directory; raise TargetError if it has been deleted."""
    try:
        return os.getcwd()
    except OSError as error:
        raise TargetError(f"the current directory cannot be used: {error.strerror}") from error


def importable_from(folder: str) -> None:
    """Let modules of a folder be imported; those of the standard library come first."""
    if folder in sys.path:
        return
    library = os.path.dirname(os.__file__)
    places = [place for place, one in enumerate(sys.path) if one in (library, os.path.join(library, "lib-dynload"))]
    sys.path.insert(max(places, default=-1) + 1, folder)
    _added.append(folder)


@contextlib.contextmanager
def _process_kept() -> Iterator[None]:
    """Keep the standard streams open, and what a module must not change for us: the recursion limit, and Ctrl-C."""
    streams, limit = (sys.stdout, sys.stderr), sys.getrecursionlimit()
    handler = signal.getsignal(signal.SIGINT)
    sys.stdout, sys.stderr = (None if one is None else _KeptOpen(one) for one in streams)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams
        sys.setrecursionlimit(max(limit, sys.getrecursionlimit()))
        if threading.current_thread() is threading.main_thread() and handler is not None:
            signal.signal(signal.SIGINT, handler)


class _KeptOpen:
    """A stream that `close` leaves open."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def close(self) -> None:
        """Do nothing."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _import(module_name: str) -> Any:
    importable_from(current_folder())
    if module_name.startswith(".") and not module_name.endswith(".py"):
        raise TargetError(f"{module_name!r} is relative; write the module's full name, or path/to/file.py:CLASS")
    if module_name.endswith(".py"):
        return _import_file(module_name)
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and (module_name == error.name or module_name.startswith(f"{error.name}.")):
            raise TargetError(
                f"there is no module {error.name!r}; is it installed, or is it a file (then name it file.py:CLASS)?"
            ) from error
        raise TargetError(f"{module_name} cannot be imported: {error}") from error
    except BaseException as error:
        if not is_targets_own(error):
            raise
        raise TargetError(f"{module_name} cannot be imported: {_said(error)}") from error


def _import_file(name: str) -> Any:
    path = Path(name)
    if not path.is_file():
        raise TargetError(f"there is no file {name}")
    path = path.resolve()
    importable_from(str(path.parent))  # as for a script, whose neighbours can be imported
    try:
        return _run_file(path)
    except BaseException as error:
        if not is_targets_own(error):
            raise
        in_package = (path.parent / "__init__.py").is_file()
        if in_package and isinstance(error, ImportError) and "relative import" in str(error):
            return _import_from_package(path)
        raise TargetError(f"{name} cannot be run: {_said(error)}") from error


def _run_file(path: Path) -> ModuleType:
    """Run a file as a module that has the file's name, unless another module has that name already."""
    taken = sys.modules.get(path.stem)
    is_free = taken is None or getattr(taken, "__file__", None) == str(path)
    name = path.stem if is_free and path.stem not in sys.stdlib_module_names else f"{path.stem}_target"
    specification = importlib.util.spec_from_file_location(name, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    try:
        specification.loader.exec_module(module)
    except BaseException:
        if sys.modules.get(name) is module:
            del sys.modules[name]
        raise
    return module


def _import_from_package(path: Path) -> Any:
    """Import a file that imports relatively as the module of its package that it is."""
    parts, folder = [path.stem], path.parent
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    importable_from(str(folder))
    return _import(".".join(parts))


def _said(error: BaseException) -> str:
    """Return what a module raised, and which file it may have meant where another module of that name was imported."""
    module: Any = None
    if isinstance(error, ImportError):
        module = sys.modules.get(error.name or "")
    elif isinstance(error, AttributeError):
        module = error.obj
    return named(error) + (_namesake(module) if isinstance(module, ModuleType) else "")


def _namesake(module: ModuleType) -> str:
    name = module.__name__
    for folder in _added:
        file = os.path.join(folder, f"{name}.py")
        if os.path.isfile(file) and getattr(module, "__file__", None) != file:
            return f"; {file} has the name of a module that is imported in its place; rename the file"
    return ""


def has(instance: Any, name: str) -> bool:
    """Return whether an object has an attribute of that name, which may be impossible to read now."""
    try:
        return hasattr(instance, name)
    except Exception:  # it is there, and cannot be read now
        return True


def attribute(owner: Any, name: str, default: Any) -> Any:
    """Return an attribute of an object, or the default where it is absent or cannot be read."""
    try:
        return getattr(owner, name, default)
    except Exception:  # as a metaclass may raise
        return default


def similar(owner: Any, name: str) -> str:
    """Return a question after the names that are like one that is missing; "" if there are none."""
    import difflib

    close = difflib.get_close_matches(name, [one for one in dir(owner) if not one.startswith("_")], n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(close)}?" if close else ""
