"""What an operation may do: the vocabulary of every operation of every machine.

An operation is a pure function. It takes a few ints (the machine's constants, its state, the call's arguments)
and returns the new state and a `Rule`, one of the constants of its module: the constant that a path returns *is*
the rule that applied. A rule says what becomes of the caller and of the tasks that are parked; `apply` says, for
a queue of identities in order of arrival, which tasks those are and what each of them is given.

The prover runs these functions on symbols, so they keep to the subset of Python that `latchproof.prove.language`
accepts. What makes a text of a value has no place here: that stands in `messages`.

>>> from latchproof_spec.barrier.rules import wait
>>> parked, broken, rule = wait(3, 2, False)
>>> rule.id, parked, broken
('B2', 0, False)
>>> apply(rule, ("A", "B"), "C")
((), (('A', 0), ('B', 1), ('C', 2)))
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` alone would cost a fifth of what importing asyncio costs
    from collections.abc import Iterable
    from typing import Final, Literal, TypeAlias, TypeVar

    Caller: TypeAlias = Literal["parks", "returns", "returns an index", "raises", "leaves"]
    Queue: TypeAlias = Literal["stays", "released", "first", "indexed", "failed"]
    IndexOrder: TypeAlias = Literal["arrival", "reversed", "any", "one leads"]
    T = TypeVar("T")

Ending: TypeAlias = int | type[Exception] | None
"""What a task is given when it continues: an index, an error, or nothing."""


class LatchInUseError(RuntimeError):
    """`set_count` was called while tasks were parked on the latch. Nothing was changed."""

    __module__ = "latchproof"


class ZeroLatchError(RuntimeError):
    """`count_down(exception_if_zero=True)` was called on a latch whose count is zero. Nothing was changed."""

    __module__ = "latchproof"


class BrokenBarrierError(RuntimeError):
    """The barrier is broken, or was aborted or reset while this task was parked at it."""

    __module__ = "latchproof"


ANY_INDEX: Final[int] = -1
"""The ending of a released call that gets any index that its generation has not given yet.

It is given where a policy leaves the order open, and where one call leads, which is the call that gets index 0.
"""


class Rule:
    """One row of a rule table. Rules are constants: compare them with `is`, and never make one at run time.

    `caller`    what the calling task does: it parks, it returns, it returns the index that completes its generation, it
                raises `errors[0]`, or it leaves (it is being cancelled, and is given nothing).
    `queue`     what becomes of the tasks parked before: they stay, are released with nothing, are released with
                their index in `order`, or fail with `errors[0]`; or the `first` of them are released with nothing, all
                if there are fewer, and the others move up.
    `errors`    the error of a caller that raises or of a queue that fails; where a policy lets other classes choose,
                the others that are accepted.
    `refuses`   the call is refused: it raises at its own effect.
    `heeds_parked`  the call is refused, or the parked do not stay. Any other rule applies just the same if fewer tasks
                are parked (proved for every operation), so a class may decide by a queue that it has not purged yet.
    `warns`     the call is harmless but suspect: `message` is logged as a warning.
    `sentence`  what the rule says, for a reader.
    `message`   what the error or the warning says to its user; `{}` stands for the offending argument.
    """

    __slots__ = (
        "caller",
        "errors",
        "first",
        "heeds_parked",
        "id",
        "message",
        "operation",
        "order",
        "queue",
        "refuses",
        "sentence",
        "warns",
    )

    def __init__(
        self,
        id: str,
        operation: str,
        caller: Caller,
        sentence: str,
        *,
        queue: Queue = "stays",
        first: int = 1,
        order: IndexOrder = "arrival",
        errors: tuple[type[Exception], ...] = (),
        message: str = "",
        warns: bool = False,
    ) -> None:
        self.id: Final = id
        self.operation: Final = operation
        self.caller: Final = caller
        self.sentence: Final = sentence
        self.queue: Final = queue
        self.first: Final = first
        self.order: Final = order
        self.errors: Final = errors
        self.message: Final = message
        self.refuses: Final = caller == "raises"
        self.heeds_parked: Final = self.refuses or queue != "stays"
        self.warns: Final = warns

    def __repr__(self) -> str:
        return self.id


def is_whole_number(value: object) -> bool:
    """Return whether `value` is an int and not a bool, as a count or a number of parties must be.

    >>> is_whole_number(2), is_whole_number(True), is_whole_number(2.0)
    (True, False, False)
    """
    return isinstance(value, int) and not isinstance(value, bool)


def endings(rule: Rule, parked: int) -> Iterable[Ending]:
    """Return what `rule` gives each of the `parked` tasks, in order of arrival; nothing if they stay.

    Where it reaches only the first of them, `parked` is the number of those.

    An int is an index, None is a plain return, an exception class is what it raises.

    >>> from latchproof_spec.barrier.rules import B2, B7
    >>> list(endings(B2, 2)), [error.__name__ for error in endings(B7, 2)]
    ([0, 1], ['BrokenBarrierError', 'BrokenBarrierError'])
    """
    if rule.queue == "stays":
        return ()
    if rule.queue in ("released", "first"):
        return (None,) * parked
    if rule.queue == "failed":
        return (rule.errors[0],) * parked
    if rule.order == "arrival":
        return range(parked)
    if rule.order == "reversed":
        return range(parked, 0, -1)
    return (ANY_INDEX,) * parked


def caller_ending(rule: Rule, parked: int) -> Ending:
    """Return what a caller that does not park is given: None, the index that completes its generation, or an error.

    `parked` is how many were parked before the call.
    """
    if rule.caller == "raises":
        return rule.errors[0]
    if rule.caller != "returns an index":
        return None
    if rule.order == "arrival":
        return parked
    return 0 if rule.order == "reversed" else ANY_INDEX


def apply(rule: Rule, queue: tuple[T, ...], who: T) -> tuple[tuple[T, ...], tuple[tuple[T, Ending], ...]]:
    """Return the queue after `who` made the step `rule`, and the tasks that it lets continue, each with its ending.

    `queue` holds the parked tasks in order of arrival. A caller that leaves is taken out of it and is given nothing.
    It is written with nothing but `in`, index, slices, += and zip, because the prover runs it on queues of any length.
    """
    if rule.caller == "parks":
        queue += (who,)
        return queue, ()
    if rule.caller == "leaves" and who in queue:
        place = queue.index(who)
        queue = queue[:place] + queue[place + 1 :]
    first = rule.first
    reached = queue[:first] if rule.queue == "first" else queue
    resumed = tuple(zip(reached, endings(rule, len(reached)), strict=False))
    if rule.caller in ("returns", "returns an index", "raises"):
        resumed += ((who, caller_ending(rule, len(queue))),)
    if rule.queue == "first":
        return queue[first:], resumed
    return (queue if rule.queue == "stays" else ()), resumed
