"""What may come of a call of a model (see `latchproof_spec.model`) at one instant.

A method is run once for each way in which its `choose` may choose, on an instance that has the attributes of a state.
What it returns or raises, what it changes and what it gives other calls is the outcome. All of that is done twice: a
model that looks at anything but its state, such as a clock, is found out. Histories do not belong here.
"""

import ast
import dis
import inspect
import linecache
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Any, Literal, NamedTuple, NoReturn, TypeAlias, TypeVar

from latchproof.check.history import without_subclass
from latchproof.check.specification import COMPARED
from latchproof.check.stages import Moment, Paused, at, continued
from latchproof_spec.model import (
    INVARIANT,
    Cancelled,
    Given,
    Instant,
    Model,
    ModelError,
    Waiting,
    WaitsError,
    any_of,
    until,
    when,
)

T = TypeVar("T")

State: TypeAlias = tuple[tuple[str, Any], ...]
"""The attributes of a model at one instant: each name with its value, in order of the names."""

PLAIN = frozenset({type(None), bool, int, float, str, bytes, complex})
"""Types whose values are compared by what they are, and do not change."""


class LocatedError(ModelError):
    """A fault of a model whose message begins with a file and a line, or has them in it."""


class Outcome(NamedTuple):
    """What may come of a call at one instant.

    `kind`: it "waits", and nothing has changed; it "ends" with `ending`; it "pauses" after the instant `moment`, and
    waits for the next one; or, being cancelled, it "leaves". `state` is
    that of the model afterwards, and `given` what other calls end with from now on. `passed` says whether a `when` of
    its own was true.
    """

    kind: Literal["waits", "ends", "pauses", "leaves"]
    state: State
    ending: Given = Given()
    given: tuple[tuple[int, Given], ...] = ()
    passed: bool = False
    moment: Moment | None = None


def operations_of(model: type[Model]) -> dict[str, Callable[..., object]]:
    """Return the operations of a model by their names: its public methods, but `invariant`, which is for proofs."""
    methods = inspect.getmembers(model, inspect.isfunction)
    return {name: method for name, method in methods if not name.startswith("_") and name != INVARIANT}


def may_wait(model: type[Model], operation: str) -> bool:
    """Return whether a call of the operation may wait: the method, or one that it calls, says `when` or `until`."""
    seen, todo = set[str](), [operation]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            methods = (vars(base).get(name) for base in model.__mro__)  # those that `super` reaches, too
            todo += [used for one in methods if inspect.isfunction(one) for used in one.__code__.co_names]
    return not seen.isdisjoint((when.__name__, until.__name__))


def start(model: type[Model], *arguments: object) -> list[State]:
    """Return the states in which a new model may be; what its constructor raises by a `raise` is its caller's."""

    def make(now: Instant) -> State:
        try:
            return state_of(model(*arguments))
        except ModelError:
            raise
        except WaitsError:
            raise ModelError(f"{model.__name__}() is made at once: there is no `when` in its constructor") from None
        except Exception as error:
            if is_raised(error, model):
                raise
            fail(f"{model.__name__}({', '.join(map(repr, arguments))})", error, model)

    return _twice(
        model, "__init__", lambda: list(dict.fromkeys(_every_choice(make, lambda choices: Instant((), choices))))
    )


def outcomes(
    model: type[Model],
    state: State,
    operation: str,
    arguments: Sequence[object] = (),
    line: Sequence[Waiting] = (),
    *,
    gone: Sequence[Waiting] = (),
    task: int = 0,
    place: int | None = None,
    cancelled: bool = False,
    past: Sequence[Moment] = (),
) -> list[Outcome]:
    """Return what may come of a call at one instant, where the calls in `line` wait and it does not stand among them.

    It is a new call, or one that has waited; `place` is where it stands, and `cancelled` says that it has waited and is
    cancelled. `gone` are calls that were let go and have not ended, `task` is the number of the task that calls, and
    `past` has the instants of the call that are over.
    """

    def instant(choices: Sequence[int]) -> Instant:
        return Instant(line, choices, gone=gone, task=task, place=place, cancelled=cancelled)

    def run(now: Instant) -> Outcome:
        return _outcome(instance_of(model, state), state, operation, arguments, now, past)

    return _twice(model, operation, lambda: list(dict.fromkeys(_every_choice(run, instant))))


def readings(
    model: type[Model], state: State, name: str, line: Sequence[Waiting] = (), gone: Sequence[Waiting] = ()
) -> tuple[object, ...]:
    """Return the values that a public attribute or property may read, where the calls in `line` wait."""
    return _twice(model, name, lambda: _reading(model, state, name, Instant(line, gone=gone)))


