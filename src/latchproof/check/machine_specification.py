"""A machine under a policy, as a specification that histories are judged by.

Calls take effect by the machine's own functions, and its queue is kept by `latchproof_spec.step.apply`: what the judge
follows is what the runtime executes and the prover proves. What a rule says becomes endings of calls here. Which claim
a finding breaks is the machine's `blame`. The weaker specifications at the end allow what a single claim rules out.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import product
from types import SimpleNamespace
from typing import Any, Final

from latchproof.check.history import End
from latchproof.check.sandbox.classes import bases_of, name_of
from latchproof.check.specification import (
    GONE,
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
from latchproof_spec.claims import Claim
from latchproof_spec.machine import Machine, Situation
from latchproof_spec.machine import Operation as MachineOperation
from latchproof_spec.step import ANY_INDEX, BrokenBarrierError, Rule, apply

LED: Final = "one leads"
"""The order of a rule by which calls are told only whether they lead."""

RELEASED: Final = "released"
"""The ending of a call that another released and that is given no value, where a property may still count it."""


class NamedAsMachine(Specification):
    """What names findings as a machine does: its rules' errors, and the claims that `blames` gives situations."""

    machine: Machine
    blames: Mapping[Situation, Claim]

    def may_fail_with(self, error: BaseException) -> bool:
        return any(is_expected(rule.errors, error) for rule in self.machine.rules if rule.queue == "failed")

    def may_refuse_with(self, operation: str, error: BaseException) -> bool:
        refusals = (rule for rule in self.machine.rules if rule.operation == operation and rule.refuses)
        return any(is_expected(rule.errors, error) for rule in refusals)

    def blame(self, situation: str) -> str:
        named = {str(one): claim for one, claim in self.blames.items()}
        if situation == "refusal not delivered":  # a call that hangs has missed its refusal as one that returns has
            situation = "missed refusal"
        # a faulty machine may come into any situation
        return named.get(situation, self.blames["stray error"]).id


