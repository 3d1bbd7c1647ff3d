"""On generated object graphs, all that later behaviour can depend on is in the fingerprint, and nothing else is.

The environment variable `FINGERPRINTED_GRAPHS` is the number of graphs that are drawn.
"""

from __future__ import annotations

import ast
import asyncio
import contextvars
import functools
import itertools
import os
import random
import threading
import types
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any

import pytest

from latchproof.check.loops.asyncio import NumberedStepLoop, StepLoop
from latchproof.check.sandbox import fingerprint
from latchproof.check.sandbox.fingerprint import Fingerprinter, NoFingerprintError
from latchproof.check.target import adapt
from latchproof.check.tree import Explorer
from latchproof_spec.machine import Programs
from tests.check.sandbox.graphs import (
    KEY,
    KINDS,
    LEAVES,
    ONE_VARIABLE,
    OTHER_VARIABLE,
    Graph,
    Leaf,
    Node,
    Plain,
    Slotted,
    alone,
    build,
    changed,
    described,
    pairs,
    waits,
)
from tests.zoo.test_zoo import CORRECT, FAULTS

GRAPHS = int(os.environ.get("FINGERPRINTED_GRAPHS", "300"))
"""Number of graphs that are drawn."""


@pytest.fixture
def loop() -> Iterator[StepLoop]:
    loop = StepLoop()
    running = asyncio.events._get_running_loop()
    asyncio.events._set_running_loop(loop)
    try:
        yield loop
    finally:
        asyncio.events._set_running_loop(running)
        loop.finish()


@pytest.fixture
def fingerprinter(loop: StepLoop) -> Fingerprinter:
    made = Fingerprinter()
    made.parts = loop.parts()
    return made


def collisions(graphs: Iterable[Graph], fingerprinter: Fingerprinter) -> list[Any]:
    """The graphs that have not the same fingerprint if built twice, or have that of another."""
    known: dict[bytes, Graph] = {}
    found: list[Any] = []
    for graph in graphs:
        one, other = build(graph), build(graph)
        mark = fingerprinter.of(one)
        if fingerprinter.of(other) != mark:
            found.append(("built twice", graph))
        if known.setdefault(mark, graph) != graph:
            found.append((known[mark], graph))
    return found


def test_every_value_has_its_own_fingerprint(fingerprinter: Fingerprinter) -> None:
    assert collisions(map(Leaf, range(len(LEAVES))), fingerprinter) == []


def test_every_kind_of_object_has_its_own_fingerprint(fingerprinter: Fingerprinter) -> None:
    assert collisions(alone(), fingerprinter) == []


def test_a_graph_that_is_changed_in_one_thing_has_another_fingerprint(fingerprinter: Fingerprinter) -> None:
    for seed in range(GRAPHS):
        chance = random.Random(seed)
        graph = described(chance, 4)
        assert collisions([graph, *changed(graph, chance)], fingerprinter) == [], f"seed {seed}"


MUTABLE = ("list", "dict of ints", "instance", "object", "future", "event that is set", "generator", "lock of threads")


@pytest.mark.parametrize("kind", MUTABLE)
def test_what_is_shared_differs_from_equal_copies(kind: str, fingerprinter: Fingerprinter) -> None:
    def copies(places: str) -> list[Any]:
        made = {place: build(Node(kind, (Leaf(0),) * KINDS[kind].least)) for place in places}
        return [[made[place]] for place in places]

    shared = "aaaa", "aaab", "aabb", "abab", "abba", "abac", "abcd"
    marks = {fingerprinter.of(*copies(places)) for places in shared}
    assert len(marks) == len(shared)
    assert marks == {fingerprinter.of(*copies(places)) for places in shared}


def cycle(length: int, back: int) -> list[Any]:
    """Lists that hold each other, the last of them one of those before it."""
    lists: list[Any] = [[] for _ in range(length)]
    for one, other in pairwise(lists):
        one.append(other)
    lists[-1].append(lists[back])
    first: list[Any] = lists[0]
    return first


def test_cycles_are_walked_and_told_apart(fingerprinter: Fingerprinter) -> None:
    shapes = [(length, back) for length in range(1, 5) for back in range(length)]
    marks = {fingerprinter.of(cycle(*shape)) for shape in shapes}
    assert len(marks) == len(shapes)
    assert marks == {fingerprinter.of(cycle(*shape)) for shape in shapes}


