"""A fixture for other people's suites: `latchproof_conforms(MyBarrier)` fails a test with the shortest counterexample.

pytest finds it where latchproof is installed. Nothing of the kit is imported until a test calls it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from latchproof.check.verdict import Verdict


class Conforms:
    """Checks a latch or barrier, and fails the test unless it conforms."""

    def __call__(self, target: Any, **options: Any) -> Verdict:
        """The verdict, if the target conforms; `options` are those of `latchproof.testing.check`.

        A counterexample fails the test, and so does a check that is inconclusive, with what `latchproof check` prints.
        """
        __tracebackhide__ = True
        from latchproof.show.terminal import verdict_text
        from latchproof.testing import check

        verdict = check(target, **options)
        if verdict.exit_code:
            pytest.fail(verdict_text(verdict), pytrace=False)
        return verdict


@pytest.fixture(scope="session")
def latchproof_conforms() -> Conforms:
    """Call it with a class, a factory or "MODULE:NAME", and with options of latchproof.testing.check."""
    return Conforms()
