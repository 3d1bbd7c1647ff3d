"""Plots the ratios of the runtime, or how a check grows: python -m benchmarks.plot RESULTS.json PLOT.svg

Results of `benchmarks.growth` are known by the name of their file, which begins with "growth".
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt

from benchmarks.results import Row, read

BENCHMARKS = ("barrier wait", "latch park and release")
HOSTS = ("asyncio", "uvloop", "trio", "flowno")


def draw(rows: list[Row], path: Path) -> None:
    """Draw each contender over the limit, by the number of tasks; one panel for each Python, benchmark and host."""
    shown = [row for row in rows if row.key.over == "limit" and row.key.benchmark in BENCHMARKS]
    pythons = sorted({row.key.python for row in shown})
    contenders = sorted({row.key.contender for row in shown}, key=lambda name: (name != "latchproof", name))
    palette = plt.get_cmap("tab10")
    colour = {name: "black" if name == "latchproof" else palette(i % 10) for i, name in enumerate(contenders)}
    lines = [(python, benchmark) for python in pythons for benchmark in BENCHMARKS]
    figure, panels = plt.subplots(
        len(lines), len(HOSTS), figsize=(14, 3 * len(lines)), sharex=True, sharey=True, squeeze=False
    )
    for (python, benchmark), panels_of_line in zip(lines, panels, strict=True):
        for host, panel in zip(HOSTS, panels_of_line, strict=True):
            panel.set_title(f"{benchmark}, {host}, CPython {python}", fontsize=8)
            panel.axhline(1, color="grey", linewidth=0.8, linestyle=":")
            for contender in contenders:
                those = sorted(
                    (
                        row
                        for row in shown
                        if row.key[:3] == (python, host, benchmark) and row.key.contender == contender
                    ),
                    key=lambda row: row.key.n,
                )
                if those:
                    panel.errorbar(
                        [row.key.n for row in those],
                        [row.ratio.median for row in those],
                        yerr=[
                            [row.ratio.median - row.ratio.low for row in those],
                            [row.ratio.high - row.ratio.median for row in those],
                        ],
                        color=colour[contender],
                        linewidth=2 if contender == "latchproof" else 1,
                        marker="o",
                        markersize=3,
                    )
            panel.set_xscale("log")
            panel.set_yscale("log")
            panel.set_yticks([1, 1.5, 2, 3, 5, 8], ["1", "1.5", "2", "3", "5", "8"], minor=False)
            panel.minorticks_off()
            panel.tick_params(labelsize=7)
    handles = [plt.Line2D([], [], color=colour[name], marker="o", markersize=3, label=name) for name in contenders]
    figure.legend(handles=handles, loc="lower center", ncol=5, fontsize=8)
    figure.supxlabel("tasks", fontsize=8, y=0.06)
    figure.supylabel("thread CPU time over that of a bare suspension (median and quartiles)", fontsize=8)
    figure.tight_layout(rect=(0.01, 0.07, 1, 1))
    _save(figure, path)


def draw_growth(results: dict[str, Any], path: Path) -> None:
    """Draw the numbers of schedules and runs, and the seconds of each way; one column for each bound that grows."""
    series = list(dict.fromkeys(point["series"] for point in results["points"]))
    figure, panels = plt.subplots(2, len(series), figsize=(12, 6.4), sharex="col", sharey="row", squeeze=False)
    start = min(results["starts"])
    for name, counts, seconds in zip(series, *panels, strict=True):
        points = [point for point in results["points"] if point["series"] == name]
        values = [point["value"] for point in points]
        _line(counts, values, [point["schedules"] for point in points], "schedules", "grey", "--")
        _line(counts, values, [point["runs"] for point in points], "runs with the reductions", "black")
        for number, way in enumerate(points[0]["reduced"]):
            colour = f"C{number}"
            reduced, whole = ([_fastest(point[kind], way) for point in points] for kind in ("reduced", "whole"))
            _line(seconds, values, whole, f"{way}, every schedule", colour, "--")
            _line(seconds, values, reduced, way, colour)
            if "cluster" in way:
                _line(seconds, values, [start + (one or 0) for one in reduced], f"{way}, with its start", colour, ":")
        seconds.set_xlabel(name, fontsize=8)
        seconds.set_xticks(values)
        for panel in (counts, seconds):
            panel.set_yscale("log")
            panel.tick_params(labelsize=7)
    panels[0][0].set_ylabel("number", fontsize=8)
    panels[1][0].set_ylabel(f"seconds (fastest of {len(results['starts'])} rounds)", fontsize=8)
    for line in panels:
        line[0].legend(fontsize=6)
    figure.suptitle(
        f"Checking a latch that suspends: CPython {results['python']}, {results['cores']} cores, load "
        f"{min(results['load']):.0f} to {max(results['load']):.0f}. Dashed: without reductions, measured up to "
        f"{results['most']:,} schedules.",
        fontsize=9,
    )
    figure.tight_layout()
    _save(figure, path)


def _line(
    panel: Any, values: list[int], numbers: Sequence[float | None], label: str, colour: str, style: str = "-"
) -> None:
    shown = [(value, number) for value, number in zip(values, numbers, strict=True) if number is not None]
    panel.plot(
        *zip(*shown, strict=True), marker="o", markersize=3, linewidth=1.2, color=colour, linestyle=style, label=label
    )


def _fastest(measured: dict[str, list[float]], way: str) -> float | None:
    return min(measured[way]) if measured else None


def _save(figure: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("plot", type=Path)
    given = parser.parse_args()
    mpl.rcParams["svg.hashsalt"] = "latchproof"
    mpl.rcParams["svg.fonttype"] = "none"
    if given.results.name.startswith("growth"):
        draw_growth(json.loads(given.results.read_text(encoding="utf-8")), given.plot)
    else:
        draw(read(given.results), given.plot)


if __name__ == "__main__":
    main()