def test_a_dictionary_of_attributes_is_an_object_too(fingerprinter: Fingerprinter) -> None:
    one, other = Plain(), Plain()
    assert fingerprinter.of(one, one.__dict__) != fingerprinter.of(one, other.__dict__)


# ------------------------------------------------------------------------------------------- what the table has


def walked_types(fingerprinter: Fingerprinter) -> set[type]:
    """The types that are met in objects of every kind."""
    for name, kind in KINDS.items():
        fingerprinter.of(build(Node(name, (Leaf(0),) * kind.least)))
    for leaf in LEAVES:
        fingerprinter.of(leaf)
    return set(fingerprinter._listings)


def test_every_type_that_is_walked_in_its_own_way_has_a_kind(fingerprinter: Fingerprinter) -> None:
    """The subject of this test is the table of kinds: a new way to walk needs a new kind."""
    met = walked_types(fingerprinter)
    assert {*fingerprinter._bases()} - {object, BaseException} <= met
    assert {*fingerprint.REDUCIBLE, *fingerprint.COPYING, *fingerprint.SEE_THROUGH} <= {one.__name__ for one in met}


BOUNDS = Programs((2,), at_once=2, calls=2, cancellations=1, numbers=(0,))


def test_every_type_that_a_class_of_the_zoo_holds_has_a_kind(fingerprinter: Fingerprinter) -> None:
    """Classes that are written in Python are walked by what they hold; all that is left must be in the table."""
    known = walked_types(fingerprinter) | set(fingerprint.VALUED) | {StepLoop, types.SimpleNamespace}
    met: set[type] = set()
    factories: tuple[Any, ...] = (*CORRECT, *FAULTS)
    for factory in factories:
        target = adapt(factory)
        explorer = Explorer(target, BOUNDS, 2, target.machine.policies[:1])
        explorer.walk(at_most=3)
        assert explorer.setup.seen is not None
        met |= set(explorer.setup.fingerprinter._listings)
    by_a_base = BaseException, types.BuiltinFunctionType
    new = {one for one in met - known if not one.__flags__ & HEAP_TYPE and not issubclass(one, by_a_base)}
    assert new == set()
    assert asyncio.Task in met


HEAP_TYPE = 1 << 9
"""The flag of classes that are made by a class statement."""


# --------------------------------------------------------------------------------- what has no fingerprint


class Dice(random.Random):
    """What comes next is nowhere to be seen."""


class Hiding(itertools.repeat):  # type: ignore[type-arg]
    """It has attributes, and what it repeats."""


class HidingSlots(itertools.repeat):  # type: ignore[type-arg]
    __slots__ = ("seen",)


class Number(int):
    """A subclass of int."""


HIDING: dict[str, Callable[[], object]] = {
    "an iterator of C": lambda: itertools.count(1),
    "an iterator of C with attributes": lambda: Hiding(1),
    "an iterator of C with slots": lambda: HidingSlots(1),
    "a view": lambda: {1: 2}.keys(),
    "chance": random.Random,
    "a subclass of chance": Dice,
    "a subclass of int": lambda: Number(1),
    "a lock that counts": threading.RLock,
    "memory": lambda: memoryview(b""),
    "bytes that change": bytearray,
    "a weak reference": lambda: weakref.ref(KEY),
    "an awaited step of an async generator": lambda: build(Node("async generator", (Leaf(0),))).__anext__(),
    "an iterator over a dictionary that has grown": lambda: grown(),
}


def grown() -> Iterator[int]:
    numbers = {1: 1}
    iterator = iter(numbers)
    numbers[2] = 2
    return iterator


class Sized(type):
    """The type of classes that may say a size that is not theirs."""

    more = 0

    @property
    def __basicsize__(cls) -> int:
        size: int = type.__dict__["__basicsize__"].__get__(cls)
        return size + cls.more


