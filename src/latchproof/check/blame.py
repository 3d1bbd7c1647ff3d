"""Which claim does a history break that no configuration allows?

The last event is compared with what the configurations say of its call: an index that another call has, a return
without a release, an error instead of a release, a release that never came. That makes a situation, and the
specification says what it is called.

A cancellation, an abort or a reset that came before is no reason by itself. It is one if a specification that is weaker
in just that respect (`Specification.weaker`) allows the history.
"""

from collections.abc import Callable, Collection, Iterable, Sequence, Set
from typing import NamedTuple

from latchproof.check.history import End, Event, Finding, Observe, named, shown
from latchproof.check.specification import COMPARED, Configuration, Fate, Operation, Specification, reads_so

BECAUSE = ", because a call took effect and ended cancelled"
"""What is said of a finding that shows the effect of a cancelled call."""


class Scene(NamedTuple):
    """What is known of a history when an event comes that is not allowed. Calls go by their rank among those under way.

    `before`         every configuration that the history before the event allows.
    `operations`     the operation of each call.
    `numbers`        the number of each call in the history.
    `requested`      the calls whose cancellation was requested.
    `any_cancelled`  whether a cancellation was requested at all.
    `left_out`       the observations that have read wrong.
    `misread_by`     those that read wrong under a weaker specification; None if it does not allow the calls either.
    """

    specification: Specification
    before: Set[Configuration]
    operations: Sequence[Operation]
    numbers: Sequence[int]
    requested: Set[int]
    any_cancelled: bool
    left_out: Set[str]
    misread_by: Callable[[Specification], Set[str] | None]

    def finding(self, situation: str, seen: str, fates: Iterable[Fate]) -> Finding:
        """Return the finding for a situation; `fates` are those that the call may have."""
        taken = {fate for fate in fates if fate.kind != "new"}
        allowed = sorted({str(fate) for fate in taken})
        rules = sorted({fate.ending.rule for fate in taken if fate.ending is not None} - {""})
        reason = self.because_of_a_cancelled_call(situation)
        seen += BECAUSE if reason != situation else ""
        return Finding(self.specification.blame(reason), seen, tuple(allowed), tuple(rules))

    def explains(self, situation: str, *, more: bool = False) -> bool:
        """Return whether a specification that allows the situation allows the calls, and each reading allowed before.

        With `more` it must also allow one that was wrong.
        """
        weaker = self.specification.weaker().get(situation)
        misread = None if weaker is None else self.misread_by(weaker)
        return misread is not None and (misread < self.left_out if more else misread <= self.left_out)

    def because_of_a_cancelled_call(self, situation: str) -> str:
        """Return the situation, or that a call has taken effect and ended cancelled, if that is the reason for it."""
        reason = "effect of a cancelled call"
        return reason if self.explains(reason) else situation

    def told(self, call: int) -> str:
        """Return the words for a call in a finding."""
        return f"{self.operations[call].name}() of call {self.numbers[call] + 1}"

    def missed_refusal(self, otherwise: str = "missed refusal") -> str:
        """Return the situation of a call that is not refused: what an earlier reading showed may be the reason."""
        is_mended = bool(self.left_out) and self.explains("wrongly broken or mended", more=True)
        return "wrongly broken or mended" if is_mended else otherwise

    def unasked_failure(self) -> str:
        """Return the situation of a call that fails though nothing should fail it."""
        reasons = ("wrongly broken or mended", "harmed by a cancellation", "error after release")
        return next(filter(self.explains, reasons), "failed unasked")


def find(scene: Scene, event: Event, call: int) -> Finding:
    """Return the finding for an event that no configuration allows; `call` is the rank of the call that ends."""
    return _of_end(scene, event, call) if isinstance(event, End) else _of_rest(scene)


def find_misread(scene: Scene, event: Observe, misread: tuple[str, ...]) -> Finding:
    """Return the finding for what was read wrong: for the first that is wrong by itself, or for all at once."""
    situation = scene.because_of_a_cancelled_call("wrong reading")
    because = BECAUSE if situation != "wrong reading" else ""
    claim = scene.specification.blame(situation)
    for name, value in event.values:
        values = {one for here in scene.before for one in scene.specification.readings(here, name) or ()}
        if not any(reads_so(value, scene.specification.readings(here, name)) for here in scene.before):
            allowed = tuple(f"{name} = {one!r}" for one in sorted(values, key=lambda one: (str(type(one)), one)))
            return Finding(claim, f"{name} is {_typed(value, values)}{because}", allowed, (), misread, final=False)
    seen = ", ".join(f"{name} is {shown(value)}" for name, value in event.values)
    return Finding(claim, f"{seen}{because}", ("not both of these at once",), (), misread, final=False)