def _reading(model: type[Model], state: State, name: str, now: Instant) -> tuple[object, ...]:
    instance = instance_of(model, state)
    where = f"{model.__name__}.{name}"
    try:
        with at(now):
            value = getattr(instance, name)
    except ModelError:
        raise
    except WaitsError:
        raise ModelError(f"{where} is read at once: there is no `when` in a property") from None
    except Exception as error:
        fail(where, error, model)
    if state_of(instance) != state:
        raise ModelError(f"{where} changes the state when it is read: a property only looks")
    return tuple(map(without_subclass, value.values if isinstance(value, any_of) else (value,)))


def _twice(model: type[Model], name: str, run: Callable[[], T]) -> T:
    """Return what is found; raise ModelError if it differs another time."""
    try:
        found = run()
        if found == run():
            return found
    except LocatedError:
        raise
    except ModelError as error:
        raise LocatedError(f"{_at(error, model, name)}{error}") from error
    raise LocatedError(
        f"{place_of(_part(model, name))}{model.__name__}.{name} did something else the second time, at the same "
        "instant: a model looks at its own attributes alone, neither at a clock nor at chance nor at what all "
        "instances share"
    )


def _at(error: ModelError, model: type[Model], name: str) -> str:
    """Return the line of the model that an error came through, or else where the part of that name begins."""
    modules = {base.__module__ for base in model.__mro__ if base not in (Model, object)}
    own = [frame for frame, _ in _frames(error) if frame.tb_frame.f_globals.get("__name__") in modules]
    return f"{own[-1].tb_frame.f_code.co_filename}:{own[-1].tb_lineno}: " if own else place_of(_part(model, name))


def _part(model: type[Model], name: str) -> Any:
    """Return the function behind a method or property of a model; the class where there is none, as for `__init__`."""
    part = inspect.getattr_static(model, name, model)
    part = part.fget if isinstance(part, property) else part
    return part if inspect.isfunction(part) else model


def place_of(one: Any) -> str:
    """Return where a class or a function stands, to begin a message with; "" if that is not known.

    >>> place_of(place_of)
    '...instants.py:...: '
    """
    try:
        return f"{inspect.getsourcefile(one)}:{inspect.getsourcelines(one)[1]}: "
    except (OSError, TypeError):
        return ""


def _every_choice(run: Callable[[Instant], T], instant: Callable[[Sequence[int]], Instant]) -> Iterable[T]:
    """Run once for each way in which every `choose` may choose; yield what each run returns."""
    todo: list[list[int]] = [[]]
    while todo:
        choices = todo.pop()
        now = instant(choices)
        with at(now):
            yield run(now)
        for position in range(len(choices), len(now.taken)):
            todo += [[*now.taken[:position], other] for other in range(1, now.options[position])]


def _outcome(
    instance: Model,
    state: State,
    operation: str,
    arguments: Sequence[object],
    now: Instant,
    past: Sequence[Moment] = (),
) -> Outcome:
    model, cancelled = type(instance), now.cancelled or any(one.cancelled for one in past)
    where = f"{model.__name__}.{operation}()"

    def require_unchanged() -> None:
        if now.given or state_of(instance) != state:
            raise ModelError(f"{where} changed something before its `when`: check first, and change then")

    now.at_when, now.operations = require_unchanged, operations_of(model)
    try:
        value = continued(getattr(instance, operation)(*arguments), instance, now, past)
    except WaitsError:
        if cancelled and not past:
            raise ModelError(f"{where} cannot wait again once it is cancelled: raise Cancelled again") from None
        return Outcome("waits", state)
    except Cancelled:
        if not cancelled:
            raise ModelError(f"{where} raised Cancelled where no call was cancelled: only `when` raises it") from None
        return Outcome("leaves", _next_state(instance, state, where), given=tuple(now.given.items()))
    except ModelError:
        raise
    except Exception as error:
        if not is_raised(error, model):
            fail(where, error, model)
        value, ending = None, Given(error=type(error))
    else:
        ending = Given() if isinstance(value, Paused) else Given(value)
    if now.cancelled:  # it came to no `when`, so nothing of it has happened
        return Outcome("leaves", state)
    if cancelled and not isinstance(value, Paused):
        raise ModelError(f"{where} has to raise Cancelled again")
    for given in (ending, *now.given.values()):
        _require_compared(operation, given)
    after, others = _next_state(instance, state, where), tuple(now.given.items())
    if isinstance(value, Paused):
        value.close()
        return Outcome("pauses", after, given=others, moment=value.moment)
    return Outcome("ends", after, ending, others, now.passed)


def _require_compared(operation: str, given: Given) -> None:
    """Raise ModelError for a value that no class's is compared with."""
    if inspect.iscoroutine(given.value) or inspect.isgenerator(given.value):
        given.value.close()
        raise ModelError(f"{operation}() has to be a plain method, which describes one instant: no `async`")
    if given.value is not None and type(given.value) not in COMPARED:
        raise ModelError(
            f"a call that {operation}() ends returns a {type(given.value).__name__}, which is not compared: return a "
            f"{', '.join(one.__name__ for one in COMPARED)} or nothing"
        )
    if given.error is not None and not (isinstance(given.error, type) and issubclass(given.error, Exception)):
        raise ModelError(f"a call that {operation}() ends raises {given.error!r}, which is no class of errors")


