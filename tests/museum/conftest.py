"""Print a line for each exhibit at the end of a run."""

from __future__ import annotations

import pytest

collect_ignore = ["adapters", "models"]  # each needs a package that is installed only in its own environment


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lines = [
        str(value)
        for report in terminalreporter.getreports("passed")
        for name, value in getattr(report, "user_properties", ())
        if name == "museum" and report.when == "call"
    ]
    if lines:
        terminalreporter.section("the museum")
        for line in lines:
            terminalreporter.write_line(line)