SIZES: dict[str, tuple[type, dict[str, Any]]] = {
    "of nothing": (object, {}),
    "with a slot": (object, {"__slots__": ("one",)}),
    "with no more than a slot for references": (object, {"__slots__": ("__weakref__",)}),
    "with two slots and a dictionary": (object, {"__slots__": ("one", "other", "__dict__")}),
    "of a class with a slot": (Slotted, {}),
    "of a class with slots, and one more": (Slotted, {"__slots__": ("third",)}),
    "of a list": (list, {}),
    "of a tuple": (tuple, {}),
    "of a tuple, with nothing more": (tuple, {"__slots__": ()}),
    "of a deque": (deque, {}),
    "of a dictionary": (dict, {"__slots__": ("one",)}),
    "of a partial": (functools.partial, {}),
    "of a future": (asyncio.Future, {}),
}
"""Classes by what they are made of."""


@pytest.mark.parametrize("kind", SIZES)
def test_a_byte_that_is_not_shown_is_noticed(kind: str) -> None:
    base, names = SIZES[kind]
    for more in (0, 1, 8):
        sized: Any = Sized("Sized", (base,), names | {"more": more})
        if more:
            with pytest.raises(NoFingerprintError, match="Sized"):
                Fingerprinter()._listing_for(sized)
        else:
            Fingerprinter()._listing_for(sized)


@pytest.mark.parametrize("kind", HIDING)
def test_what_hides_its_state_has_no_fingerprint(kind: str, fingerprinter: Fingerprinter) -> None:
    thing = HIDING[kind]()
    for holder in (thing, [thing], Plain(thing), [*build(Node("list", ())), thing]):
        with pytest.raises(NoFingerprintError):
            fingerprinter.of(holder)
    assert fingerprinter.of(1) == fingerprinter.of(1)  # nothing is left of what failed
    if hasattr(thing, "close"):
        thing.close()  # else Python 3.13 warns of a step that was never awaited


def test_the_type_of_what_has_none_is_said(fingerprinter: Fingerprinter) -> None:
    with pytest.raises(NoFingerprintError, match=r"^test_fingerprint\.Dice$|sandbox\.test_fingerprint\.Dice$"):
        fingerprinter.of([Dice()])


def test_so_many_objects_are_walked_and_no_more(monkeypatch: pytest.MonkeyPatch, fingerprinter: Fingerprinter) -> None:
    assert fingerprint.LIMIT == 20_000
    monkeypatch.setattr(fingerprint, "LIMIT", 10)
    fingerprinter.of([[] for _ in range(9)])
    with pytest.raises(NoFingerprintError, match="more than 10 objects"):
        fingerprinter.of([[] for _ in range(10)])


# ------------------------------------------------------------------------------------------ how it is asked for


def test_values_are_told_by_value(fingerprinter: Fingerprinter) -> None:
    """That one object stands in two places, or two equal ones, is of no matter."""
    for value in ("text", b"bytes", 10**20, 1.5, 1j):
        equal = [ast.literal_eval(repr(value)) for _ in range(2)]
        assert fingerprinter.of([value, value], plain=(value, value)) == fingerprinter.of(equal, plain=(*equal,))


class Impostor(Plain):
    """It has the name of a type of Python."""

    def __reduce__(self) -> tuple[Any, ...]:
        return ()


@pytest.mark.parametrize("name", [*fingerprint.REDUCIBLE, *fingerprint.COPYING, *fingerprint.SEE_THROUGH])
def test_a_class_may_have_the_name_of_a_type_of_python(name: str, fingerprinter: Fingerprinter) -> None:
    kind: Any = type(name, (Impostor,), {"__slots__": ("hidden",)})
    marks = [fingerprinter.of(_with(kind(part), hidden)) for part in (1, 2) for hidden in (1, 2)]
    assert len(set(marks)) == 4


def _with(thing: Any, hidden: int) -> Any:
    thing.hidden = hidden
    return thing


