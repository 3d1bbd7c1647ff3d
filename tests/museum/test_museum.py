"""`latchproof check` finds every exhibit without a scenario, and the standalone reproduction of each fails."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from tests.museum import environments
from tests.museum.exhibits import Clearance, Exhibit, Subject, clearances, exhibits, pythons
from tests.museum.visit import Acquittal, Visit, acquit, counted, visit

pytestmark = pytest.mark.museum
HERE = ".".join(map(str, sys.version_info[:3]))


def _cases() -> list[object]:
    """Return the visits: an exhibit of the standard library on every interpreter found, any other on one."""
    return [
        pytest.param(release, minor, id=f"{release.id}-{minor}" if minor else release.id)
        for exhibit in exhibits()
        for release in exhibit.releases
        for minor in (exhibit.pythons or pythons() if exhibit.is_of_the_standard_library else [exhibit.python])
    ]


def _versions(minor: str) -> list[str]:
    """Return every interpreter found of a minor version, or this one if no version is given."""
    found = environments.of_minor(minor) if minor else [HERE]
    if not found:
        pytest.skip(f"CPython {minor} is not found here, so this was not checked on it")
    return found


_UNDER_WAY: dict[tuple[str, str], Future[Any]] = {}
"""The checks, by what is checked and the version of CPython."""


@pytest.fixture(scope="session", autouse=True)
def _checks(request: pytest.FixtureRequest) -> Iterator[None]:
    """Make the environments of everything to check, then check in the order of the tests, two at a time."""
    wanted: dict[tuple[str, str], Subject] = {}
    for item in request.session.items:
        parameters = getattr(getattr(item, "callspec", None), "params", {})
        subject = parameters.get("exhibit") or parameters.get("clearance")
        if isinstance(subject, Subject):
            minor = parameters.get("minor", subject.python)
            found = environments.of_minor(minor) if minor else [HERE]
            for version in found if subject.is_of_the_standard_library else found[-1:]:
                wanted[subject.id, version] = subject
    environments.prepare({(version, one.requirements, one.dependencies) for (_, version), one in wanted.items()})
    with ThreadPoolExecutor(2) as pool:
        for (name, version), one in wanted.items():
            check: Callable[[Any, str], Any] = visit if isinstance(one, Exhibit) else acquit
            _UNDER_WAY[name, version] = pool.submit(check, one, version)
        yield
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize(("exhibit", "minor"), _cases())
def test_an_exhibit_is_found(exhibit: Exhibit, minor: str, record_property: Callable[[str, object], None]) -> None:
    versions = _versions(minor)
    for python in versions if exhibit.is_of_the_standard_library else versions[-1:]:
        seen: Visit = _UNDER_WAY[exhibit.id, python].result()
        assert seen.exit_code == 1
        assert {*(() if exhibit.of_the_host else (exhibit.claim,)), *exhibit.also} <= set(seen.broken)
        size = (seen.run.argument, seen.run.count("begin"), seen.run.cancellations)
        assert size == (exhibit.argument, exhibit.calls, exhibit.cancellations)
        if exhibit.unreproduced:
            assert not seen.reproduction
            assert exhibit.unreproduced in seen.reproduction_output
            reproduced = f"no standalone reproduction: {exhibit.unreproduced}"
        else:
            assert seen.reproduction_fails, seen.reproduction_output
            reproduced = "the standalone reproduction fails"
        record_property(
            "museum",
            f"{exhibit.title} (CPython {seen.python}): {exhibit.claim} in {counted(size[1], 'call')} and "
            f"{counted(size[2], 'cancellation')}, {counted(seen.run.steps, 'step')}, after "
            f"{seen.verdict['schedules']:,} schedules; {reproduced}",
        )


@pytest.mark.parametrize("clearance", clearances(), ids=lambda one: one.id)
def test_nothing_is_found_in(clearance: Clearance, record_property: Callable[[str, object], None]) -> None:
    seen: Acquittal = _UNDER_WAY[clearance.id, _versions(clearance.python)[-1]].result()
    assert seen.exit_code == 0
    record_property(
        "museum",
        f"{clearance.package} {clearance.version}, {clearance.target}: nothing found in "
        f"{seen.verdict['schedules']:,} schedules",
    )
