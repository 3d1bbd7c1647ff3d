"""Plots of the ratios, of the runtime and of growth: python -m benchmarks.plot RESULTS.json PLOT.svg GROWTH.svg

The same ratios give the same files.
"""

from __future__ import annotations

import argparse
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


def draw_growth(rows: list[Row], path: Path) -> None:
    """Draw how much work there is, how much of it is done, and what that costs; one panel for each bound that grows."""
    shown = [row for row in rows if row.key.host == "growth"]
    series = sorted({row.key.benchmark for row in shown if row.key.over == "one"}, reverse=True)
    if not series:
        return
    python = max(row.key.python for row in shown)
    figure, panels = plt.subplots(1, len(series), figsize=(3.2 * len(series), 3.6), squeeze=False)
    for benchmark, panel in zip(series, panels[0], strict=True):
        unit, _, name = benchmark.partition(": ")
        lines = {
            f"{unit} in all": (benchmark, "without reduction", "one"),
            f"{unit} gone through": (benchmark, "latchproof", "one"),
            "CPU time, over that of the smallest": (f"cost: {name}", "latchproof", "the smallest bound"),
        }
        for label, (of_benchmark, contender, over) in lines.items():
            those = sorted(
                (
                    row
                    for row in shown
                    if (row.key.benchmark, row.key.contender, row.key.over) == (of_benchmark, contender, over)
                    and row.key.python == python
                ),
                key=lambda row: row.key.n,
            )
            numbers, medians = [row.key.n for row in those], [row.ratio.median for row in those]
            style = ":" if over == "the smallest bound" else "-"
            panel.plot(numbers, medians, marker="o", markersize=3, linewidth=1.2, linestyle=style, label=label)
        panel.set_yscale("log")
        panel.set_xlabel(name, fontsize=8)
        panel.set_xticks(sorted({row.key.n for row in shown if row.key.benchmark == benchmark}))
        panel.tick_params(labelsize=7)
        panel.legend(fontsize=6)
    figure.suptitle(f"What a bound costs, CPython {python}", fontsize=9)
    figure.tight_layout()
    _save(figure, path)


def _save(figure: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("plot", type=Path)
    parser.add_argument("growth", type=Path)
    given = parser.parse_args()
    mpl.rcParams["svg.hashsalt"] = "latchproof"
    mpl.rcParams["svg.fonttype"] = "none"
    rows = read(given.results)
    draw(rows, given.plot)
    draw_growth(rows, given.growth)


if __name__ == "__main__":
    main()