class MachineSpecification(NamedAsMachine):
    """A machine made with `argument`, under a policy.

    `compared` says what of the values that waiting calls return is compared. If they tell who leads, the policy is the
    one in which that is so. Raises ValueError for an argument that the machine refuses.
    """

    def __init__(self, machine: Machine, policy: Any, argument: int, *, compared: Compared = "indices") -> None:
        self.machine = machine
        self.blames = machine.blame
        self.policy = policy = policy_for(machine, policy, compared)
        self.name = policy.name
        self._argument = argument
        self.operations = machine.operations
        self.constants, self._start, rule = machine.create(argument)
        if rule.refuses:
            raise ValueError(rule.message.format(argument))
        self._compared = compared
        self._is_compared = compares(machine, policy, compared)
        self._named = {operation.name: operation for operation in machine.operations}
        self._refusals = {rule.id for rule in machine.rules if rule.refuses}
        self._counts_released = any(one.counts_released(policy) for one in machine.observations.values())
        self._failing = [
            operation
            for operation in machine.operations
            if any(rule.operation == operation.name and rule.queue == "failed" for rule in machine.rules)
        ]
        """The operations that fail the parked."""
        self._weaker: dict[str, Specification] | None = None

    def start(self) -> list[Configuration]:
        return [Configuration(self._start)]

    def effects(
        self, here: Configuration, call: int, calls: Sequence[Invocation]
    ) -> Iterator[tuple[Configuration, str]]:
        if here.fate(call) != NEW:  # the parked are released by effects of other calls alone
            return
        operation = self._named[calls[call].operation]
        if calls[call].cancelled:
            early = list(self._early_withdrawals(here, call, operation))
            if any(rule.heeds_parked for _, rule in early):  # then it is withdrawn before it can take effect
                yield from ((after, rule.id) for after, rule in early)
                return
        for facts in told(operation, NEW):
            state, rule = self._step(operation, here, (*calls[call].arguments, *facts))
            yield self._after(here, state, rule, call), rule.id

    def withdrawals(
        self, here: Configuration, call: int, calls: Sequence[Invocation]
    ) -> Iterator[tuple[Configuration, str]]:
        fate = here.fate(call)
        if fate == NEW:
            early = list(self._early_withdrawals(here, call, self._named[calls[call].operation]))
            yield from ((after, rule.id) for after, rule in early)
            if not early:  # then it never happened
                yield here.with_fate(call, WITHDRAWN), ""
            return
        for facts in told(self.machine.withdraw, fate):
            state, rule = self._step(self.machine.withdraw, here, facts)
            is_parked = fate == PARKED
            # a released call may still return; its withdrawal changes nothing
            yield self._after(here, state, rule, call).with_fate(call, WITHDRAWN) if is_parked else here, rule.id

    def _early_withdrawals(
        self, here: Configuration, call: int, operation: MachineOperation
    ) -> Iterator[tuple[Configuration, Rule]]:
        """Yield where the withdrawal of a new call leads, by which rule; nothing if there is no rule for it."""
        if operation.waits and self.machine.withdraws_early:
            for facts in told(self.machine.withdraw, NEW):
                state, rule = self._step(self.machine.withdraw, here, facts)
                yield self._after(here, state, rule, call).with_fate(call, WITHDRAWN), rule

    def readings(self, here: Configuration, name: str) -> Collection[int]:
        observation = self.machine.observations[name]
        value: int = observation.read(*self.constants, *here.state)
        if not observation.counts_released(self.policy):
            return (value,)
        released = sum(1 for _, fate in here.fates if fate.ending is not None and self._is_release(fate.ending))
        return range(value, value + released + 1)

    def matches(self, ending: Ending, event: End) -> bool:
        if event.error is not None:
            return is_expected(ending.raises, event.error)
        if ending.returns and not self._is_compared:
            return type(event.value) is not int
        if ending.led:
            return self.given(ending, event) is not None
        return is_one_of(event.value, ending)

    def given(self, ending: Ending, event: End) -> object:
        if not self._is_compared or ending.returns is None:
            return None
        if not ending.led:
            return event.value
        if event.leads is None:
            return None
        leads = event.leads is LEADS.get(self._compared, True)
        return next((one for one in ending.returns if (one == 0) == leads and one not in ending.taken), None)

    def weaker(self) -> dict[str, Specification]:
        if self._weaker is None:
            self._weaker = {
                situation: weaker(self.machine, self.policy, self._argument, compared=self._compared)
                for situation, weaker in WEAKER.items()
                if situation in self.machine.blame
            }
        return self._weaker

    def variables(self, here: Configuration) -> dict[str, Any]:
        return dict(zip(self.machine.state, here.state, strict=True))

    def _is_release(self, ending: Ending) -> bool:
        """Return whether a call with this ending was parked, or completed a generation; an error may release it too."""
        if ending.fails:
            return ending.rule not in self._refusals
        return ending.returns is not None or ending.own == RELEASED

    def _reaches_released(self, rule: Rule) -> bool:
        return self.machine.reaches_released(rule, self.policy)

    def _step(
        self, operation: MachineOperation, here: Configuration, inputs: tuple[Any, ...]
    ) -> tuple[tuple[Any, ...], Rule]:
        *state, rule = operation.function(*self.constants, *here.state, *inputs, policy=self.policy)
        return tuple(state), rule

    def _after(self, here: Configuration, state: tuple[Any, ...], rule: Rule, call: int) -> Configuration:
        """Return the configuration after a rule was applied to a call: which calls it parks, and what it gives them."""
        queue, resumed = apply(rule, here.queue, call)
        fates = dict(here.fates)
        if self._reaches_released(rule):
            for other, fate in here.fates:
                if fate.ending is not None and fate.ending.returns:
                    fates[other] = fate._replace(ending=fate.ending._replace(raises=rule.errors))
        size = sum(1 for _, ending in resumed if ending == ANY_INDEX)
        if size:  # they are the latest generation now
            for other, fate in fates.items():
                if fate.ending is not None and fate.ending.generation:
                    older = fate.ending._replace(generation=fate.ending.generation - 1)
                    fates[other] = fate._replace(ending=older)
        for other, given in resumed:
            if other != GONE:
                ending = Ending(None if given is None else (given,), (), rule.operation, rule.id)
                if given == ANY_INDEX:
                    ending = ending._replace(returns=tuple(range(size)), led=rule.order == LED, generation=-1)
                elif isinstance(given, type):
                    ending = ending._replace(returns=(), raises=rule.errors)
                elif self._counts_released and other != call:
                    ending = ending._replace(own=RELEASED)
                fates[other] = Fate("ends", ending)
        if rule.caller == "parks":
            fates[call] = PARKED
        return Configuration(state, queue, in_order(fates))