def _typed(value: object, allowed: Collection[object]) -> str:
    """Return a value in words, with its type if an allowed value of another type equals it: False is not 0."""
    equal = [one for one in allowed if type(value) in COMPARED and value == one]
    return shown(value) + (f", of type {type(value).__name__} and not {type(equal[0]).__name__}" if equal else "")


def _of_end(scene: Scene, event: End, call: int) -> Finding:
    operation = scene.operations[call]
    fates = {here.fate(call) for here in scene.before}
    endings = [fate.ending for fate in fates if fate.ending is not None]
    has_value = any(ending.returns for ending in endings)
    if event.how == "returned":
        values = [one for ending in endings for one in ending.returns or () if type(one) is not type(event.value)]
        seen = f"{operation.name}() returned{'' if event.value is None else f' {_typed(event.value, values)}'}"
        if event.leads is not None and type(event.value) is not bool:
            seen += f", which {'leads' if event.leads else 'does not lead'}"
        if not has_value and (not operation.waits or any(ending.refuses(operation.name) for ending in endings)):
            situation = scene.missed_refusal()
        else:
            situation = "wrong index" if has_value else "missed error" if endings else "early return"
            reason = "" if endings else scene.specification.reason_to_wait(scene.before, call)
            seen += f", though {reason}" if reason else ""
    elif event.how == "cancelled":
        seen = f"{operation.name}() ended cancelled without a request to cancel it"
        if call in scene.requested:
            why = "had taken effect" if endings else "was not yet to end"
            return scene.finding(
                "effect of a cancelled call", f"{operation.name}() ended cancelled, though it {why}", fates
            )
        is_harmed = scene.any_cancelled and len(endings) < len(fates)  # a released call is out of reach
        unasked = "harmed by a cancellation" if is_harmed else "cancelled unasked"
        situation = "cancelled instead of failed" if any(ending.fails for ending in endings) else unasked
    else:
        assert event.error is not None
        seen = f"{operation.name}() raised {named(event.error)}"
        if not operation.waits or not scene.specification.may_fail_with(event.error):
            is_refusal = scene.specification.may_refuse_with(operation.name, event.error)
            situation = "mistaken refusal" if is_refusal else "wrong error"
        else:
            situation = scene.unasked_failure()
    return scene.finding(situation, seen, fates)


def _of_rest(scene: Scene) -> Finding:
    # a call that might have been withdrawn by a timer has not been: it would have ended
    settled = [
        here
        for here in scene.before
        if not any(
            fate.kind == "new"
            or (fate.kind == "withdrawn" and call not in scene.requested)
            or (fate.kind == "parked" and not scene.specification.may_stay(here, call))
            for call, fate in here.fates
        )
    ]
    for call in sorted({call for here in settled for call, _ in here.fates}):
        operation = scene.operations[call]
        fates = {here.fate(call) for here in settled}
        endings = [fate.ending for fate in fates if fate.ending is not None]
        seen = f"nothing can run any more, and {scene.told(call)} has not ended"
        if call in scene.requested:
            return scene.finding("stranded", f"{seen} although it was cancelled", fates)
        if not operation.waits:
            return scene.finding("stranded", seen, fates)
        if len(endings) == len(fates):
            if any(ending.refuses(operation.name) for ending in endings):
                situation = scene.missed_refusal("refusal not delivered")
            elif any(ending.returns for ending in endings):
                situation = "index not delivered"
            elif any(ending.fails for ending in endings):
                situation = "error not delivered"
            else:
                was_released = all(ending.by != operation.name for ending in endings)
                situation = "release not delivered" if was_released else "stranded"
            return scene.finding(situation, seen, fates)
    one_of = _one_of_which_ends(scene, settled)
    if len(one_of) > 1:
        first, *others = map(scene.told, sorted(one_of))
        calls = f"neither {' nor '.join([first, *others])}"
        seen = f"nothing can run any more, and {calls} has ended, though one of them could"
        return scene.finding("stranded", seen, one_of.values())
    seen = "nothing can run any more, and a call is blocked that should not be"
    return Finding(scene.specification.blame("stranded"), seen, ("a release",), ())


def _one_of_which_ends(scene: Scene, settled: Iterable[Configuration]) -> dict[int, Fate]:
    """Return the calls of which one has to end, each with how it ends.

    Where none has taken effect unseen, they are those that could continue.
    """
    ends = {call: fate for here in settled for call, fate in here.fates if fate.kind == "ends"}
    return ends or {
        call: fate
        for here in scene.before
        for call, fate in here.fates
        if fate.kind == "parked" and not scene.specification.may_stay(here, call)
    }
