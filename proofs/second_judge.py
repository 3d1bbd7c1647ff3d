"""What the judge of `latchproof check` and the one that is proved in Coq say of the same histories.

The second judge is a program that was extracted from `proofs/coq/Judges.v`. It is told numbers: events are written down
here by the rules of the histories in `proofs/coq/Histories.v`, without the code of the first judge. Histories are kept
as trees, so that what many share is judged once.
"""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

from latchproof.check.automaton import Automata
from latchproof.check.history import Begin, End, Event, Finding, Observe, Request, Rest, TimePasses
from latchproof.check.judge import Judge
from latchproof.check.machine_specification import MachineSpecification
from latchproof.check.specification import Specification
from latchproof.check.values import LEADS
from latchproof.export.coq import LIBRARY
from latchproof.export.coq_theorems import CLOSED, CoqError, run_coq

COMPILER: Final = ("ocamlfind", "ocamlopt", "-w", "-a")
"""Makes the program. Warnings are off: the text is extracted."""

EXACT: Final = ("BarrierJudge.exact", "LatchJudge.exact")
"""The theorems that it accepts a history exactly if some run of the system shows it."""

MAIN: Final = Path(__file__).parent / "coq" / "second_judge_main.ml"
"""What reads events and prints verdicts."""

ERRORS: Final = (
    "ValueError", "TypeError", "RuntimeError", "IndexError", "LatchInUseError", "ZeroLatchError", "BrokenBarrierError",
)  # fmt: skip
"""The errors of the rules, in the order of `errors` in Judges.v."""

FAMILIES: Final[dict[str, type[Exception]]] = {
    "ValueError": ValueError,
    "TypeError": TypeError,
    "RuntimeError": RuntimeError,
    "LatchInUseError": RuntimeError,
    "ZeroLatchError": RuntimeError,
}
"""As which class, or one that inherits from it, an error may be raised."""

NUMBERS: Final = {"barrier": 0, "latch": 1}
"""The machines that the second judge knows, by the numbers that its program has for them."""

Token: TypeAlias = tuple[str, ...]
"""An event, or what is judged by, as the second judge is told it."""


class UncoveredError(Exception):
    """The second judge does not know what the event is about."""


@dataclass
class Node:
    """A history, by what may follow it: each next event, whether the first judge allows it, and what is after it."""

    after: dict[Token, tuple[bool, Node]] = field(default_factory=dict)

    def follow(self, token: Token, *, allowed: bool) -> tuple[bool, Node]:
        """Return whether the first judge allowed the event when it was first told of it, and what is after it."""
        return self.after.setdefault(token, (allowed, Node()))


@dataclass
class Histories:
    """The histories of each judge that was made, and how many events of which kind are left out, and why."""

    trees: dict[Token, Node] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    contradictions: list[str] = field(default_factory=list)
    """Events that the first judge allowed once and refused another time, after the same history."""

    def follow(self, before: Node, token: Token, *, allowed: bool) -> Node:
        """Return the history with one more event; keep a contradiction, which raised in a run would be the target's."""
        known, after = before.follow(token, allowed=allowed)
        if known != allowed:
            self.contradictions.append(f"the first judge allows {' '.join(token)} once, and refuses it another time")
        return after

    def lines(self) -> Iterator[tuple[str, bool | None]]:
        """Yield the second judge's input, with what the first judge says of each event; None for what is no event."""
        for head, root in self.trees.items():
            yield " ".join(head), None
            yield from self._lines(root)

    def _lines(self, node: Node) -> Iterator[tuple[str, bool | None]]:
        for token, (allowed, after) in node.after.items():
            yield " ".join(token), allowed
            yield from self._lines(after)
            yield "<", None

    def count(self) -> tuple[int, int]:
        """Return the number of histories that are not the beginning of another, and the number of events."""
        histories = events = 0
        waiting = [*self.trees.values()]
        while waiting:
            node = waiting.pop()
            histories += not node.after
            events += len(node.after)
            waiting += [after for _, after in node.after.values()]
        return histories, events


class RecordingJudge(Judge):
    """The first judge; it writes down what it judges, and its verdicts."""

    histories: Histories
    """Where they are written. The caller sets it."""

    def __init__(self, specification: Specification, *, strict: bool = False, automata: Automata | None = None) -> None:
        self._here: Node | None = None
        super().__init__(specification, strict=strict, automata=automata)
        head = None if strict else _head(specification)
        if head is None:
            self.histories.left_out["judges by a variant, by a model or in the strict form"] += 1
        else:
            self._here = self.histories.trees.setdefault(head, Node())
            self._start = self.snapshot()

    def snapshot(self) -> tuple[Any, ...]:
        return (*super().snapshot(), self._here)

    def restore(self, snapshot: tuple[Any, ...]) -> None:
        *rest, self._here = snapshot
        super().restore(tuple(rest))

    def step(self, event: Event) -> Finding | None:
        if self.finding is not None or self._here is None:
            return super().step(event)
        left_out = self._node.left_out
        finding = super().step(event)
        try:
            token = self._token(event, frozenset(left_out))
        except UncoveredError as error:
            self.histories.left_out[str(error)] += 1
            if self.place < 0:  # it was the last
                self._here = None
            return finding
        before = self._here
        self._here = self.histories.follow(before, token, allowed=finding is None)
        if finding is not None and self.place >= 0:  # judging continues without the readings that were wrong
            said = self._token(event, frozenset(self._node.left_out))
            self._here = self.histories.follow(before, said, allowed=True)
        return finding

    def _token(self, event: Event, left_out: frozenset[str]) -> Token:
        assert isinstance(self.specification, MachineSpecification)
        return tuple(_words(event, self.specification, left_out))


