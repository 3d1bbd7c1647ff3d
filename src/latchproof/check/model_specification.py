"""A model (see `latchproof_spec.model`), as a specification that histories are judged by.

A call takes effect by running its method on the state, at every instant at which it could. A variant of a machine is
judged by its model, and its findings are named as those of the machine are.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import Any, NamedTuple

from latchproof.check.history import End
from latchproof.check.instants import Outcome, State, may_wait, operations_of, outcomes, readings, start
from latchproof.check.machine_specification import NamedAsMachine, is_expected
from latchproof.check.specification import (
    COMPARED,
    NEW,
    PARKED,
    WITHDRAWN,
    Configuration,
    Ending,
    Fate,
    Invocation,
    Specification,
    in_order,
    is_one_of,
)
from latchproof.check.values import LEADS, Compared
from latchproof_spec.machine import Machine, Variant
from latchproof_spec.model import Given, Model, ModelError, Waiting


@dataclass(frozen=True)
class ModelOperation:
    """An operation of a model: a public method, whose parameters are ints unless they are said to be bools."""

    name: str
    parameters: Mapping[str, type]
    waits: bool


class ModelState(NamedTuple):
    """The state of a model, and the operation and arguments of each call in the queue of the configuration."""

    attributes: State
    line: tuple[tuple[str, tuple[Any, ...]], ...] = ()


class ModelSpecification(Specification):
    """A model that is made with `arguments`. Raises ModelError if it specifies nothing.

    >>> from latchproof_spec.machines import LATCH
    >>> specification = ModelSpecification(LATCH.variants[0].model, 2)
    >>> [(one.name, one.waits) for one in specification.operations]
    [('count_down', False), ('wait', True)]
    >>> specification.start()
    [Configuration(state=ModelState(attributes=(('_made', 2), ('count', 2)), line=()), queue=(), fates=())]
    """

    def __init__(self, model: type[Model], *arguments: object) -> None:
        self.name = model.__name__
        self.model = model
        self.operations = [_operation(model, name) for name in operations_of(model)]
        self._start = start(model, *arguments)

    def start(self) -> list[Configuration]:
        return [Configuration(ModelState(attributes)) for attributes in self._start]

    def effects(
        self, here: Configuration, call: int, calls: Sequence[Invocation]
    ) -> Iterator[tuple[Configuration, str]]:
        operation, arguments = calls[call].operation, calls[call].arguments
        for outcome in outcomes(self.model, here.state.attributes, operation, arguments, _line(here, without=call)):
            if outcome.kind == "ends":
                yield self._after(here, call, operation, outcome)
            elif here.fate(call) == NEW:
                state = here.state._replace(line=(*here.state.line, (operation, arguments)))
                parked = Configuration(state, (*here.queue, call), here.fates).with_fate(call, PARKED)
                yield parked, f"{operation}() waits"

    def withdrawals(
        self, here: Configuration, call: int, calls: Sequence[Invocation]
    ) -> Iterator[tuple[Configuration, str]]:
        operation, arguments = calls[call].operation, calls[call].arguments
        fate = here.fate(call)
        if fate == NEW:  # then it never happened
            yield here.with_fate(call, WITHDRAWN), ""
        elif fate == PARKED:
            line = _line(here, without=call)
            for outcome in outcomes(self.model, here.state.attributes, operation, arguments, line, cancelled=True):
                after, _ = self._after(here, call, operation, outcome)
                yield after.with_fate(call, WITHDRAWN), f"{operation}() is withdrawn"
        else:
            yield here, f"{operation}() is cancelled after it took effect"

    def may_stay(self, here: Configuration, call: int) -> bool:
        operation, arguments = here.state.line[here.queue.index(call)]
        line = _line(here, without=call)
        found = outcomes(self.model, here.state.attributes, operation, arguments, line)
        return any(outcome.kind == "waits" for outcome in found)

    def readings(self, here: Configuration, name: str) -> Collection[Any]:
        return readings(self.model, here.state.attributes, name, _line(here))

    def matches(self, ending: Ending, event: End) -> bool:
        return is_expected(ending.raises, event.error) if event.error is not None else is_one_of(event.value, ending)

    def variables(self, here: Configuration) -> dict[str, Any]:
        return {name.lstrip("_"): value for name, value in here.state.attributes}

    def _after(self, here: Configuration, call: int, operation: str, outcome: Outcome) -> tuple[Configuration, str]:
        """Return the configuration after a call has taken effect, and what it did."""
        given = {**dict(outcome.given), call: outcome.ending}
        did = (
            f"raises {outcome.ending.error.__name__}"
            if outcome.ending.error is not None
            else "ends other calls"
            if outcome.given
            else "returns"
        )
        rule = f"{operation}() {did}"
        fates = {**dict(here.fates), **{one: Fate("ends", _ending(how, operation, rule)) for one, how in given.items()}}
        stay = [(one, said) for one, said in zip(here.queue, here.state.line, strict=True) if one not in given]
        state = ModelState(outcome.state, tuple(said for _, said in stay))
        return Configuration(state, tuple(one for one, _ in stay), in_order(fates)), rule


class VariantSpecification(NamedAsMachine, ModelSpecification):
    """A variant of a machine, made with `argument`.

    `compared` says what of the values that waiting calls return is compared.
    """

    def __init__(self, machine: Machine, variant: Variant, argument: int, *, compared: Compared = "indices") -> None:
        super().__init__(variant.model, argument)
        self.name = variant.name
        self.machine = machine
        self.blames = {**machine.blame, **variant.blame}
        self._compared = compared

    def matches(self, ending: Ending, event: End) -> bool:
        if event.error is None and ending.returns:
            if self._compared == "no value":
                return type(event.value) is not int
            if event.leads is not None:
                event = event._replace(value=event.leads is LEADS.get(self._compared, True))
        return super().matches(ending, event)


def _operation(model: type[Model], name: str) -> ModelOperation:
    _, *parameters = signature(getattr(model, name)).parameters.values()
    types = {one.name: bool if one.annotation in (bool, "bool") else int for one in parameters}
    return ModelOperation(name, types, may_wait(model, name))


def _line(here: Configuration, without: int | None = None) -> list[Waiting]:
    """Return the calls that wait, in order, without one of them."""
    line = zip(here.queue, here.state.line, strict=True)
    return [Waiting(call, operation, arguments) for call, (operation, arguments) in line if call != without]


def _ending(given: Given, operation: str, rule: str) -> Ending:
    if given.error is not None:
        return Ending((), (given.error,), operation, rule)
    if given.value is None:
        return Ending(None, by=operation, rule=rule)
    if not isinstance(given.value, COMPARED):
        raise ModelError(
            f"a call that {operation}() ends returns a {type(given.value).__name__}, which is not compared: return a "
            f"{', '.join(one.__name__ for one in COMPARED)} or nothing"
        )
    return Ending((given.value,), by=operation, rule=rule)
