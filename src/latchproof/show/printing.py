"""Lines and tables in a terminal: with colours where there is one, and as plain aligned text where there is none.

It imports rich; what is shared by files that are written without rich is in `words`.
"""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console as Console
from rich.table import Column, Table
from rich.text import Text

STYLES = {
    "holds": "green",
    "conforms": "green",
    "fails": "bold red",
    "breaks": "bold red",
    "inconclusive": "yellow",
    "not_run": "dim",
}
"""The colours of the words that a cell may begin with."""


def print_table(console: Console, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table, in which a cell that begins with a status has its colour."""
    if console.is_terminal:
        # few lines between columns, and words are folded rather than cut, so that all can be read at 80 columns
        columns = [Column(header, overflow="fold") for header in headers]
        table = Table(*columns, header_style="bold", box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
        for row in rows:
            table.add_row(*(_styled(cell) for cell in row))
        console.print(table)
        return
    widths = [max(len(str(row[column])) for row in [headers, *rows]) for column in range(len(headers))]
    for row in [headers, *rows]:
        say(console, "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


def say(console: Console, line: str = "", style: str | None = None) -> None:
    """Print a line as it stands; it is not wrapped where the output goes to a file."""
    console.print(line, style=style, markup=False, emoji=False, highlight=False, soft_wrap=True)


def count_of(number: int, unit: str) -> str:
    """Return a number with its unit.

    >>> count_of(1, "schedule"), count_of(12345, "schedule")
    ('1 schedule', '12,345 schedules')
    """
    return f"{number:,} {unit}{'' if number == 1 else 's'}"


def _styled(cell: str) -> Text:
    text = Text(cell)
    text.stylize(STYLES.get(cell.split(" ", 1)[0], ""))
    return text
