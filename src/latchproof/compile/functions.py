"""A model's methods as operations of a machine: what a method does at one instant, as the new state and a rule.

An operation runs the model's own method. Then the calls that wait continue, in order, as far as they can: the machine
hands over at once. What became of the caller and of the line is put as a rule, which is made when it is first needed.

What has no rule is refused: at once where the state is made of numbers, which can be reached; and where it is made of
symbols by a rule that marks the path, for the solver may find that the path is impossible.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final, NamedTuple, NoReturn

from latchproof.compile import claims
from latchproof.compile.running import Outcome, Running, State, is_same
from latchproof.compile.stage import CannotCompileError, Place
from latchproof.prove.paths import Symbol
from latchproof_spec.model import INVARIANT
from latchproof_spec.step import Rule

MOST: Final = 4
"""How many calls that wait may continue by one step, one after the other, where not all of them do."""

WITHDRAW: Final = "withdraw"

CLAIMS_INITIAL: Final = claims.INVARIANT.id[0]
"""The letter of the claims, with which no rule begins: both are names in what is exported."""

Result = tuple[Any, ...]
"""What an operation returns: the state, how many calls wait, and the rule."""


class Reached(NamedTuple):
    """What becomes of the calls that wait: the fields of a rule."""

    queue: str = "stays"
    first: int = 1
    order: str = "arrival"
    error: type[Exception] | None = None


STAYS: Final = Reached()


class Functions:
    """The operations of a model, and the rules that they have applied so far.

    `gives_back` is the operation by which a call that was let continue, and is cancelled before it runs, gives back
    what it took.
    """

    def __init__(self, running: Running, *, takes_argument: bool) -> None:
        self._running = running
        self._waiter = running.shape.waiter
        self._takes_argument = takes_argument
        undone: dict[str, str] = {**running.model.undone_by, **running.model.gives_back}
        self.gives_back: Final[str | None] = undone.get(self._waiter)
        self._rules: dict[tuple[object, ...], Rule] = {}
        self.argument_at = -1
        """The place of a constant that is the constructor's argument, if there is one."""
        self.refusals: dict[Rule, str] = {}
        """Why there is no rule, by the rule that marks the path."""
        self.handing_over: set[Rule] = set()
        """The rules by which a call continues because its `when` is true, and not because another ends it."""
        self.values: dict[Rule, str] = {}
        """The operation whose result a rule leaves out."""

    def create(self, argument: Any) -> tuple[tuple[Any, ...], tuple[Any, ...], Rule]:
        """Make a model, as a machine's constructor does."""
        made, shape = self._running.made(*([argument] if self._takes_argument else [])), self._running.shape
        if isinstance(made, type):
            nothing = tuple(kind() for kind in shape.state.values())
            rule = self._rule("create", "raises", Reached(error=made))
            return (0,) * len(shape.constants), (*nothing, 0), rule
        return tuple(made[name] for name in shape.constants), self._result(made, 0), self._rule("create", "returns")

    def operation(self, name: str) -> Callable[..., Result]:
        """Return the function of an operation."""
        return partial(self._guarded, name, partial(self._called, name))

    def withdraw(self) -> Callable[..., Result]:
        """Return the function of the withdrawal of a call that waits, or that was let continue and has not run."""
        return partial(self._guarded, WITHDRAW, self._withdrawn)

    def invariant(self, *given: Any) -> Any:
        """Return what the model's own invariant says of a state."""
        before, waiting, _ = self._taken_apart(given)
        return self._running.holds(INVARIANT, before, waiting)

    def constants_are_made(self, *given: Any) -> Any:
        """Return whether the constructor, given a constant that is its argument, makes the constants as they are."""
        number = len(self._running.shape.constants)
        constants, _, rule = self.create(given[self.argument_at])
        if rule.refuses:
            return False
        return all(one == other for one, other in zip(constants, given[:number], strict=True))

    def none_could_continue(self, *given: Any) -> Any:
        """Return whether no call waits that could continue: the first of those that wait, and so each of them.

        It is false, too, of symbols for which that cannot be said: that there is no such state is proved with it.
        """
        before, waiting, _ = self._taken_apart(given)
        try:
            return waiting <= 0 or self._continued(before, waiting - 1).kind == "waits"
        except CannotCompileError:
            if not _is_symbolic(given):
                raise
            return False

    def _guarded(
        self, name: str, function: Callable[[State, Any, tuple[Any, ...]], Result], *given: Any, policy: Any = None
    ) -> Result:
        """Return the result of a function; where it is run on symbols and is refused, mark the path."""
        before, waiting, inputs = self._taken_apart(given)
        try:
            return function(before, waiting, inputs)
        except CannotCompileError as error:
            if not _is_symbolic(given):
                raise
            rule = self._rule(name, "leaves" if name == WITHDRAW else "returns", Reached("first"), refused=str(error))
            self.refusals[rule] = str(error)
            return (*self._result(before, waiting), rule)

    def _called(self, name: str, before: State, waiting: Any, inputs: tuple[Any, ...]) -> Result:
        found = self._running.run(name, inputs, before, waiting)
        if found.kind == "waits":
            if name != self._waiter:
                self._running.refuse(name, waits_too(name, self._waiter))
            return (*self._result(before, waiting + 1), self._rule(name, "parks"))
        return self._ended(name, name, found, waiting)

    def _withdrawn(self, before: State, waiting: Any, inputs: tuple[Any, ...]) -> Result:
        is_parked, *has_arrived = inputs
        if is_parked:
            found = self._running.run(self._waiter, (), before, waiting - 1, waited=True, cancelled=True)
            return self._ended(WITHDRAW, self._waiter, found, waiting - 1)
        if has_arrived and not has_arrived[0]:
            found = self._running.run(self._waiter, (), before, waiting, cancelled=True)
            if found.kind == "leaves":
                return self._ended(WITHDRAW, self._waiter, found, waiting)
            return (*self._result(before, waiting), self._rule(WITHDRAW, "leaves"))
        if self.gives_back is not None:
            back = self._running.run(self.gives_back, (), before, waiting)
            if back.kind == "returns":
                return self._ended(WITHDRAW, self.gives_back, Outcome("leaves", back.after, gift=back.gift), waiting)
        return (*self._result(before, waiting), self._rule(WITHDRAW, "leaves"))

    def _ended(self, operation: str, name: str, found: Outcome, waiting: Any) -> Result:
        """Return what an operation has come to by the method `name`, where so many other calls wait."""
        if found.gift is not None:
            after, (left, reached) = found.after, self._given(name, found, waiting)
        else:
            after, left, reached = self._handed_over(name, found.after, waiting)
        is_index = reached.queue == "indexed" and found.value is not None
        caller = {"leaves": "leaves", "raises": "raises"}.get(found.kind, "returns an index" if is_index else "returns")
        if found.kind == "raises":
            if reached.error not in (None, found.error):
                self._running.refuse(name, f"{name}() raises another error than the calls that wait do")
            reached = reached._replace(error=found.error)
        elif is_index and found.value != (waiting if reached.order == "arrival" else 0):
            self._running.refuse(name, f"{name}() gives the calls that wait their places, and returns not its own")
        rule = self._rule(operation, caller, reached)
        if found.gift is None and reached.queue != "stays":
            self.handing_over.add(rule)
        if found.value is not None and not is_index:
            self.values[rule] = name
        return (*self._result(after, left), rule)

    def _given(self, name: str, found: Outcome, waiting: Any) -> tuple[Any, Reached]:
        """Return how many still wait after a gift, and what became of the others."""
        gift, refuse = found.gift, partial(self._running.refuse, name)
        assert gift is not None
        reached = Reached("released")
        if gift.kind == "raised":
            if not (isinstance(gift.what, type) and issubclass(gift.what, Exception)):
                refuse(f"{name}() has the calls that wait raise something that is not a class of errors")
            reached = Reached("failed", error=gift.what)
        elif isinstance(gift.what, Place):
            rises = gift.what.sign == 1
            if gift.what.offset != (0 if rises else waiting):
                refuse(f"{name}() gives the calls that wait other numbers than their places, forwards or backwards")
            reached = Reached("indexed", order="arrival" if rises else "reversed")
        if gift.first is None:
            return 0, reached
        if reached.queue != "released":
            refuse(f"{name}() gives only the first of the calls that wait an error or a place")
        left = waiting - gift.first if waiting > gift.first else 0
        if left > 0 and self._continued(found.after, left - 1).kind != "waits":
            refuse(f"{name}() ends the first of the calls that wait, and others could continue then")
        return left, Reached("first", gift.first)

    def _handed_over(self, name: str, after: State, waiting: Any) -> tuple[State, Any, Reached]:
        """Let the calls that wait continue, in order, as far as they can."""
        gone = 0
        while True:
            # asked first: most often no call could continue, however many wait; then the path need not say if any do
            found = self._continued(after, waiting - gone - 1)
            if found.kind == "waits" or not waiting > gone:
                break
            if found.gift is not None and waiting - gone > 1:
                self._refuse_waiter("ends the others")
            if is_same(found.after, after):
                if gone:
                    what = f"{name}() lets calls that wait continue, of which some change the state and some do not"
                    self._running.refuse(name, what)
                self._continued(after, waiting - 1, counted=False)  # so that what the first does, each of them does
                return after, 0, Reached("failed" if found.error else "released", error=found.error)
            if found.kind == "raises":
                self._refuse_waiter("raises, and changes the state")
            if gone == MOST:
                self._running.refuse(name, f"{name}() may let more than {MOST} calls that wait continue, one by one")
            after, gone = found.after, gone + 1
        return (after, waiting - gone, Reached("first", gone)) if gone else (after, waiting, STAYS)

    def _refuse_waiter(self, does: str) -> NoReturn:
        what = f"a call of {self._waiter}() that has waited {does} when it continues"
        self._running.refuse(self._waiter, f"{what}; if no run leads there, let invariant() say so")

    def _continued(self, before: State, others: Any, *, counted: bool = True) -> Outcome:
        """Return what a call that waits would do now, where so many others wait."""
        return self._running.run(self._waiter, (), before, others, waited=True, counted=counted)

    def _taken_apart(self, given: tuple[Any, ...]) -> tuple[State, Any, tuple[Any, ...]]:
        """Return constants and state by attribute, how many calls wait, and what a call gives."""
        names = (*self._running.shape.constants, *self._running.shape.state)
        return dict(zip(names, given, strict=False)), given[len(names)], given[len(names) + 1 :]

    def _result(self, after: State, waiting: Any) -> tuple[Any, ...]:
        return (*(after[name] for name in self._running.shape.state), waiting)

    def _rule(self, operation: str, caller: str, reached: Reached = STAYS, refused: str = "") -> Rule:
        """Return the rule that says so; make it if there is none yet."""
        key = (operation, caller, reached, refused)
        if key not in self._rules:
            name = self._running.model.__name__
            fields: dict[str, Any] = {"queue": reached.queue, "first": reached.first, "order": reached.order}
            fields["errors"] = () if reached.error is None else (reached.error,)
            said: Any = (caller, _sentence(operation, self._waiter, caller, reached))
            initial = name.lstrip("_")[:1].upper()
            number = f"{'R' if initial == CLAIMS_INITIAL else initial}{len(self._rules)}"
            self._rules[key] = Rule(number, operation, *said, **fields, message=f"{name}({{}}) is refused")
        return self._rules[key]


def waits_too(name: str, waiter: str) -> str:
    """Return why a second operation that waits has no rule."""
    return f"{name}() waits as {waiter}() does: the proof knows one operation that waits"


def _is_symbolic(given: tuple[Any, ...]) -> bool:
    return any(issubclass(type(one), Symbol) for one in given)


def _sentence(operation: str, waiter: str, caller: str, reached: Reached) -> str:
    """Return what a rule says, for a reader."""
    call = "A new model" if operation == "create" else f"{operation}()"
    error = reached.error.__name__ if reached.error is not None else ""
    said = {
        "parks": f"{call} waits",
        "returns": f"{call} returns" if operation != "create" else f"{call} is made",
        "returns an index": f"{call} returns its place",
        "raises": f"{call} raises {error}",
        "leaves": f"A call of {waiter}() is cancelled",
    }[caller]
    then = {
        "stays": "",
        "released": ", and all calls that wait return",
        "first": f", and the first {reached.first} of the calls that wait return",
        "indexed": f", and all calls that wait return their places, in order of {reached.order}",
        "failed": f", and all calls that wait raise {error}",
    }[reached.queue]
    return f"{said}{then}."
