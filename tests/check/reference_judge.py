"""A second judge of histories, for tests: slow, and written from the rules of judging alone.

A `World` is one way in which a history may have come about. It knows everything: which calls have taken effect and in
which order, and what each call will end with. Where the judge leaves something open (which index of its generation a
call gets, whether an abort reaches a released call), there is a world for each possibility. `hidden` says what may
happen in a world unseen, `seen` what an event leaves of it. A history is allowed up to the first event that no world
shows; a property that reads as in no world is left out from there on. Nothing is shared with `latchproof.check` but the
events: the machines' functions and `apply` say what a step does, and the axes of a policy are read here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, combinations, permutations
from typing import Any, NamedTuple

from latchproof.check.history import Begin, End, Event, Observe, Request, Rest, Stray, TimePasses
from latchproof_spec.machine import Machine
from latchproof_spec.step import BrokenBarrierError, Rule, apply


class Stage(NamedTuple):
    """How far a call is: "begun", "parked", "withdrawn", or what it ends with: "returns", "index" or "fails".

    `value` is what goes with it: the operation, its arguments and their types (True equals 1); the index; the errors.
    `released` says that the call was released: by the trip of its generation, or by what had the parked fail.
    """

    name: str
    value: Any = None
    released: bool = False


PARKED, WITHDRAWN = Stage("parked"), Stage("withdrawn")


class World(NamedTuple):
    """One way in which a history may have come about; `requested` are calls whose cancellation was requested."""

    state: tuple[Any, ...]
    queue: tuple[int, ...]
    stages: frozenset[tuple[int, Stage]]
    requested: frozenset[int]
    waits: frozenset[int] = frozenset()
    """The calls of wait()."""
    timed: frozenset[int] = frozenset()
    """The calls of wait() that were under way when time passed: each may have timed out."""

    def put(self, call: int, stage: Stage) -> World:
        """The world with another stage for a call."""
        return self._replace(stages=frozenset({**dict(self.stages), call: stage}.items()))

    def without(self, call: int) -> World:
        """The world without a call that has ended."""
        stages = frozenset((other, stage) for other, stage in self.stages if other != call)
        gone = frozenset({call})
        return self._replace(
            stages=stages, requested=self.requested - gone, waits=self.waits - gone, timed=self.timed - gone
        )


Worlds = frozenset[World]


class ReferenceJudge:
    """Judges by a machine, made with `argument`, under a policy. Strictly, a call and a request take effect at once."""

    def __init__(
        self, machine: Machine, policy: Any, argument: int, *, strict: bool = False, indexed: bool = True
    ) -> None:
        self.machine, self.policy, self.strict, self.indexed = machine, policy, strict, indexed
        self.closures: dict[Worlds, Worlds] = {}
        """What `closure` returned: it is asked for each event that may come next."""
        self.operations = {one.name: one.function for one in machine.operations}
        self.constants, state, _ = machine.create(argument)
        self.start: Worlds = frozenset({World(state, (), frozenset(), frozenset())})

    def refused(self, history: Iterable[Event]) -> list[int]:
        """The positions of the events that are not allowed, up to the first after which nothing is judged."""
        worlds, left_out, found = self.start, frozenset[str](), []
        for position, event in enumerate(history):
            if isinstance(event, Stray):
                found.append(position)
                continue
            if isinstance(event, Observe):
                misread = self.misread(worlds, event, left_out)
                found += [position] if misread else []
                left_out |= misread
                event = without(event, left_out)
            if not (worlds := self.after(worlds, event)):
                return [*found, position]
        return found

    def misread(self, worlds: Worlds, event: Observe, left_out: frozenset[str]) -> frozenset[str]:
        """The properties that read wrong: as in no world, or in none that reads the others as they do."""
        one_by_one = [(name, Observe(((name, value),))) for name, value in without(event, left_out).values]
        alone = frozenset(name for name, one in one_by_one if not self.after(worlds, one))
        together = without(event, left_out | alone)
        return alone if self.after(worlds, together) else frozenset(name for name, _ in one_by_one)

    def after(self, worlds: Worlds, event: Event) -> Worlds:
        """Every world in which the event may be the next: what is hidden happens before it, or not."""
        return frozenset(world for before in self.closure(worlds) for world in self.seen(before, event))

    def closure(self, worlds: Worlds) -> Worlds:
        """The worlds, and all that may come of them unseen."""
        if worlds not in self.closures:
            new, known = worlds, worlds
            while new and not self.strict:
                new = frozenset(world for before in new for world in self.hidden(before)) - known
                known |= new
            self.closures[worlds] = known
        return self.closures[worlds]

    def hidden(self, world: World) -> Iterator[World]:
        """What may happen unseen: a call takes effect once, a call that was asked to stop is withdrawn."""
        for call, stage in world.stages:
            if stage.name == "begun":
                yield from self.effect(world, call)
            if call in world.requested | world.timed:
                yield from self.withdrawal(world, call)

    def seen(self, world: World, event: Event) -> Iterator[World]:
        """What an event leaves of a world: nothing, if it cannot be seen there."""
        stages = dict(world.stages)
        match event:
            case Begin(call, operation, arguments, _, cancelled):
                begun = world.put(call, Stage("begun", (operation, arguments, tuple(map(type, arguments)), cancelled)))
                if cancelled:
                    begun = begun._replace(requested=world.requested | {call})
                if operation == "wait":
                    begun = begun._replace(waits=world.waits | {call})
                yield from self.at_once(begun, call) if self.strict else [begun]
            case Request(call):
                asked = world._replace(requested=world.requested | {call})
                withdrawn = list(self.withdrawal(asked, call)) if self.strict else []
                yield from withdrawn or [asked]
            case TimePasses():
                worlds = [world._replace(timed=world.waits)]
                for call in world.waits if self.strict else ():
                    worlds += [after for before in worlds for after in self.withdrawal(before, call)]
                yield from worlds
            case End(call, "raised") if call in world.timed and is_timeout(event.error):
                if stages[call].name not in ("begun", "parked"):
                    yield world.without(call)
            case End(call) if self.may_end(stages[call], event, is_requested=call in world.requested):
                yield world.without(call)
            case Observe(values) if all(self.may_read(world, name, value) for name, value in values):
                yield world
            case Rest() if not world.requested and all(stage == PARKED for stage in stages.values()):
                yield world

    def at_once(self, world: World, call: int) -> Iterator[World]:
        """What comes of a call that takes effect in its first step. One that was cancelled before does not park."""
        if call in world.requested:
            yield from self.withdrawal(world, call)
        for after in self.effect(world, call):
            is_parked = dict(after.stages)[call] == PARKED
            yield from self.withdrawal(after, call) if is_parked and call in world.requested else [after]

    def effect(self, world: World, call: int) -> Iterator[World]:
        """What comes of a call that takes effect: none, if its task was cancelled before it and that is to break."""
        operation, arguments, _, cancelled = dict(world.stages)[call].value
        if not (cancelled and self.breaks_early(world, call)):
            *state, rule = self.operations[operation](*self.constants, *world.state, *arguments, policy=self.policy)
            yield from self.applied(world._replace(state=tuple(state)), rule, call)

    def withdrawal(self, world: World, call: int) -> Iterator[World]:
        """What comes of a cancellation. A call that has not arrived never will; a released one does not notice."""
        stage = dict(world.stages)[call]
        if stage == PARKED or self.breaks_early(world, call):
            told = {"is_parked": stage == PARKED, "has_arrived": stage == PARKED}
            facts = [told[fact.name] for fact in self.machine.withdraw.facts]
            *state, rule = self.machine.withdraw.function(*self.constants, *world.state, *facts, policy=self.policy)
            for after in self.applied(world._replace(state=tuple(state)), rule, call):
                yield after.put(call, WITHDRAWN)
        elif stage.name == "begun":
            yield world.put(call, WITHDRAWN)

    def breaks_early(self, world: World, call: int) -> bool:
        """Whether a call is a wait() at a whole barrier that, cancelled before it arrives, breaks it."""
        stage = dict(world.stages)[call]
        if stage.name != "begun" or stage.value[0] != "wait" or "broken" not in self.machine.state:
            return False
        return self.policy.cancelled_early == "breaks" and not self.named(world)["broken"]

    def applied(self, world: World, rule: Rule, caller: int) -> Iterator[World]:
        """What comes of a rule: in each world the indices, and the released that fail too, are other ones."""
        queue, resumed = apply(rule, world.queue, caller)
        continuing = [call for call, _ in resumed]
        stages = dict(world.stages)
        if rule.caller == "parks":
            stages[caller] = PARKED
        for call in continuing:
            if call == caller:
                stages[call] = Stage("fails", rule.errors) if rule.caller == "raises" else Stage("returns")
            elif rule.queue == "failed":
                stages[call] = Stage("fails", rule.errors, released=True)
            else:
                stages[call] = Stage("returns", released=True)
        for indices in self.orders(len(continuing)) if rule.queue == "indexed" else [()]:
            given = {
                call: Stage("index", index, released=True) for call, index in zip(continuing, indices, strict=False)
            }
            for reached in self.reaches(world, rule):
                failed = {call: Stage("fails", (BrokenBarrierError,), released=True) for call in reached}
                yield world._replace(queue=queue, stages=frozenset({**stages, **given, **failed}.items()))

    def orders(self, number: int) -> Iterable[Iterable[int]]:
        """The indices of a generation, in the order of arrival."""
        by_arrival = range(number)
        if self.policy.index_order in ("any", "one leads"):
            return permutations(by_arrival)
        return {"arrival": [by_arrival], "reversed": [by_arrival[::-1]]}[self.policy.index_order]

    def reaches(self, world: World, rule: Rule) -> Iterable[tuple[int, ...]]:
        """The released calls that an abort or a reset may have fail: none, or under some policies any of them."""
        if rule.operation not in ("abort", "reset") or self.policy.abort_reaches == "the parked":
            return [()]
        released = [call for call, stage in world.stages if stage.name == "index"]
        return chain.from_iterable(combinations(released, size) for size in range(len(released) + 1))

    def may_end(self, stage: Stage, event: End, *, is_requested: bool) -> bool:
        """Whether a call at this stage may end so. What a call returns is compared if it is an index."""
        if event.how == "cancelled":
            return is_requested and stage.name not in ("begun", "parked")
        if event.how == "raised":
            assert event.error is not None
            return stage.name == "fails" and may_be_raised(stage.value, event.error)
        if stage.name == "index":
            if self.indexed and self.policy.index_order == "one leads":
                return event.leads is not None and event.leads == (stage.value == 0)
            return type(event.value) is not int if not self.indexed else is_same(event.value, stage.value)
        return stage.name == "returns"

    def named(self, world: World) -> dict[str, Any]:
        """The constants and the state, by the names of their variables."""
        names = (*self.machine.constants, *self.machine.state)
        return dict(zip(names, (*self.constants, *world.state), strict=True))

    def may_read(self, world: World, name: str, value: object) -> bool:
        """Whether a property may read so. What n_waiting counts of the released calls, under some policies, is open."""
        read = self.named(world)
        if name == "is_open":
            return is_same(value, read["count"] == 0)
        if name != "n_waiting":
            return is_same(value, read[name])
        of_barrier = hasattr(self.policy, "n_waiting_counts")
        is_strict = self.policy.n_waiting_counts == "the parked" if of_barrier else self._refuses_in_use
        released = 0 if is_strict else sum(stage.released for _, stage in world.stages)
        return any(is_same(value, read["parked"] + more) for more in range(released + 1))

    @property
    def _refuses_in_use(self) -> bool:
        """Whether set_count of a latch refuses while tasks wait, so that who is still counted matters."""
        return bool(self.policy.set_count_in_use == "refuses")


def without(event: Observe, names: frozenset[str]) -> Observe:
    """What is read but for some properties."""
    return Observe(tuple((name, value) for name, value in event.values if name not in names))


def is_timeout(error: BaseException | None) -> bool:
    """Whether an error says that time has run out."""
    return {"TimeoutError", "TooSlowError"} & {base.__name__ for base in type(error).__mro__} != set()


def is_same(value: object, wanted: object) -> bool:
    """Whether the values are equal and of one type: True is not 1."""
    return type(value) is type(wanted) and value == wanted


def may_be_raised(errors: tuple[type[BaseException], ...], error: BaseException) -> bool:
    """Whether an error is one that a rule gives. Other classes may give theirs the names that they like."""
    names = {base.__name__ for base in type(error).__mro__}
    if BrokenBarrierError in errors or "BrokenBarrierError" in names:
        return BrokenBarrierError in errors and "BrokenBarrierError" in names
    if names & {"RecursionError", "NotImplementedError"}:
        return False
    allowed = {one.__name__ for one in errors}
    if any(issubclass(one, RuntimeError) for one in errors):
        allowed.add("RuntimeError")
    return bool(names & allowed)