def test_how_a_type_is_walked_is_found_out_once(fingerprinter: Fingerprinter, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[type] = []
    find = fingerprinter._listing_for

    def noting(kind: type) -> Any:
        asked.append(kind)
        return find(kind)

    monkeypatch.setattr(fingerprinter, "_listing_for", noting)
    fingerprinter.of([Plain(1), Plain([2])], [Plain(3)])
    fingerprinter.of(Plain((1, 2)))
    assert sorted(one.__name__ for one in asked) == ["Plain", "dict", "list", "tuple"]


def test_what_refers_to_a_thing_reaches_it(fingerprinter: Fingerprinter) -> None:
    thing = Plain()
    held: list[Any] = [thing, [thing], {1: (thing,)}, Plain(thing), thing.method, [id(thing)], {id(thing): 1}, Dice()]
    assert all(fingerprinter.reaches(thing, root) for root in held)
    assert all(fingerprinter.reaches(thing, 1, root, 1) for root in held)
    assert not any(
        fingerprinter.reaches(thing, root) for root in ([], [Plain()], {1: 2}, str(id(thing)), id(thing) + 1)
    )
    assert not fingerprinter.reaches(thing)


def test_the_name_of_a_task_reaches_it(loop: StepLoop, fingerprinter: Fingerprinter) -> None:
    task, other = (loop.create_task(waits(0)) for _ in range(2))
    assert fingerprinter.reaches(task, [task.get_name()])
    assert not fingerprinter.reaches(task, [other.get_name()])


def test_roots_and_plain_values_are_told_apart(fingerprinter: Fingerprinter) -> None:
    asked: list[tuple[tuple[Any, ...], tuple[Any, ...]]] = [
        ((), ()), ((1,), ()), ((), (1,)), ((1, 2), ()), (((1, 2),), ()), ((2, 1), ()), ((), ((1,), 2)),
    ]  # fmt: skip
    marks = [fingerprinter.of(*roots, plain=plain) for roots, plain in asked]
    assert len(set(marks)) == len(asked)
    assert {len(mark) for mark in marks} == {16}


class Called:
    """A coroutine of the harness, which awaits what a description says."""

    async def play(self, named: int, other: int, part: Graph) -> None:
        await waits(build(part))
        if other:
            await waits(named)

    def started(self, named: int, other: int = 1, part: Graph = Leaf(0), *, steps: int = 1) -> Any:  # noqa: B008
        coroutine = self.play(named, other, part)
        for _ in range(steps):
            coroutine.send(None)
        return coroutine


def test_the_harness_says_what_matters_of_its_own_frames(fingerprinter: Fingerprinter) -> None:
    called, own = Called(), Fingerprinter(frames={Called.play.__code__: lambda bound: (bound["named"],)})
    mark = own.of(called.started(1))
    assert mark == own.of(Called().started(1, 2))
    unstarted = called.started(1, steps=0)
    others = called.started(2), called.started(1, part=Leaf(1)), called.started(1, steps=2), unstarted
    assert len({mark, *map(own.of, others)}) == 5
    unstarted.close()
    # without a word from the harness, it is walked as any other
    assert fingerprinter.of(called.started(1)) != fingerprinter.of(called.started(1, 2))


class Shown:
    """The host says what its parts are."""

    def __init__(self, part: int, hidden: int = 0) -> None:
        self.part, self.hidden = part, hidden


class AlsoShown(Shown):
    """Its parts are those of its base."""


def test_the_host_says_what_the_parts_of_its_objects_are(fingerprinter: Fingerprinter) -> None:
    assert fingerprinter.of(HidesNothing(1)) == fingerprinter.of(HidesNothing(1))
    fingerprinter.parts = {Shown: lambda thing: ([thing.part],)}
    for kind in (Shown, AlsoShown):
        assert fingerprinter.of(kind(1, 2)) == fingerprinter.of(kind(1, 3))
        assert fingerprinter.of(kind(1)) != fingerprinter.of(kind(2))
    # the lists are new in each walk, and must live until its end, else one has the address of another
    assert fingerprinter.of(Shown(1), Shown(2)) != fingerprinter.of(Shown(1), Shown(3))
    assert fingerprinter.of(Shown(1), Shown(2)) != fingerprinter.of(Shown(1), Shown(1))
    fingerprinter.parts = {Shown: lambda thing: (thing.hidden,)}
    assert fingerprinter.of(Shown(1)) == fingerprinter.of(Shown(2))


class HidesNothing(Shown):
    """No parts were said of it when it was met first."""


def test_numbers_of_what_lasts_are_never_given_again() -> None:
    fingerprinter = Fingerprinter()
    numbers = [fingerprinter.lasting(object()) for _ in range(100)]
    assert numbers == list(range(100))
    assert [fingerprinter.lasting(thing) for thing in (int, str, int)] == [100, 101, 100]


def test_nothing_of_a_walk_is_kept(fingerprinter: Fingerprinter) -> None:
    class Held(Plain):
        """What is met first in a walk, or later."""

    for walk in (lambda thing: fingerprinter.of(thing), lambda thing: failing(fingerprinter, thing)):
        thing = Held()
        held = weakref.ref(thing)
        walk(thing)
        del thing
        assert held() is None


def failing(fingerprinter: Fingerprinter, thing: object) -> None:
    with pytest.raises(NoFingerprintError):
        fingerprinter.of(thing, Dice())


def test_of_a_context_only_what_differs_from_the_present_one_is_walked(fingerprinter: Fingerprinter) -> None:
    def within() -> None:
        outside, same = contextvars.copy_context(), contextvars.copy_context()
        mark = fingerprinter.of(outside)  # though it holds what has no fingerprint
        same.run(OTHER_VARIABLE.set, OTHER_VARIABLE.get())
        assert fingerprinter.of(same) == mark
        same.run(ONE_VARIABLE.set, 1)
        assert fingerprinter.of(same) != mark
        assert fingerprinter.of(contextvars.Context()) != mark
        other = contextvars.copy_context()
        other.run(OTHER_VARIABLE.set, 1)
        assert len({fingerprinter.of(context) for context in (outside, same, other)}) == 3

    context = contextvars.copy_context()
    context.run(OTHER_VARIABLE.set, Dice())
    context.run(within)


def test_timers_are_told_apart(loop: StepLoop, fingerprinter: Fingerprinter) -> None:
    timers: list[Callable[[], asyncio.TimerHandle]] = [
        lambda: loop.call_later(1, print),
        lambda: loop.call_later(2, print),
        lambda: loop.call_later(1, repr, 0),
        lambda: loop.call_later(1, print, 0),
        lambda: loop.call_later(1, print, context=_in_context()),
    ]
    marks = [fingerprinter.of(set_timer()) for set_timer in timers]
    assert len(set(marks)) == len(timers)
    loop.clock.now += 5
    assert [fingerprinter.of(set_timer()) for set_timer in timers] == marks
    timer = timers[0]()
    loop.clock.now += 3
    past = fingerprinter.of(timer)
    loop.clock.now += 3
    assert fingerprinter.of(timer) == past not in marks  # how long ago it was due is of no matter
    timer.cancel()
    assert fingerprinter.of(timer) != past
    unknown = fingerprinter.of(loop.state)
    loop.clock.now += 3
    assert fingerprinter.of(loop.state) == unknown
    loop.clock.is_known = True
    assert fingerprinter.of(loop.state) != unknown


def _in_context() -> contextvars.Context:
    context = contextvars.copy_context()
    context.run(ONE_VARIABLE.set, 1)
    return context


def test_futures_that_are_numbered_are_known_by_their_numbers() -> None:
    """Sets are iterated over in their order, and the next number is a part of the state."""
    loop = NumberedStepLoop()
    fingerprinter = Fingerprinter()
    fingerprinter.parts = loop.parts()
    first = fingerprinter.of(loop.state)
    one, other = loop.create_future(), loop.create_future()
    assert fingerprinter.of(one) != fingerprinter.of(other)
    assert (hash(one), hash(other)) == (1, 2)
    assert fingerprinter.of(loop.state) != first
    loop.finish()


def test_contexts_within_contexts_are_told_apart(fingerprinter: Fingerprinter) -> None:
    within = {"first": Node("context", (Node("context with two", (Leaf(0), Leaf(1))),))}
    within["second"] = Node("context with two", (Node("context", (Leaf(0),)), Leaf(1)))
    assert collisions(within.values(), fingerprinter) == []


def test_every_kind_of_object_in_each_other_has_its_own_fingerprint(fingerprinter: Fingerprinter) -> None:
    assert collisions(pairs(), fingerprinter) == []


def test_a_task_has_attributes_only_when_it_has_been_given_some() -> None:
    async def look() -> list[bool]:
        task = asyncio.current_task()
        before = fingerprint.has_attributes(task)
        task.note = "kept"  # type: ignore[union-attr]
        return [before, fingerprint.has_attributes(task)]

    assert asyncio.run(look()) == [False, True]