class _Weaker(MachineSpecification):
    """A specification that allows what a claim rules out."""

    def weaker(self) -> dict[str, Specification]:
        return {}


class _WithdrawalsFail(_Weaker):
    """A withdrawal of a call that was not released may fail the parked."""

    withdrawn: tuple[str, ...] = ("new", "parked")
    """The kinds of fates of the calls that may do so."""

    def withdrawals(
        self, here: Configuration, call: int, calls: Sequence[Invocation]
    ) -> Iterator[tuple[Configuration, str]]:
        yield from super().withdrawals(here, call, calls)
        fate = here.fate(call)
        for operation in self._failing if fate.kind in self.withdrawn else ():
            state, rule = self._step(operation, here, ())
            after = self._after(here, state, rule, call)
            yield after.with_fate(call, fate if fate.kind == "ends" else WITHDRAWN), rule.id


class _FailuresReachReleased(_WithdrawalsFail):
    """What fails the parked may fail the released too, and a withdrawal of a released call may fail the parked."""

    withdrawn = ("new", "parked", "ends")

    def _reaches_released(self, rule: Rule) -> bool:
        return rule.queue == "failed"


class _FailuresExchanged(_Weaker):
    """An operation that fails the parked may do what another such operation does: an abort may mend a barrier."""

    def effects(
        self, here: Configuration, call: int, calls: Sequence[Invocation]
    ) -> Iterator[tuple[Configuration, str]]:
        yield from super().effects(here, call, calls)
        names = [operation.name for operation in self._failing]
        if here.fate(call) == NEW and calls[call].operation in names:
            for operation in self._failing:
                state, rule = self._step(operation, here, ())
                yield self._after(here, state, rule, call), rule.id


WEAKER: dict[str, type[_Weaker]] = {
    "harmed by a cancellation": _WithdrawalsFail,
    "error after release": _FailuresReachReleased,
    "wrongly broken or mended": _FailuresExchanged,
}
"""What allows a history that shows a situation."""


def policy_for(machine: Machine, policy: Any, compared: Compared) -> Any:
    """Return the policy for a target of whose values so much is compared."""
    return machine.led(policy) if machine.led is not None and compared in LEADS else policy


def compares(machine: Machine, policy: Any, compared: Compared) -> bool:
    """Return whether a policy compares the values that waiting calls return."""
    if compared == "nothing":  # but a policy that has to be named, as it is about who leads, demands that they tell
        return policy not in machine.policies or (machine.led is not None and machine.led(policy) is policy)
    return compared != "no value"


def told(operation: MachineOperation, fate: Fate) -> Iterator[tuple[bool, ...]]:
    """Return what a host may tell an operation of a call: either, of a fact that cannot be read off the call."""
    call = SimpleNamespace(parked=fate == PARKED, released=fate.ending is not None)
    return product(*((False, True) if one.read is None else (one.read(call),) for one in operation.facts))


def is_broken_barrier_error(error: BaseException) -> bool:
    """Return whether an exception says that a barrier is broken: its class, or a base of it, is so named."""
    return BrokenBarrierError.__name__ in map(name_of, bases_of(type(error)))


def is_expected(errors: tuple[type[BaseException], ...], error: BaseException) -> bool:
    """Return whether an exception is one of those that a rule gives. Other people's classes may name theirs freely."""
    if BrokenBarrierError in errors:
        return is_broken_barrier_error(error)
    families = tuple(RuntimeError if issubclass(one, RuntimeError) else one for one in errors)
    is_named_so = not {*map(name_of, bases_of(type(error)))}.isdisjoint(one.__name__ for one in errors)
    return (
        (isinstance(error, families) or is_named_so)
        and not is_broken_barrier_error(error)
        and not isinstance(error, RecursionError | NotImplementedError)
    )