def instance_of(model: type[Model], state: State) -> Model:
    """Return an instance of a model in a state."""
    instance = object.__new__(model)
    vars(instance).update(state)
    return instance


def state_of(instance: Model) -> State:
    """Return the state of an instance; raise ModelError if a part of it cannot be compared by its value."""
    attributes = vars(instance)
    for name, value in attributes.items():
        if type(value) not in PLAIN:
            _require_value(f"{type(instance).__name__}.{name}", value)
    return tuple(sorted(attributes.items(), key=lambda item: item[0]))


def _next_state(instance: Model, before: State, where: str) -> State:
    """Return the state after a call; raise ModelError if it has other attributes than before, as a misspelt one."""
    after = state_of(instance)
    if len(after) != len(before) or any(one[0] != other[0] for one, other in zip(after, before, strict=True)):
        names = sorted({name for name, _ in after} ^ {name for name, _ in before})
        raise ModelError(f"{where} makes or removes the attribute {names[0]}: __init__ makes all that there are")
    return after


def _require_value(name: str, value: object) -> None:
    """Raise ModelError for a value that may change, or that is another one in each run."""
    try:
        hash(value)
    except TypeError:
        raise ModelError(
            f"{name} is a {type(value).__name__}, which is not hashable: use a tuple, a frozenset or a number"
        ) from None
    if isinstance(value, tuple | frozenset):
        for one in value:
            _require_value(f"an item of {name}", one)
    elif type(value).__hash__ is object.__hash__:
        raise ModelError(
            f"{name} is a {type(value).__name__}, which equals no other one: use a tuple, a number, or a class that "
            "compares what it holds"
        )


def is_raised(error: Exception, model: type[Model]) -> bool:
    """Return whether a `raise` statement of the model raised the error, not an expression that failed."""
    if isinstance(error, AssertionError):
        return False
    frame, last = _frames(error)[-1]
    code = frame.tb_frame.f_code
    if dis.opname[code.co_code[last]] not in ("RAISE_VARARGS", "RERAISE"):
        return False
    if type(error) is TypeError and TypeError.__name__ not in code.co_names:
        return False  # what is raised is not an error, or its class needs an argument
    modules = {base.__module__ for base in model.__mro__}
    return frame.tb_frame.f_globals.get("__name__") in modules


def fail(where: str, error: Exception, model: type[Model]) -> NoReturn:
    """Raise ModelError for an error that no `raise` statement of the model has raised."""
    files = {base.__module__ for base in model.__mro__}
    frames = [frame for frame, _ in _frames(error)]
    own = [frame for frame in frames if frame.tb_frame.f_globals.get("__name__") in files]
    at = (own or frames)[-1]
    place = f"{at.tb_frame.f_code.co_filename}:{at.tb_lineno}"
    raise LocatedError(
        f"{where} failed at {place} with {type(error).__name__}: {error}; an error that a call shall raise is raised "
        "by a `raise` statement of the model"
    ) from error


def _frames(error: BaseException) -> list[tuple[TracebackType, int]]:
    """Return the frames that an error came through, outermost first, each with its instruction."""
    found, at = [], error.__traceback__
    while at is not None:
        found.append((at, at.tb_lasti))
        at = at.tb_next
    return found


def why_it_waits(
    model: type[Model],
    state: State,
    operation: str,
    arguments: Sequence[object] = (),
    line: Sequence[Waiting] = (),
    *,
    gone: Sequence[Waiting] = (),
    task: int = 0,
    place: int | None = None,
    past: Sequence[Moment] = (),
) -> str:
    """Return why a call waits at one instant: in the model's words, or what its condition is; "" if it does not."""
    instance, now = instance_of(model, state), Instant(line, gone=gone, task=task, place=place)
    try:
        with at(now):
            continued(getattr(instance, operation)(*arguments), instance, now, past)
    except WaitsError as waits:
        return str(waits) or f"{_condition(waits)} was false"
    except Exception:
        """Then it ends."""
    return ""


def _condition(waits: WaitsError) -> str:
    """Return the source of the condition that the `when` was given which raised the error."""
    if _frames(waits)[-1][0].tb_frame.f_code is not when.__code__:
        return "its condition"
    when_called = _frames(waits)[-2][0]
    code = when_called.tb_frame.f_code
    line, last, first_column, last_column = list(code.co_positions())[when_called.tb_lasti // 2]
    if line is None or last is None:
        return "its condition"
    lines = [linecache.getline(code.co_filename, number).encode() for number in range(line, last + 1)]
    lines[-1] = lines[-1][:last_column]
    lines[0] = lines[0][first_column:]
    try:
        called = ast.parse(b"".join(lines), mode="eval").body
    except SyntaxError:
        return "its condition"
    return ast.unparse(called.args[0]) if isinstance(called, ast.Call) and called.args else "its condition"