def _head(specification: Specification) -> Token | None:
    """Return how the second judge is told what it judges by; None if it does not know the specification."""
    if not isinstance(specification, MachineSpecification):
        return None
    machine, policy = specification.machine, specification.policy
    number = NUMBERS.get(machine.name)
    names = [one.name for one in machine.policies]
    if number is None or policy.name not in names:
        return None
    leads = getattr(policy, "index_order", "") == "one leads"
    about = number, names.index(policy.name), leads, specification._is_compared, specification._argument
    return "n", *(str(int(one)) for one in about)


def _words(event: Event, specification: MachineSpecification, left_out: frozenset[str]) -> Iterator[str]:
    machine = specification.machine
    match event:
        case Begin(call, operation, arguments, _, cancelled):
            names = [one.name for one in machine.operations]
            flag = next((one for one in arguments if type(one) is bool), False)
            whole = next((one for one in arguments if type(one) is int), None)
            if operation == "set_count":
                flag = False
            yield from ("b", str(call), str(names.index(operation)), str(int(flag)), str(int(whole is not None)))
            yield from (str(whole or 0), str(int(cancelled)))
        case End(call, "cancelled"):
            yield from ("e", str(call), "2")
        case End(call, "raised", _, BaseException() as error):
            names = [one.__name__ for one in type(error).__mro__]
            is_timeout = "TimeoutError" in names or "TooSlowError" in names
            kinds = (str(number) for number, name in enumerate(ERRORS) if _counts_as(error, names, name))
            yield from ("e", str(call), "1", str(int(is_timeout)), *kinds)
        case End(call, "returned", value):
            leads = -1 if event.leads is None else int(event.leads is LEADS.get(specification._compared, True))
            yield from ("e", str(call), "0", *_value(value), str(leads))
        case Request(call):
            yield from ("r", str(call))
        case TimePasses():
            yield "t"
        case Observe(values):
            yield "o"
            names = list(machine.observations)
            for name, value in values:
                if name not in left_out:
                    yield from (str(names.index(name)), *_value(value))
        case Rest():
            yield "s"
        case _:
            raise UncoveredError(f"{type(event).__name__} events")


def _value(value: object) -> tuple[str, str]:
    """Return the kind of a value, and the value as a number."""
    if type(value) is bool:
        return "1", str(int(value))
    if type(value) is int and abs(value) < 2**61:
        return "0", str(value)
    return "2", "0"


def _counts_as(error: BaseException, names: list[str], name: str) -> bool:
    """Return whether an error counts as the one of that name that a rule gives."""
    if "BrokenBarrierError" in names or name == "BrokenBarrierError":
        return "BrokenBarrierError" in names and name == "BrokenBarrierError"
    if isinstance(error, RecursionError | NotImplementedError) or name not in FAMILIES:
        return False
    return isinstance(error, FAMILIES[name]) or name in names


@dataclass(frozen=True)
class Difference:
    """A history of which the judges say different things: the second judge's input up to there, and both verdicts."""

    history: tuple[str, ...]
    first: bool
    second: bool

    def __str__(self) -> str:
        said = {True: "allows", False: "refuses"}
        return f"the first judge {said[self.first]} and the second {said[self.second]}: {' / '.join(self.history)}"


def make(folder: Path) -> Path:
    """Return the program, made of the text that was extracted into the folder where the proofs were compiled.

    Raises CoqError if that it is exact is not proved, or rests on an axiom.
    """
    lines = [f"From {LIBRARY} Require Judges.", *(f"Print Assumptions Judges.{one}." for one in EXACT)]
    (folder / "JudgeGate.v").write_text("\n".join(lines) + "\n", encoding="utf-8")
    said = run_coq("JudgeGate", folder)
    if said.split() != (CLOSED + " ").split() * len(EXACT):
        raise CoqError(f"that the second judge is exact rests on more than Coq: {said.strip()}")
    shutil.copy(MAIN, folder)
    files = ["second_judge.mli", "second_judge.ml", MAIN.name]
    subprocess.run([*COMPILER, *files, "-o", "second_judge"], cwd=folder, check=True)
    return folder / "second_judge"


def compare(histories: Histories, program: Path) -> list[Difference]:
    """Return where the judges differ; raise CoqError if the second one does not answer once for each event."""
    lines = list(histories.lines())
    text = "".join(f"{line}\n" for line, _ in lines)
    done = subprocess.run([program.resolve()], input=text, capture_output=True, text=True, check=True)
    said = done.stdout.split()
    events = sum(expected is not None for _, expected in lines)
    if len(said) != events or not {*said} <= {"0", "1"}:
        raise CoqError(f"the second judge was told of {events:,} events, and answers {len(said):,} times")
    answers = iter(said)
    found: list[Difference] = []
    path: list[str] = []
    for line, expected in lines:
        if expected is not None:
            path.append(line)
            if (answer := next(answers) == "1") != expected:
                found.append(Difference(tuple(path), expected, answer))
        elif line == "<":
            path.pop()
        else:
            path = [line]
    return found
