"""A pytest fixture: `latchproof_conforms(MyBarrier)` fails a test with the shortest counterexample.

pytest finds it where latchproof is installed. Nothing of the kit is imported until a test calls it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from latchproof.check.verdict import Verdict


class Conforms:
    """Checks a class, and fails the test unless it conforms."""

    def __call__(self, target: Any, **options: Any) -> Verdict:
        """Return the verdict, if the target conforms; `options` are those of `latchproof.testing.check`.

        A counterexample fails the test, and so does a check that is inconclusive, with what `latchproof check` prints.
        Of a target that conforms that is printed too, and pytest shows it where it is asked to (`-rP`).
        """
        __tracebackhide__ = True
        from latchproof.show.terminal import as_text
        from latchproof.testing import check

        verdict = check(target, **options)
        text = as_text(verdict)
        if verdict.exit_code:
            pytest.fail(text, pytrace=False)
        print(text)
        return verdict


@pytest.fixture(scope="session")
def latchproof_conforms() -> Conforms:
    """Return a function of a class, a factory or "MODULE:NAME", and of options of latchproof.testing.check."""
    return Conforms()
