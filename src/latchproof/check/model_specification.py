"""A model (see `latchproof_spec.model`), as a specification that histories are judged by.

A call takes effect by running its method on the state, at every instant at which it could. A variant of a machine is
judged by its model, and its findings are named as those of the machine are.

A call that took its effect through a `when` may end cancelled only if it changed nothing, gave something to others, or
what it took has been given back. What a specification without that rule allows tells why a history is wrong. Variants
have no such rule: for them a call that took effect may end cancelled, whatever it did.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from latchproof.check.history import End, error_name
from latchproof.check.instants import Outcome, State, outcomes, readings, start, why_it_waits
from latchproof.check.machine_specification import NamedAsMachine, is_expected
from latchproof.check.model_faults import require_model, require_observed
from latchproof.check.model_parts import arguments_for, operations_in, returns_value, says, tells_tasks_apart
from latchproof.check.specification import (
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
from latchproof.check.stages import Moment
from latchproof.check.values import LEADS, Compared
from latchproof_spec.findings import BLAME
from latchproof_spec.machine import Machine, Variant
from latchproof_spec.model import Given, Model, Waiting, place, released

WAITS_ITS_TURN = " waits its turn"
"""How the rule ends by which a call does nothing that could overtake another, and may not."""


class Said(NamedTuple):
    """What a call says: its operation and arguments, and its task if the model tells tasks apart.

    `past` has the instants that are over of a call that has several.
    """

    operation: str
    arguments: tuple[Any, ...] = ()
    task: int = 0
    past: tuple[Moment, ...] = ()


class ModelState(NamedTuple):
    """The state of a model, and what each call in the queue of the configuration says."""

    attributes: State
    line: tuple[Said, ...] = ()


_KNOWN: WeakKeyDictionary[type[Model], dict[Any, Any]] = WeakKeyDictionary()
"""The outcomes and readings that each model was found to have, by all that they depend on."""


class ModelSpecification(Specification):
    """A model that is made with `argument`, if its constructor takes one. Raises ModelError if it specifies nothing.

    If it is `fair`, a call continues only if it still could after all earlier waiting calls of its operation that could
    had continued. `binds` says whether a call that took something may not end cancelled.

    >>> from latchproof_spec.machines import LATCH
    >>> specification = ModelSpecification(LATCH.variants[0].model, 2)
    >>> [(one.name, one.waits) for one in specification.operations]
    [('count_down', False), ('wait', True)]
    >>> specification.start()
    [Configuration(state=ModelState(attributes=(('_made', 2), ('count', 2)), line=()), queue=(), fates=())]
    """

    def __init__(
        self, model: type[Model], argument: int = 0, *, fair: bool = False, name: str = "", binds: bool = True
    ) -> None:
        require_model(model)
        self._start = start(model, *arguments_for(model, argument))
        require_observed(model, argument)
        self.name = name or model.__name__
        self.model = model
        self.operations = operations_in(model)
        self.tells_tasks_apart = tells_tasks_apart(model)
        self._argument = argument
        self._fair = fair
        self._binds = binds
        self._looks_at_released = says(model, released)
        self._looks_at_place = says(model, place)
        self._undone_by = {**model.undone_by, **model.gives_back}
        self._returns_value = {one.name: returns_value(model, one.name) for one in self.operations}
        self._known = _KNOWN.setdefault(model, {})
        self._weaker: dict[str, Specification] = {}

    def start(self) -> list[Configuration]:
        return [Configuration(ModelState(attributes)) for attributes in self._start]

    def effects(
        self, here: Configuration, call: int, calls: Sequence[Invocation]
    ) -> Iterator[tuple[Configuration, str]]:
        said = _said_by(here, call) if call in here.queue else self._said(calls[call])
        if calls[call].cancelled and here.fate(call) == NEW:
            early = list(self._early_withdrawals(here, call, said))
            if any(after.with_fate(call, NEW) != here for after, _ in early):  # its cancellation comes first
                yield from early
                return
        for outcome in self._outcomes(here, call, said):
            if outcome.kind == "leaves":  # it was cancelled at an earlier instant
                after, rule = self._after(here, call, said, outcome)
                yield after.with_fate(call, WITHDRAWN), rule
                continue
            if outcome.kind != "waits" and self._has_its_turn(here, call, said):
                yield self._after(here, call, said, outcome)
                continue
            if outcome.kind != "waits":
                yield here, f"{said.operation}(){WAITS_ITS_TURN}"
            if here.fate(call) == NEW:
                state = here.state._replace(line=(*here.state.line, said))
                parked = Configuration(state, (*here.queue, call), here.fates).with_fate(call, PARKED)
                yield parked, f"{said.operation}() waits"

    def withdrawals(
        self, here: Configuration, call: int, calls: Sequence[Invocation]
    ) -> Iterator[tuple[Configuration, str]]:
        said, fate = self._said(calls[call]), here.fate(call)
        if fate == NEW:
            yield from self._early_withdrawals(here, call, said)
        elif fate == PARKED:
            said = _said_by(here, call)
            for outcome in () if _was_cancelled(said) else self._outcomes(here, call, said, cancelled=True):
                after, _ = self._after(here, call, said, outcome)
                gone = after if outcome.kind == "pauses" else after.with_fate(call, WITHDRAWN)
                yield gone, f"{said.operation}() is withdrawn"
        elif fate.ending is None or not fate.ending.binding:
            yield here, f"{said.operation}() is cancelled after it took effect"
        elif said.operation in self._undone_by:
            yield from self._given_back(here, call, said)

    def _early_withdrawals(self, here: Configuration, call: int, said: Said) -> Iterator[tuple[Configuration, str]]:
        """Yield where it leads that a call is cancelled before it takes effect: it never happened.

        A model that tells a new call from one that has waited says by that what else may come of it.
        """
        if not self._looks_at_place:
            yield here.with_fate(call, WITHDRAWN), ""
            return
        for outcome in self._outcomes(here, call, said, cancelled=True):
            after, _ = self._after(here, call, said, outcome)
            yield after.with_fate(call, WITHDRAWN), ""

    def _given_back(self, here: Configuration, call: int, said: Said) -> Iterator[tuple[Configuration, str]]:
        """Yield where it leads that a call that is cancelled gives back what it took.

        If that is refused, another call has given it back in the meantime, and there is nothing left to give.
        """
        name = self._undone_by[said.operation]
        takes_arguments = next(one.parameters for one in self.operations if one.name == name)
        back = said._replace(operation=name, arguments=said.arguments if takes_arguments else ())
        for outcome in self._outcomes(here, call, back):
            if outcome.kind == "ends":
                refused = outcome.ending.error is not None
                after = here if refused else self._after(here, call, back, outcome)[0]
                yield after.with_fate(call, WITHDRAWN), f"{said.operation}() is withdrawn"

    def may_stay(self, here: Configuration, call: int) -> bool:
        said = _said_by(here, call)
        return any(outcome.kind == "waits" for outcome in self._outcomes(here, call, said))

    def may_stay_cancelled(self, here: Configuration, call: int) -> bool:
        return _was_cancelled(_said_by(here, call))

    def readings(self, here: Configuration, name: str) -> Collection[Any] | None:
        if name in self.model.at_rest and not self._is_settled(here):
            return None
        line, gone = [said for _, said in _line(here)], [said for _, said in self._gone(here)]
        key = name, here.state.attributes, tuple(line), tuple(gone)
        if key not in self._known:
            numbered = _numbered(line)
            self._known[key] = readings(self.model, here.state.attributes, name, numbered, _numbered(gone, len(line)))
        found: tuple[Any, ...] = self._known[key]
        return found

    def _is_settled(self, here: Configuration) -> bool:
        """Return whether each call under way waits, and none can continue."""
        return all(fate == PARKED and not self._could_continue(here, call) for call, fate in here.fates)

    def _could_continue(self, here: Configuration, call: int) -> bool:
        said = _said_by(here, call)
        return any(outcome.kind != "waits" for outcome in self._outcomes(here, call, said))

    def matches(self, ending: Ending, event: End) -> bool:
        return is_named_so(ending.raises, event.error) if event.error is not None else is_one_of(event.value, ending)

    def variables(self, here: Configuration) -> dict[str, Any]:
        return {name.lstrip("_"): value for name, value in here.state.attributes}

    def reason_to_wait(self, before: Iterable[Configuration], call: int) -> str:
        waiting = [(here, _said_by(here, call)) for here in before if here.fate(call) == PARKED]
        if any(self._could_continue(here, call) for here, _ in waiting):  # then it is not its turn
            return f"an earlier call of {waiting[0][1].operation}() waits"
        return " and ".join(sorted({self._reason(here, call, said) for here, said in waiting} - {""}))

    def _reason(self, here: Configuration, call: int, said: Said) -> str:
        line = [one for other, one in _line(here) if other != call]
        gone = [one for other, one in self._gone(here) if other != call]
        return why_it_waits(
            self.model,
            here.state.attributes,
            said.operation,
            said.arguments,
            _numbered(line),
            gone=_numbered(gone, len(line)),
            task=said.task,
            place=self._place(here, call),
            past=said.past,
        )

    def weaker(self) -> dict[str, Specification]:
        if self._binds and not self._weaker:
            allows = ModelSpecification(self.model, self._argument, fair=self._fair, name=self.name, binds=False)
            self._weaker = {"effect of a cancelled call": allows}
        return self._weaker

    def blame(self, situation: str) -> str:
        return {str(one): finding for one, finding in BLAME.items()}[situation].id

    def _said(self, call: Invocation) -> Said:
        return Said(call.operation, call.arguments, call.task if self.tells_tasks_apart else 0)

    def _gone(self, here: Configuration) -> list[tuple[int, Said]]:
        """Return the calls that were let go and have not ended, if the model looks at them."""
        if not self._looks_at_released:
            return []
        return [(call, fate.ending.own) for call, fate in here.fates if fate.ending is not None and fate.ending.own]

    def _outcomes(self, here: Configuration, call: int, said: Said, *, cancelled: bool = False) -> list[Outcome]:
        """Return what may come of a call, which is the same wherever it and the others are numbered otherwise."""
        line = [(other, one) for other, one in _line(here) if other != call]
        gone = [(other, one) for other, one in self._gone(here) if other != call]
        words, left = [one for _, one in line], [one for _, one in gone]
        # True equals 1, and is another argument
        types, at = tuple(map(type, said.arguments)), self._place(here, call)
        key = here.state.attributes, said, types, tuple(words), tuple(left), at, cancelled
        found: list[Outcome] | None = self._known.get(key)
        if found is None:
            found = self._known[key] = outcomes(
                self.model,
                here.state.attributes,
                said.operation,
                said.arguments,
                _numbered(words),
                gone=_numbered(left, len(words)),
                task=said.task,
                place=at,
                past=said.past,
                cancelled=cancelled,
            )
        if not any(one.given for one in found):
            return found
        names = [other for other, _ in (*line, *gone)]
        return [one._replace(given=tuple((names[place], how) for place, how in one.given)) for one in found]

    def _place(self, here: Configuration, call: int) -> int | None:
        """Return where a call stands in the line, if it waits and the model looks at that."""
        return here.queue.index(call) if self._looks_at_place and call in here.queue else None

    def _has_its_turn(self, here: Configuration, call: int, said: Said) -> bool:
        """Return whether a call may continue, as far as the order of arrival is concerned."""
        if not self._fair:
            return True
        until = here.queue.index(call) if call in here.queue else len(here.queue)
        line = zip(here.queue[:until], here.state.line, strict=False)
        earlier = [one for one, its in line if (its.operation, len(its.past)) == (said.operation, len(said.past))]
        return self._could_after(here, call, said, earlier)

    def _could_after(self, here: Configuration, call: int, said: Said, earlier: Sequence[int]) -> bool:
        """Return whether a call could continue after each of the earlier ones that could had continued."""
        if here.fate(call).kind == "ends":
            return False
        if not earlier:
            return any(outcome.kind != "waits" for outcome in self._outcomes(here, call, said))
        first, *others = earlier
        if first in here.queue:
            its = _said_by(here, first)
            continues = [one for one in self._outcomes(here, first, its) if one.kind != "waits"]
            if continues:
                afterwards = (self._after(here, first, its, one)[0] for one in continues)
                return any(self._could_after(after, call, said, others) for after in afterwards)
        return self._could_after(here, call, said, others)

    def _after(self, here: Configuration, call: int, said: Said, outcome: Outcome) -> tuple[Configuration, str]:
        """Return the configuration after a call has taken effect, or an instant of it is over, and what it did."""
        did = (
            "pauses"
            if outcome.kind == "pauses"
            else f"raises {outcome.ending.error.__name__}"
            if outcome.ending.error is not None
            else "ends other calls"
            if outcome.given
            else "returns"
        )
        rule = f"{said.operation}() {did}"
        named = dict(_line(here)) | dict(self._gone(here))
        fates = dict(here.fates)
        for one, how in outcome.given:
            fates[one] = Fate("ends", self._ending(how, named[one], said.operation, rule, let_go=True))
        own = self._ending(outcome.ending, said, said.operation, rule, let_go=outcome.passed)
        is_kept = outcome.passed and not outcome.given and outcome.state != here.state.attributes
        fates[call] = Fate("ends", own._replace(binding=self._binds and is_kept))
        there = _line(here)
        if outcome.moment is not None:  # it keeps its place, if it has one
            fates[call] = PARKED
            paused = said._replace(past=(*said.past, outcome.moment))
            there = [(one, paused if one == call else its) for one, its in there]
            there += [] if call in here.queue else [(call, paused)]
        leaves = {one for one, _ in outcome.given} | ({call} if outcome.moment is None else set())
        stay = [(one, its) for one, its in there if one not in leaves]
        state = ModelState(outcome.state, tuple(its for _, its in stay))
        return Configuration(state, tuple(one for one, _ in stay), in_order(fates)), rule

    def _ending(self, given: Given, said: Said, by: str, rule: str, *, let_go: bool) -> Ending:
        """Return what a call ends with that said so, by the effect of an operation."""
        own = said if let_go and self._looks_at_released else None
        if given.error is not None:
            return Ending((), (given.error,), by, rule, own=own)
        if given.value is None and not self._returns_value[said.operation]:
            return Ending(None, by=by, rule=rule, own=own)
        return Ending((given.value,), by=by, rule=rule, own=own)


class VariantSpecification(NamedAsMachine, ModelSpecification):
    """A variant of a machine, made with `argument`.

    `compared` says what of the values that waiting calls return is compared.
    """

    def __init__(self, machine: Machine, variant: Variant, argument: int, *, compared: Compared = "indices") -> None:
        super().__init__(variant.model, argument, name=variant.name, binds=False)
        self.machine = machine
        self.blames = {**machine.blame, **variant.blame}
        self._compared = compared

    def matches(self, ending: Ending, event: End) -> bool:
        if event.error is not None:
            return is_expected(ending.raises, event.error)
        if ending.returns:
            if self._compared == "no value":
                return type(event.value) is not int
            if event.leads is not None:
                event = event._replace(value=event.leads is LEADS.get(self._compared, True))
        return super().matches(ending, event)


def is_named_so(errors: tuple[type[BaseException], ...], error: BaseException) -> bool:
    """Return whether the class of an exception, or a base of it, has the name of one of these.

    >>> is_named_so((LookupError,), KeyError(1)), is_named_so((RuntimeError,), RecursionError())
    (True, False)
    """
    names = {error_name(error), *(base.__name__ for base in type(error).__mro__)}
    wanted = {one.__name__ for one in errors}
    # that a class is not finished, or does not end, is nothing that a model means by its base
    accidents = {NotImplementedError.__name__, RecursionError.__name__} & names
    return bool(wanted & (accidents or names))


def _line(here: Configuration) -> list[tuple[int, Said]]:
    """Return the calls that wait, in order, with what each says."""
    return list(zip(here.queue, here.state.line, strict=True))


def _said_by(here: Configuration, call: int) -> Said:
    """Return what a call says that waits."""
    said: Said = here.state.line[here.queue.index(call)]
    return said


def _numbered(calls: Sequence[Said], first: int = 0) -> list[Waiting]:
    return [Waiting(number, *said[:3]) for number, said in enumerate(calls, first)]


def _was_cancelled(said: Said) -> bool:
    """Return whether the call was told at an earlier instant that it is cancelled, and has not ended yet."""
    return any(one.cancelled for one in said.past)
