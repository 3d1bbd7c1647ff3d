"""Lines and tables in a terminal: folded to its width and with colours; in a file, as they stand and without.

It imports rich; what is shared by files that are written without rich is in `words`, and how text is fitted to a width
in `layout`.
"""

from collections.abc import Iterable, Sequence

from rich.console import Console as Console
from rich.text import Text

from latchproof.show import layout

STYLES = {
    "holds": "green",
    "conforms": "green",
    "fails": "bold red",
    "breaks": "bold red",
    "inconclusive": "yellow",
    "not_run": "dim",
}
"""The colours of the words that a cell may begin with."""

LABEL = 10
"""Width of the labels of lines, in columns."""


def width_of(console: Console) -> int:
    """Return how wide a line may be."""
    return console.width if console.is_terminal else layout.UNFOLDED


def say(console: Console, text: str = "", style: str | None = None, hang: int = 4) -> None:
    """Print lines. In a terminal they are folded, and what is folded is indented by `hang`."""
    for line in text.split("\n"):
        _print(console, layout.fold(line, width_of(console), hang), style)


def say_labelled(console: Console, label: str, text: str, style: str | None = None, hang: int = 0) -> None:
    """Print a line that begins with a label, under which no folded line begins, but `hang` columns further right."""
    say(console, f"{label:<{LABEL}}{text}", style, LABEL + hang)


def say_command(console: Console, text: str, style: str | None = None) -> None:
    """Print a line that ends in a command, which can be copied also where it is folded."""
    _print(console, layout.fold_command(text, width_of(console), 8), style)


def print_table(console: Console, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table, in which a cell that begins with a status has its colour.

    Cells are folded only if no smaller gap between the columns avoids that. If the terminal is too narrow for the
    columns, each row is a paragraph.
    """
    width = width_of(console)
    narrowed = [(gap, layout.table([headers, *rows], width - gap * (len(headers) - 1), headings=0)) for gap in (2, 1)]
    tables = [(gap, lines) for gap, lines in narrowed if lines is not None]
    unfolded = [(gap, lines) for gap, lines in tables if all(len(row) == 1 for row in lines)]
    if tables:
        gap, lines = (unfolded or tables)[0]
        _print_lines(console, lines, [["bold"] * len(headers), *([_style(cell) for cell in row] for row in rows)], gap)
        return
    for row in rows:
        named = [f"{header} {cell}" for header, cell in zip(headers[1:], row[1:], strict=True) if cell]
        say(console, f"{row[0]}: {'; '.join(named)}")


def _print_lines(console: Console, rows: list[list[list[str]]], styles: list[list[str]], gap: int) -> None:
    for number, (row, of_row) in enumerate(zip(rows, styles, strict=True)):
        for line in row:
            text = Text()
            for column, (cell, style) in enumerate(zip(line, of_row, strict=True)):
                last = column == len(line) - 1
                text.append(cell.rstrip(), style)
                text.append("" if last else " " * (gap + len(cell) - len(cell.rstrip())))
            text.rstrip()
            console.print(text, soft_wrap=True)
        if number == 0 and console.is_terminal:
            console.print("─" * sum(map(len, row[0]), gap * (len(row[0]) - 1)), soft_wrap=True)


def _print(console: Console, lines: Iterable[str], style: str | None) -> None:
    for line in lines:
        console.print(line, style=style, markup=False, emoji=False, highlight=False, soft_wrap=True)


def _style(cell: str) -> str:
    return STYLES.get(cell.split(" ", 1)[0], "")
