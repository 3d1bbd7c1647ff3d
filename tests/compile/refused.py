"""Models that have no rules, each with the line that says why, and what is said of it."""

from __future__ import annotations

from pathlib import Path

from latchproof_spec.model import Cancelled, Model, choose, released, task, waiters, when


class Line(Model):
    """What these models share."""

    def __init__(self) -> None:
        self._open, self._count = False, 0

    def wait(self) -> None:
        when(self._open)


class Items(Model):
    def __init__(self) -> None:  # line of Items
        self._items: tuple[int, ...] = ()

    def get(self) -> None:
        when(self._items)


class Slots(Model):
    def __init__(self, size: int) -> None:
        self._size, self._taken = size, 0

    def put(self) -> None:
        when(self._taken < self._size)
        self._taken += 1

    def get(self) -> None:  # line of Slots
        when(self._taken > 0)
        self._taken -= 1


class Nothing(Model):
    def __init__(self) -> None:  # line of Nothing
        self._count = 0

    def release(self) -> None:
        self._count += 1


class Many(Model):
    def __init__(self) -> None:
        self._count = 0

    def take(self, n: int) -> None:  # line of Many
        when(self._count >= n)
        self._count -= n


class Chosen(Line):
    def open(self) -> None:
        self._open = choose(False, True)  # line of Chosen


class Owned(Line):
    def open(self) -> None:
        if task() == 0:  # line of Owned
            self._open = True


class Gone(Line):
    def open(self) -> None:
        for call in released():  # line of Gone
            call.raises(ValueError)


class Loops(Line):
    def open(self) -> None:
        while self._count > 0:  # line of Loops
            self._count -= 1


class Comprehends(Line):
    def open(self) -> None:
        self._count = len([one for one in waiters() if one.place])  # line of Comprehends


class Counts(Line):
    def open(self) -> None:
        for waiter in waiters():
            self._count += 1  # near the line of Counts
            waiter.returns()


class Listed(Line):
    def open(self) -> None:
        self._count = len(list(waiters()))  # line of Listed


class Divides(Line):
    def open(self) -> None:
        self._count = self._count // 2  # line of Divides


class Ranges(Line):
    def open(self) -> None:
        self._count += 1
        for _ in range(self._count):  # line of Ranges
            self._open = True


class Tells(Line):
    def open(self) -> None:
        for waiter in waiters():
            waiter.returns(waiter.place * 2)  # line of Tells


class Numbers(Line):
    def open(self) -> None:  # line of Numbers
        for waiter in waiters():
            waiter.returns(3 - waiter.place)


class Twice(Line):
    def open(self) -> None:
        others = waiters()
        for waiter in others:
            waiter.returns()
        for waiter in others:
            waiter.raises(ValueError)  # line of Twice


class Early(Line):
    def open(self) -> None:
        self._end_all()

    def _end_all(self) -> None:
        for waiter in waiters():  # near the line of Early
            waiter.returns()
            break


class Changes(Line):
    def wait(self) -> None:  # line of Changes
        self._count += 1
        when(self._open)


class Swallows(Line):
    def wait(self) -> None:  # line of Swallows
        try:
            when(self._open)
        except Cancelled:
            self._count += 1

    def open(self) -> None:
        self._open = True


class Grows(Line):
    def open(self) -> None:  # line of Grows
        self._open = True
        self._late = 1


class Becomes(Line):
    def open(self) -> None:  # line of Becomes
        self._open = self._count  # type: ignore[assignment]


class Misspelt(Line):
    def open(self) -> None:
        self._count += self._cuont  # type: ignore[attr-defined] # line of Misspelt


class Same(Line):
    def open(self) -> None:
        if self._open is True:  # line of Same
            self._open = True


class Texts(Line):
    def open(self) -> None:
        self._count += 1
        if f"{self._count}" == "3":  # line of Texts
            self._open = True


class Strings(Line):
    def open(self) -> None:
        self._count += 1
        if str(self._count) == "3":  # line of Strings
            self._open = True


class Depends(Line):
    def wait(self) -> None:
        when(self._open and len(waiters()) < 3)  # line of Depends

    def open(self) -> None:
        self._open = True


class Closes(Line):
    gives_back = {"wait": "back"}

    def back(self) -> None:
        self._count -= 1

    def close(self) -> None:
        for waiter in waiters():
            waiter.raises(ValueError)


WAITS_TOO = "get() waits as put() does: the proof knows one operation that waits"
REFUSED: dict[type[Model], tuple[str, str]] = {
    Items: ("line of Items", "self._items is a tuple: the proof knows ints and bools"),
    Slots: ("line of Slots", WAITS_TOO),
    Nothing: ("line of Nothing", "nothing waits: no operation says `when`"),
    Many: ("line of Many", "take() waits and has parameters, which tell the calls that wait apart"),
    Chosen: ("line of Chosen", "choose() was reached: that is checked, not proved"),
    Owned: ("line of Owned", "task() was reached: that is checked, not proved"),
    Gone: ("line of Gone", "released() was reached: that is checked, not proved"),
    Loops: ("line of Loops", "open() has a `while`, and a rule does not know how often it goes round"),
    Comprehends: ("line of Comprehends", "open() has a comprehension"),
    Counts: (
        "near the line of Counts",
        "open() has a `for` that does more than end each call: one run of it stands for all of them",
    ),
    Listed: ("line of Listed", "the calls that wait are only gone over by a `for` statement"),
    Divides: (
        "line of Divides",
        "open() cannot be run on symbols: TypeError: unsupported operand type(s) for //: 'SymInt' and 'int'",
    ),
    Ranges: (
        "line of Ranges",
        "a range is gone over that ends at a symbol: a rule does not know how often that is",
    ),
    Tells: (
        "line of Tells",
        "a waiter can be given its place, or a number less its place: nothing else is computed of it",
    ),
    Numbers: (
        "line of Numbers",
        "open() gives the calls that wait other numbers than their places, forwards or backwards",
    ),
    Twice: ("line of Twice", "the calls that wait are ended twice"),
    Early: (
        "near the line of Early",
        "_end_all() has a `for` that does more than end each call: one run of it stands for all of them",
    ),
    Changes: ("line of Changes", "wait() changes something before its `when`: check first, and change then"),
    Swallows: ("line of Swallows", "wait() has to raise Cancelled again where it is cancelled, and nowhere else"),
    Grows: ("line of Grows", "Grows has self._late in some states and not in others"),
    Becomes: ("line of Becomes", "self._open of Becomes is a bool at first, and not always"),
    Misspelt: (
        "line of Misspelt",
        "open() cannot be run on symbols: AttributeError: 'Misspelt' object has no attribute '_cuont'",
    ),
    Same: ("line of Same", "open() has an `is`, which no symbol has an answer to: compare with `==`"),
    Texts: (
        "line of Texts",
        "open() has an f-string that is not what a `when` says of itself: a symbol has no text",
    ),
    Strings: ("line of Strings", "open() has a call of str(), by which a symbol can be told from a number"),
    Depends: (
        "line of Depends",
        "a call that has waited counts the others when it continues, so it matters in which order they do",
    ),
    Closes: (
        "",
        "back() gives back what a call took, and close() has calls that wait raise, which took nothing: a rule does "
        "not tell them apart",
    ),
}


def line_of(refusal: str) -> str:
    """Return the line of this file that a refusal names, and the one before it."""
    place = refusal.partition(": ")[0]
    file, _, number = place.partition(":")
    if file != Path(__file__).name:
        return ""
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return "\n".join(lines[int(number) - 1 : int(number) + 1])
