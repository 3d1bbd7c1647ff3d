"""The pytest plugin: `latchproof_conforms(MyBarrier)` fails a test with the shortest counterexample.

pytest finds it where latchproof is installed. Nothing of the kit is imported until a test calls it. The options stand
in `[tool.latchproof]` of pyproject.toml. A flag replaces an option of that table, and an argument of a test both.
"""

from __future__ import annotations

import tomllib
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from latchproof.check.verdict import Verdict

WORDS = {"host": "the event loop", "policy": "the policy to judge by", "scheduler": "exhaustive, random or pct"}
"""Options of a check that are texts, with their help."""

NUMBERS = {
    "tasks": "calls at once",
    "calls": "calls in all",
    "cancels": "cancellations",
    "argument": "what the constructor is given, such as a barrier's parties",
    "schedules": "how many schedules to run",
}
"""Options of a check that are whole numbers, with their help: mostly its bounds."""

SWITCHES = {
    "claims": "repeat tests that take latchproof_target for each claim of the target",
    "slow": "run tests that are marked latchproof_slow",
}
"""Options of the plugin that are true or false, with their help."""

SETTINGS = pytest.StashKey[dict[str, Any]]()


@dataclass(frozen=True)
class Asked:
    """A target that the options name, and the claim that a test is about, None if it is about all."""

    name: str
    claim: str | None = None

    def __str__(self) -> str:
        return self.name if self.claim is None else f"{self.name}-{self.claim}"


class Conforms:
    """Checks a class, and fails the test unless it conforms. `settings` are options that a test need not give."""

    def __init__(self, settings: dict[str, Any] | None = None) -> None:
        self.settings = settings or {}
        self._verdicts: dict[str, Verdict] = {}

    def __call__(self, target: Any, **options: Any) -> Verdict:
        """Return the verdict, if the target conforms; `options` are those of `latchproof.testing.check`.

        A counterexample fails the test, and so does a check that is inconclusive or cannot be made, with what
        `latchproof check` prints. Of a target that conforms that is printed too, and pytest shows it where it is asked
        to (`-rP`).
        """
        __tracebackhide__ = True
        options = self.settings | options
        if isinstance(target, Asked) and target.claim is not None:
            return self._conforms_to(target.claim, target.name, options)
        verdict = self._checked(target.name if isinstance(target, Asked) else target, options)
        from latchproof.show.terminal import as_text

        text = as_text(verdict)
        if verdict.exit_code:
            pytest.fail(text, pytrace=False)
        print(text)
        return verdict

    def _conforms_to(self, claim: str, name: str, options: dict[str, Any]) -> Verdict:
        """Return the verdict if one claim holds; all claims of a target are judged by one check."""
        __tracebackhide__ = True
        key = f"{name} {sorted(options.items())}"
        if key not in self._verdicts:
            self._verdicts[key] = self._checked(name, options)
        verdict = self._verdicts[key]
        from latchproof.show.terminal import as_text

        for trace in verdict.traces:
            if trace.claim == claim:
                pytest.fail(as_text(trace), pytrace=False)
        if verdict.exit_code == 1:
            broken = ", ".join(verdict.reported.failures)
            pytest.skip(f"inconclusive: runs that broke {broken} ended early, so nothing more is known of {claim}")
        if verdict.exit_code:
            pytest.fail(as_text(verdict), pytrace=False)
        if claim not in verdict.reported.exercised:
            pytest.skip(f"inconclusive: {claim} never had a chance to fail within these bounds")
        return verdict

    def _checked(self, target: Any, options: dict[str, Any]) -> Verdict:
        """Return the verdict; fail the test with one sentence if the check cannot be made."""
        __tracebackhide__ = True
        from latchproof.check.extras import require
        from latchproof.check.target import TargetError
        from latchproof.testing import check

        try:
            require("rich", what="the fixture latchproof_conforms")
            return check(target, **options)
        except TargetError as error:
            why = str(error)
        pytest.fail(f"latchproof: {why}", pytrace=False)


