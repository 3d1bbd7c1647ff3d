"""Text fitted to a width: paragraphs with hanging indents, and tables. No line breaks inside a word.

Everything that a terminal shows is fitted here. It knows neither consoles nor colours, which are in `printing`, and
imports neither rich nor anything of the kit.

A table that is too wide loses width where that makes the fewest additional lines: one column after the other is folded
at its words, until the table fits, or until every column is as narrow as its longest word.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

LANE = "|"
"""A cell that is drawn to the height of its row: a call that is under way."""

UNFOLDED = 10**6
"""Width of what is not folded, in columns."""

_SPACES = re.compile(r"(?=\s(?!s\b)\S)")  # "4.4 s" stays together
_HYPHENS_TOO = re.compile(rf"{_SPACES.pattern}|(?<=[a-z]-)(?=[a-z])")
_WORDS_OF_A_SHELL = re.compile(r"\s*(?:'[^']*'|\S)+")


def fold(text: str, width: int, hang: int = 0) -> list[str]:
    """Return a text in lines at most `width` wide, of which all but the first are indented by `hang`.

    >>> fold("the shortest run", 10, hang=2)
    ['the', '  shortest', '  run']
    """
    return [text] if len(text) <= width else _joined(_SPACES.split(text.rstrip()), width, hang)


def fold_command(text: str, width: int, hang: int = 0) -> list[str]:
    r"""Return a line that ends in a command, in lines that a shell reads as one.

    >>> print(*fold_command("again: latchproof replay '1:w. c.' mine.py:Latch", 32, hang=4), sep="\n")
    again: latchproof replay \
        '1:w. c.' mine.py:Latch
    """
    if len(text) <= width:
        return [text]
    lines = _joined(_WORDS_OF_A_SHELL.findall(text), width - 2, hang)
    return [*(f"{line} \\" for line in lines[:-1]), lines[-1]]


def _joined(parts: Sequence[str], width: int, hang: int) -> list[str]:
    """Return lines of these parts, each of which begins with the space that is before it."""
    lines, line = [], ""
    for part in parts:
        if line.strip() and len(line) + len(part.rstrip()) > width:
            lines.append(line.rstrip())
            line = " " * hang + part.lstrip()
        else:
            line += part
    return [*lines, line.rstrip()]


@lru_cache(maxsize=4096)
def _cell(text: str, width: int) -> tuple[str, ...]:
    """Return a cell in lines. It may break after a hyphen, too."""
    return tuple(line for one in text.split("\n") for line in _joined(_HYPHENS_TOO.split(one.rstrip()), width, 0))


def table(rows: Sequence[Sequence[str]], width: int, headings: int = 1) -> list[list[list[str]]] | None:
    """Return the lines of each row, and the padded cells of each line; None if the table is wider than that.

    The first rows are `headings`, which are not folded.

    >>> for row in table([["call", "state"], ["wait()", "1 waiting, whole"]], 18):
    ...     print(row)
    [['call  ', 'state     ']]
    [['wait()', '1 waiting,'], ['      ', 'whole     ']]
    """
    columns = [list(column) for column in zip(*rows, strict=True)]
    widths = [max(len(line) for cell in column for line in _cell(cell, UNFOLDED)) for column in columns]
    least = [max(map(len, column[:headings]), default=0) for column in columns]
    while sum(widths) > width:
        narrower = [_narrower(column, width) for column, width in zip(columns, widths, strict=True)]
        able = [n for n, one in enumerate(narrower) if least[n] <= one < widths[n]]
        if not able:
            return None
        best = min(able, key=lambda n: _cost(columns, widths, n, narrower[n], sum(widths) - width))
        widths[best] = narrower[best]
    return [_lines(row, widths) for row in rows]


def _narrower(column: Sequence[str], width: int) -> int:
    """Return the next smaller width that makes a difference to a column."""
    return max(len(line) for cell in column for line in _cell(cell, width - 1))


def _cost(columns: Sequence[Sequence[str]], widths: Sequence[int], n: int, narrower: int, excess: int) -> float:
    """Return how many lines it adds, for each character of the excess that it saves, to make a column narrower."""
    before, after = _heights(columns, widths), _heights(columns, [*widths[:n], narrower, *widths[n + 1 :]])
    return (sum(after) - sum(before)) / min(widths[n] - narrower, excess)


def _heights(columns: Sequence[Sequence[str]], widths: Sequence[int]) -> list[int]:
    cells = ([len(_cell(cell, width)) for cell in column] for column, width in zip(columns, widths, strict=True))
    return [max(row) for row in zip(*cells, strict=True)]


def _lines(row: Sequence[str], widths: Sequence[int]) -> list[list[str]]:
    folded = [_cell(cell, width) for cell, width in zip(row, widths, strict=True)]
    height = max(map(len, folded))
    filled = [one * height if one == (LANE,) else (*one, *[""] * (height - len(one))) for one in folded]
    return [
        [f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)] for line in zip(*filled, strict=True)
    ]
