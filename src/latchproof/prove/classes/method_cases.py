"""The cases of the methods of a machine's class: each is compared with what the specification says of its operation.

What `Parking` does by itself is in `parking_cases`; which methods there are, and what the cases prove together, in
`refinement`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace, coroutine

import z3

from latchproof.prove.classes.cases import Case, Difference, Played, cases_of
from latchproof.prove.classes.copies import Copies
from latchproof.prove.classes.parking_cases import is_new
from latchproof.prove.classes.seen import (
    ALWAYS,
    NEVER,
    Ended,
    Step,
    abandon,
    always,
    called,
    changes,
    changes_by_reading,
    end_of,
    ends_otherwise,
    is_cancelled_late,
    is_refused_by_host,
    makes_no_step,
    specified,
    values_differ,
)
from latchproof.prove.classes.stand_ins import (
    PARKED,
    SITUATIONS,
    Cancelled,
    Setting,
    Situation,
    Snapshot,
    World,
    attributes,
    setting_of,
)
from latchproof.prove.classes.symbolic_queue import ME
from latchproof.prove.paths import SymBool, SymInt, symbol, truth
from latchproof_spec import step
from latchproof_spec.claims import C10, C15, C16
from latchproof_spec.machine import Machine, Operation
from latchproof_spec.messages import refusal


@dataclass(frozen=True)
class MethodCases:
    """The cases of the methods of one machine's class.

    `change` changes what is seen of each step afterwards: see `blind_spots`.
    """

    machine: Machine
    copies: Copies
    situations: tuple[Situation, ...] = SITUATIONS
    change: Callable[[World, Ended], Ended] = lambda world, ended: ended

    @property
    def others(self) -> dict[str, Callable[[str], Iterator[Case]]]:
        """The cases of methods that make no step, by what they do."""
        return {
            "makes it": self.of_creation,
            "shows the state": self.of_showing,
            "does nothing": partial(self.of_no_step, None),
            "is an error": self.of_error,
            "refuses": partial(self.of_no_step, TypeError),
        }

    def _in(self, method: str, play: Callable[[Setting], Played | None], *, asks: bool = True) -> Iterator[Case]:
        """Yield the cases of a method in every situation; if it does not ask where the caller runs, of every queue."""
        for situation in self.situations:
            if asks or situation.caller is None:
                setting = setting_of(self.machine, situation)
                where = (self.machine.name, method, str(situation))
                yield from cases_of(where, partial(play, setting), setting.premises)

    def of_step(self, method: str, operation: Operation) -> Iterator[Case]:
        """Compare a method with its operation's function, in every situation."""
        function = vars(self.copies.shell)[method]
        is_awaited = inspect.iscoroutinefunction(function)
        accepted = inspect.signature(function).parameters
        of_function = inspect.signature(operation.function).parameters
        symbols = {name: symbol(name, kind) for name, kind in operation.parameters.items()}
        arguments = [symbols[name] if name in symbols else object() for name in list(accepted)[1:]]
        known = {name: value for name, value in symbols.items() if name in accepted}
        other_default = any(accepted[name].default != of_function[name].default for name in known)
        new_call = SimpleNamespace(parked=False, released=False)
        facts = [fact.read(new_call) if fact.read else symbol(fact.name, bool) for fact in operation.facts]

        def play(setting: Setting) -> Played:
            world = self.copies.standing(setting)
            before = world.snapshot()
            steps = called(
                partial(getattr(world.one, method), *arguments)
            )  # while it is held, a parked call stays parked
            ended = self.change(world, end_of(partial(next, steps)))
            if is_refused_by_host(world, is_awaited):
                differences = [*makes_no_step(world, before, ended, RuntimeError)]
                return Played("refused by the host", differences, world.asked, (C15,))
            if world.cancellation is not None:
                return Played("cancelled before it", [*is_cancelled_late(world, before, ended)], world.asked, (C15,))
            *after, rule = operation.function(*setting.values.values(), *known.values(), *facts)
            state = dict(zip(self.machine.state, after, strict=True))
            specified_step = Step(world, rule, state, next(iter(known.values()), None), is_awaited)
            differences = [*specified_step.differences(before, ended), always("a default is another", other_default)]
            abandon(steps)
            return Played(rule.id, differences, world.asked, (C10, C15) if rule.refuses or rule.warns else (C15,))

        yield from self._in(method, play)

    def of_parked(self, method: str, operation: Operation) -> Iterator[Case]:
        """Follow a call that has parked to its end: it is resumed with each ending, or cancelled, in any state.

        Where a call parks, it parks by a rule (`of_step`), so it is enough to begin where the rule says so.
        """
        values = setting_of(self.machine, SITUATIONS[0]).values.values()
        parks = truth(lambda: operation.function(*values)[-1].caller == "parks")
        for situation in self.situations:
            if situation.caller is not None:
                setting = setting_of(self.machine, situation)
                where = (self.machine.name, method, str(situation))
                for name, ending in _endings(self.machine).items():
                    play = partial(self._resumed, method, name, ending, setting)
                    yield from cases_of(where, play, (*setting.premises, parks))

    def _resumed(self, method: str, name: str, ending: object, setting: Setting) -> Played | None:
        world = self.copies.standing(setting)
        steps = called(getattr(world.one, method))
        if end_of(partial(next, steps)).how != "awaits":
            return None
        world.let_others_run()
        middle = world.snapshot()
        if ending is Cancelled:
            cancellation = Cancelled()
            ended = end_of(partial(steps.throw, cancellation))
            return self._withdrawn(world, middle, ends_otherwise(ended, cancellation))
        if isinstance(ending, type):
            error = world.caller.error
            ended = end_of(partial(steps.send, error))
            as_told = ended.differs(NEVER if ended.how == "raises" and type(ended.what) is error else ALWAYS)
        else:
            ended = end_of(partial(steps.send, ending))
            as_told = ends_otherwise(ended, ending)
        return Played(
            f"resumed with {name}",
            [as_told, *changes(middle, world.snapshot())],
            [*world.asked, "await of a waker"],
            (C15,),
        )

    def _withdrawn(self, world: World, middle: Snapshot, as_told: Difference) -> Played:
        """Compare the end of a call that is cancelled while it is parked, or released, with a withdrawal."""
        setting, after = world.setting, world.snapshot()
        is_parked = SymBool(setting.parked_later.has(ME))
        call = SimpleNamespace(parked=is_parked, released=SymBool(z3.Not(is_parked.term)))
        withdraw = self.machine.withdraw
        facts = [fact.read(call) if fact.read else symbol(fact.name, bool) for fact in withdraw.facts]
        *state, rule = withdraw.function(*setting.values_later.values(), *facts)
        queue, resumed = specified(rule, setting.parked_later)
        new = {**setting.values_later, **dict(zip(self.machine.state, state, strict=True))}
        expected = middle._replace(state=tuple(new[one] for one in attributes(self.machine)), parked=queue)
        differences = [
            as_told,
            *changes(expected, after),
            Difference(
                "another number is parked", values_differ(SymInt(after.parked.length), new[self.machine.parked])
            ),
            Difference("other tasks continue", resumed.length != 0),
        ]
        return Played(rule.id, differences, [*world.asked, "await of a waker"], (C15,))

    def of_reading(self, method: str, what: str) -> Iterator[Case]:
        """Compare what a property returns with the state."""

        def play(setting: Setting) -> Played:
            world = self.copies.standing(setting)
            before = world.snapshot()
            ended = end_of(partial(next, called(lambda: getattr(world.one, method))))
            observation = self.machine.observations.get(what)
            expected = observation.read(*setting.values.values()) if observation else setting.values[what]
            differences = [ends_otherwise(ended, expected), *changes_by_reading(before, world.snapshot())]
            return Played("reads the state", differences, world.asked, (C15, C16))

        yield from self._in(method, play, asks=False)

    def of_showing(self, method: str) -> Iterator[Case]:
        """Check that each number in the text is the one that its name says, or the number parked; and nothing changes.

        A truth of the state is named in the text exactly if it holds.
        """

        def play(setting: Setting) -> Played:
            world = self.copies.standing(setting)
            before = world.snapshot()
            ended = end_of(partial(next, called(getattr(world.one, method))))
            text = ended.what if isinstance(ended.what, str) else ""
            differences = [ended.differs(NEVER if text else ALWAYS), *changes_by_reading(before, world.snapshot())]
            for name, shown in self.copies.shown_in(text):
                differs = values_differ(shown, setting.values.get(name, PARKED))
                differences.append(Difference(f"{name} is {{}}", differs, (shown,)))
            for name, kind in self.machine.state.items():
                if kind is bool:
                    is_said = name in re.findall(r"\w+", text)
                    differs = values_differ(is_said, setting.values[name])
                    differences.append(Difference(f"{name} is said: {is_said}", differs))
            return Played("shows the state", differences, world.asked, (C15,))

        yield from self._in(method, play, asks=False)

    def of_no_step(self, error: type[Exception] | None, method: str) -> Iterator[Case]:
        """Check that a method changes nothing, and returns None or raises the error, whatever it is given."""

        def play(setting: Setting) -> Played:
            world = self.copies.standing(setting)
            before = world.snapshot()
            function = getattr(world.one, method)
            accepted = inspect.signature(function).parameters.values()
            arguments = [object() for one in accepted for _ in range(3 if one.kind is one.VAR_POSITIONAL else 1)]
            ended = end_of(partial(next, called(partial(function, *arguments))))
            return Played("no step", [*makes_no_step(world, before, ended, error)], world.asked, (C15,))

        yield from self._in(method, play, asks=False)

    def of_error(self, method: str) -> Iterator[Case]:
        """Check that a class attribute is the specification's error of that name."""
        same = getattr(self.copies.shell, method) is getattr(step, method, None)
        played = Played("no step", [always("it is not the specification's error", not same)], claims=(C10, C15))
        yield from cases_of((self.machine.name, method, "anywhere"), lambda: played)

    def of_alias(self, method: str, other: str) -> Iterator[Case]:
        """Check that a method calls another one, once, without arguments, and ends as that does, whatever that does."""
        is_awaited = inspect.iscoroutinefunction(vars(self.copies.shell)[other])
        index = symbol("index", int) if is_awaited and self.machine.gives_index else None

        def play(ending: object, setting: Setting) -> Played:
            world = self.copies.standing(setting)
            waker, calls = object(), []

            def end() -> object:
                if isinstance(ending, BaseException):
                    raise ending
                return ending

            @coroutine
            def suspend() -> Generator[object, object, object]:
                calls.append((yield waker))
                return end()

            def stand_in(one: object) -> object:
                calls.append(one)
                return suspend() if is_awaited else end()

            cls = type("Other", (self.copies.shell,), {"__slots__": (), other: stand_in})
            world.one = object.__new__(cls)
            world.one._parking = world.parking
            before = world.snapshot()
            function = getattr(world.one, method)
            steps = called(partial(function, *(object() for _ in inspect.signature(function).parameters)))
            first = end_of(partial(next, steps))
            ended = end_of(partial(steps.send, waker)) if is_awaited else first
            expected = [world.one, waker] if is_awaited else [world.one]
            otherwise = len(calls) != len(expected) or any(
                one is not it for one, it in zip(calls, expected, strict=True)
            )
            differences = [
                always(f"it does not call {other} once", otherwise or (is_awaited and first.what is not waker)),
                ends_otherwise(ended, ending),
                *changes_by_reading(before, world.snapshot()),
            ]
            return Played("another name", differences, world.asked, (C15,))

        for ending in (index, RuntimeError(), Cancelled()):
            yield from self._in(method, partial(play, ending), asks=False)

    def of_creation(self, method: str) -> Iterator[Case]:
        """Compare the constructor with `create`, for every whole number."""
        machine, argument = self.machine, symbol("argument", int)

        def play() -> Played:
            constants, state, rule = machine.create(argument)
            one = object.__new__(self.copies.shell)
            ended = end_of(partial(next, called(partial(getattr(one, method), argument))))
            if rule.refuses:
                return Played(rule.id, [ends_otherwise(ended, refusal(rule, argument))], [], (C10, C15))
            values = dict(zip((*machine.constants, *machine.state), (*constants, *state), strict=True))
            parked = values[machine.parked]
            differences = [ends_otherwise(ended, None), Difference("tasks are parked", values_differ(0, parked))]
            for name, attribute in attributes(machine).items():
                made = getattr(one, attribute, None)
                differences.append(Difference(f"{name} is {{}}", values_differ(made, values[name]), (made,)))
            queue = getattr(one, "_parking", None)
            is_made = type(queue) is self.copies.parking and is_new(queue)
            return Played(rule.id, [*differences, always("its queue is not a new one", not is_made)], [], (C15, C16))

        yield from cases_of((machine.name, method, "anywhere"), play)


def _endings(machine: Machine) -> dict[str, object]:
    """Return what a parked call can be resumed with, by name: what the rules give, or a cancellation."""
    found: dict[str, object] = {}
    for rule in machine.rules:
        if rule.queue == "released":
            found["a return"] = None
        elif rule.queue == "indexed":
            found["an index"] = symbol("index", int)
        elif rule.queue == "failed":
            found[rule.errors[0].__name__] = rule.errors[0]
    return {**found, "a cancellation": Cancelled}