@pytest.fixture(scope="session")
def latchproof_conforms(pytestconfig: pytest.Config) -> Conforms:
    """Return a function of a class, a factory or "MODULE:NAME", and of options of latchproof.testing.check."""
    settings = pytestconfig.stash[SETTINGS]
    return Conforms({name: settings[name] for name in (*WORDS, *NUMBERS) if settings.get(name) is not None})


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add a flag for each option."""
    group = parser.getgroup("latchproof")
    for name, what in WORDS.items():
        group.addoption(f"--latchproof-{name}", metavar="NAME", help=what)
    for name, what in NUMBERS.items():
        group.addoption(f"--latchproof-{name}", type=int, metavar="N", help=what)
    for name, what in SWITCHES.items():
        group.addoption(f"--latchproof-{name}", action="store_true", default=None, help=what)
    group.addoption(
        "--latchproof-target", action="append", metavar="MODULE:NAME", dest="latchproof_targets",
        help="repeat tests that take latchproof_target for this target; may be given several times",
    )  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """Read the options; raise UsageError if one is unknown or has a wrong type."""
    config.addinivalue_line("markers", "latchproof_slow: runs only with --latchproof-slow, or slow = true")
    settings = _in_file(config.rootpath)
    for name in (*WORDS, *NUMBERS, *SWITCHES, "targets"):
        given = config.getoption(f"latchproof_{name}")
        if given is not None:
            settings[name] = given
    config.stash[SETTINGS] = settings


def _in_file(folder: Path) -> dict[str, Any]:
    """Return the options that the pyproject.toml of a folder gives."""
    path = folder / "pyproject.toml"
    if not path.is_file():
        return {}
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("latchproof", {})
    except tomllib.TOMLDecodeError as error:
        raise pytest.UsageError(f"{path}: {error}") from None
    types = dict.fromkeys(WORDS, str) | dict.fromkeys(NUMBERS, int) | dict.fromkeys(SWITCHES, bool) | {"targets": list}
    for name, value in table.items():
        if name not in types:
            raise pytest.UsageError(f"{path}: [tool.latchproof] has no option {name!r}; there are {', '.join(types)}")
        texts = value if isinstance(value, list) else []
        if type(value) is not types[name] or not all(isinstance(one, str) for one in texts):
            what = {str: "a text", int: "a whole number", bool: "true or false", list: "a list of MODULE:NAME"}
            raise pytest.UsageError(f"{path}: [tool.latchproof] {name} is {value!r}, not {what[types[name]]}")
    return dict(table)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each target, or of each of its claims."""
    if "latchproof_target" not in metafunc.fixturenames:
        return
    settings = metafunc.config.stash[SETTINGS]
    asked = [Asked(name) for name in settings.get("targets", ())]
    if not asked:  # pytest would skip the test
        raise pytest.Collector.CollectError(
            "latchproof_target: name a target, by --latchproof-target MODULE:NAME or targets in [tool.latchproof]"
        )
    if settings.get("claims"):
        asked = [Asked(one.name, claim) for one in asked for claim in _claims_of(one.name)]
    metafunc.parametrize("latchproof_target", asked, ids=str)


def _claims_of(name: str) -> list[str]:
    """Return the claims that are about a target, and that a check can find broken."""
    from latchproof.check.target import TargetError, load

    try:
        return [claim.id for claim in load(name).kind.claims if not claim.unobservable]
    except TargetError as error:
        raise pytest.Collector.CollectError(f"latchproof: {error}") from None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip the tests that are marked as slow, unless they are asked for."""
    if not config.stash[SETTINGS].get("slow"):
        for item in items:
            if item.get_closest_marker("latchproof_slow") is not None:
                item.add_marker(pytest.mark.skip(reason="marked latchproof_slow; run it with --latchproof-slow"))


@pytest.hookimpl(hookwrapper=True)  # which pytest 7 knows too
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Generator[None, Any, None]:
    """Show the counterexample of a state machine alone: no line of the traceback is the reader's own."""
    outcome = yield
    if call.excinfo is not None and getattr(error := call.excinfo.value, "is_shown_alone", False):
        notes = [note for note in getattr(error, "__notes__", ()) if not note.startswith("Explanation:")]
        alone = pytest.fail.Exception("\n".join([str(error), "", *notes]), pytrace=False)
        alone.__traceback__ = error.__traceback__
        outcome.get_result().longrepr = item.repr_failure(pytest.ExceptionInfo.from_exception(alone))
