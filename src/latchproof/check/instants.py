"""What may come of a call of a model (see `latchproof_spec.model`) at one instant.

A method is run once for each way in which its `choose` may choose, on an instance that has the attributes of a state.
What it returns or raises, what it changes and what it gives other calls is the outcome. Histories do not belong here.
"""

import dis
import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple, NoReturn, TypeAlias, TypeVar

from latchproof_spec.model import NOW, Cancelled, Given, Instant, Model, ModelError, Waiting, WaitsError, any_of, when

T = TypeVar("T")

State: TypeAlias = tuple[tuple[str, Any], ...]
"""The attributes of a model at one instant: each name with its value, in order of the names."""


class Outcome(NamedTuple):
    """What may come of a call at one instant.

    `kind`: it "waits", and nothing has changed; it "ends" with `ending`; or, being cancelled, it "leaves". `state` is
    that of the model afterwards, and `given` what other calls end with from now on.
    """

    kind: Literal["waits", "ends", "leaves"]
    state: State
    ending: Given = Given()
    given: tuple[tuple[int, Given], ...] = ()


@contextmanager
def _at(instant: Instant) -> Iterator[None]:
    before = NOW.set(instant)
    try:
        yield
    finally:
        NOW.reset(before)


def operations_of(model: type[Model]) -> dict[str, Callable[..., object]]:
    """Return the operations of a model by their names: its public methods."""
    methods = inspect.getmembers(model, inspect.isfunction)
    return {name: method for name, method in methods if not name.startswith("_")}


def may_wait(model: type[Model], operation: str) -> bool:
    """Return whether a call of the operation may wait: the method, or one that it calls, says `when`."""
    seen, todo = set[str](), [operation]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            methods = (vars(base).get(name) for base in model.__mro__)  # those that `super` reaches, too
            todo += [used for one in methods if inspect.isfunction(one) for used in one.__code__.co_names]
    return when.__name__ in seen


def start(model: type[Model], *arguments: object) -> list[State]:
    """Return the states in which a new model may be; the errors that its constructor raises are its caller's."""

    def make(now: Instant) -> State:
        return _state_of(model(*arguments))

    return list(dict.fromkeys(_every_choice(make, ())))


def outcomes(
    model: type[Model],
    state: State,
    operation: str,
    arguments: Sequence[object] = (),
    line: Sequence[Waiting] = (),
    *,
    cancelled: bool = False,
) -> list[Outcome]:
    """Return what may come of a call at one instant, where the calls in `line` wait and it does not stand among them.

    It is a new call, or one that has waited; `cancelled` says that it has waited and is cancelled.
    """

    def run(now: Instant) -> Outcome:
        return _outcome(_instance(model, state), state, operation, arguments, now)

    return list(dict.fromkeys(_every_choice(run, line, cancelled=cancelled)))


def readings(model: type[Model], state: State, name: str, line: Sequence[Waiting] = ()) -> tuple[object, ...]:
    """Return the values that a public attribute or property may read, where the calls in `line` wait."""
    with _at(Instant(line)):
        value = getattr(_instance(model, state), name)
    return value.values if isinstance(value, any_of) else (value,)


def _every_choice(run: Callable[[Instant], T], line: Sequence[Waiting], *, cancelled: bool = False) -> Iterable[T]:
    """Run once for each way in which every `choose` may choose; yield what each run returns."""
    todo: list[list[int]] = [[]]
    while todo:
        choices = todo.pop()
        now = Instant(line, choices, cancelled=cancelled)
        with _at(now):
            yield run(now)
        for position in range(len(choices), len(now.taken)):
            todo += [[*now.taken[:position], other] for other in range(1, now.options[position])]


def _outcome(instance: Model, state: State, operation: str, arguments: Sequence[object], now: Instant) -> Outcome:
    where, cancelled = f"{type(instance).__name__}.{operation}()", now.cancelled
    method = getattr(instance, operation)
    if inspect.iscoroutinefunction(method) or inspect.isgeneratorfunction(method):
        raise ModelError(f"{where} has to be a plain method, which describes one instant: no `async`, and no `yield`")
    try:
        ending = Given(method(*arguments))
    except WaitsError:
        if _state_of(instance) != state or now.given:
            raise ModelError(f"{where} changed something before its `when`: check first, and change then") from None
        return Outcome("waits", state)
    except Cancelled:
        return Outcome("leaves", _state_of(instance), given=tuple(now.given.items()))
    except ModelError:
        raise
    except Exception as error:
        if not _is_raised(error):
            _fail(where, error)
        ending = Given(error=type(error))
    if cancelled:
        raise ModelError(f"{where} has to raise Cancelled again")
    return Outcome("ends", _state_of(instance), ending, tuple(now.given.items()))


def _instance(model: type[Model], state: State) -> Model:
    instance = object.__new__(model)
    vars(instance).update(state)
    return instance


def _state_of(instance: Model) -> State:
    """Return the state of an instance; raise ModelError if a part of it cannot be compared by its value."""
    for name, value in vars(instance).items():
        try:
            hash(value)
        except TypeError:
            raise ModelError(
                f"{type(instance).__name__}.{name} is a {type(value).__name__}, which is not hashable: use a tuple, a "
                "frozenset or a number"
            ) from None
    return tuple(sorted(vars(instance).items(), key=lambda item: item[0]))


def _is_raised(error: Exception) -> bool:
    """Return whether a `raise` statement raised the error, not an expression or an assertion that failed."""
    if isinstance(error, AssertionError):
        return False
    at = error.__traceback__
    assert at is not None
    while at.tb_next is not None:
        at = at.tb_next
    return dis.opname[at.tb_frame.f_code.co_code[at.tb_lasti]] in ("RAISE_VARARGS", "RERAISE")


def _fail(where: str, error: Exception) -> NoReturn:
    at = inspect.getinnerframes(error.__traceback__)[-1] if error.__traceback__ else None
    place = f" at {at.filename}:{at.lineno}" if at else ""
    raise ModelError(
        f"{where} failed{place} with {type(error).__name__}: {error}; an error that a call shall raise is raised by a "
        "`raise` statement"
    ) from error
