"""What symbolic sequences say is what Python does to tuples: `apply` run on both comes to the same."""

from __future__ import annotations

import builtins
import pickle
from copy import copy, deepcopy
from itertools import product
from operator import eq, ne
from typing import Any

import pytest
import z3

from latchproof.prove.paths import SymBool, SymInt, enumerate_paths
from latchproof.prove.sequences import (
    CALL,
    INDEX,
    NOTHING,
    PLAIN,
    Calls,
    Endings,
    SymCall,
    SymLength,
    SymNumber,
    SymPlace,
    calls_of,
    ending,
    error_constant,
    understood,
)
from latchproof.prove.world import ACTOR
from latchproof_spec.machines import MACHINES
from latchproof_spec.step import ANY_INDEX, Rule, apply

WHO = z3.Const("who", CALL)
LENGTH = z3.Int("length")
OWNER = z3.Function("owner", z3.IntSort(), CALL)
PLACE = z3.Function("place", CALL, z3.IntSort())
HERE = z3.Function("here", CALL, z3.BoolSort())
QUEUE = Calls(LENGTH, OWNER, HERE, PLACE)
RULES: list[Rule] = [rule for machine in MACHINES.values() for rule in machine.rules]


def world(length: int, at: int | None) -> tuple[list[z3.BoolRef], dict[str, z3.ExprRef]]:
    """A queue of so many calls, in which `who` stands at a place, or is not."""
    names = {f"task{number}": z3.Const(f"task{number}", CALL) for number in range(length)}
    tasks = list(names.values())
    said = [length == LENGTH, z3.Distinct(*tasks, *([WHO] if at is None else []))]
    said += [z3.And(OWNER(k) == task, PLACE(task) == k, HERE(task)) for k, task in enumerate(tasks)]
    return [*said, HERE(WHO) == (at is not None), *([] if at is None else [tasks[at] == WHO])], names


def same(known: list[z3.BoolRef], one: z3.ExprRef, other: z3.ExprRef) -> bool:
    solver = z3.Solver()
    solver.add(*known, one != other)
    return bool(solver.check() == z3.unsat)


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_apply_on_a_symbolic_queue_is_apply_on_a_tuple(rule: Rule) -> None:
    symbolic: Any = understood(apply)
    leaves = rule.caller == "leaves"
    for length in range(4):
        for at in (*range(length), None) if leaves else (None,):
            known, names = world(length, at)
            who = "who" if at is None else f"task{at}"
            queue, resumed = apply(rule, tuple(names), who)
            terms = {**names, "who": WHO}
            (path,) = enumerate_paths(lambda: symbolic(rule, QUEUE, SymCall(WHO)), [SymBool(one) for one in known])
            after, on = (calls_of(part) for part in path.result)
            assert same(known, after.length, z3.IntVal(len(queue)))
            for k, task in enumerate(queue):
                assert same(known, after.at(z3.IntVal(k)), terms[task])
                assert same(known, after.place(terms[task]), z3.IntVal(k))
            assert same(known, on.length, z3.IntVal(len(resumed)))
            for k, (task, given) in enumerate(resumed):
                assert on.given is not None
                told, due = on.given(z3.IntVal(k)), ending(given)
                assert same(known, on.at(z3.IntVal(k)), terms[task])
                assert same(known, told.given, due.given)
                assert due.kind != "exact" or same(known, told.index, due.index)
            for name, task in terms.items():
                assert same(known, after.has(task), z3.BoolVal(name in queue or (name == "who" and who in queue)))
                went = [one for one, _ in resumed]
                assert same(known, on.has(task), z3.BoolVal(name in went or (name == "who" and who in went)))


@pytest.mark.parametrize(("begin", "end"), list(product((None, 0, 1, 2, 5, -1, -5), repeat=2)))
def test_a_slice_is_as_of_a_tuple(begin: int | None, end: int | None) -> None:
    for length in (0, 1, 3):
        known, names = world(length, None)
        part = tuple(names)[begin:end]
        found = QUEUE[slice(begin, end)]
        assert same(known, found.length, z3.IntVal(len(part)))
        for k, name in enumerate(part):
            assert same(known, found.at(z3.IntVal(k)), names[name])
        for name, task in names.items():
            assert same(known, found.has(task), z3.BoolVal(name in part))


@pytest.mark.parametrize("less", [0, 1, 5])
def test_a_tuple_is_repeated_as_often_as_python_repeats_it(less: int) -> None:
    times: Any = SymLength(LENGTH) - less
    repeated = (None,) * times
    assert isinstance(repeated, Endings)
    for length in range(4):
        assert same([length == LENGTH], repeated.length, z3.IntVal(len((None,) * (length - less))))
    assert repeated.at(z3.IntVal(0)).given.eq(PLAIN)
    assert isinstance(SymNumber(LENGTH) + 1, SymNumber)


def test_what_is_given_is_one_of_four() -> None:
    assert ending(None).given.eq(PLAIN)
    assert (ending(3).given.eq(INDEX), str(ending(3).index), ending(3).kind) == (True, "3", "exact")
    assert (ending(ANY_INDEX).given.eq(INDEX), ending(ANY_INDEX).kind) == (True, "any")
    assert ending(KeyError).given.eq(error_constant(KeyError))
    assert not ending(KeyError).given.eq(NOTHING)
    with pytest.raises(TypeError, match="not an integer"):
        ending("nothing")


def test_what_is_not_understood_is_refused() -> None:
    with pytest.raises(TypeError, match="without a step"):
        QUEUE[::2]
    with pytest.raises(TypeError, match="at most one"):
        QUEUE + (SymCall(WHO), SymCall(WHO))  # noqa: RUF005 - it is the sum that raises
    with pytest.raises(TypeError, match="unhashable type"):
        hash(SymCall(WHO))
    names = understood(apply).__globals__
    with pytest.raises(TypeError, match="up or down by one"):
        names["range"](0, SymInt(LENGTH), 2)
    with pytest.raises(TypeError, match="a range, or a tuple repeated"):
        names["zip"](QUEUE, (None,))
    with pytest.raises(TypeError, match="up to the end of the shorter one"):
        names["zip"](QUEUE, Endings(LENGTH, lambda k: ending(None)), strict=True)
    with pytest.raises(ValueError, match="who is not in the sequence"):
        enumerate_paths(lambda: QUEUE.index(SymCall(WHO)), [SymBool(z3.Not(HERE(WHO)))])


def test_plain_values_are_as_ever() -> None:
    names = understood(apply).__globals__
    assert (names["len"]((1, 2)), names["tuple"]([1]), names["tuple"]()) == (2, (1,), ())
    assert list(names["zip"]((1,), (2,), strict=True)) == [(1, 2)]
    assert names["endings"].__globals__ is names  # what it calls is understood, too
    assert apply.__globals__ is not names  # and the specification is as it was


SYMBOLS: dict[str, Any] = {
    "a call": SymCall(WHO),
    "an error": ACTOR.error,
    "a queue": QUEUE,
    "endings": Endings(LENGTH, lambda k: ending(None)),
    "a length": SymLength(LENGTH),
    "a number": SymNumber(LENGTH),
    "a place": SymPlace(LENGTH, LENGTH),
    "an int": SymInt(LENGTH),
    "a bool": SymBool(HERE(WHO)),
}


@pytest.mark.parametrize("name", SYMBOLS)
@pytest.mark.parametrize(
    "use",
    [repr, str, format, "{}".format, "{!r}".format, "%s".__mod__, print, ascii],
    ids=["repr", "str", "format", "{}", "{!r}", "%s", "print", "ascii"],
)
def test_no_symbol_has_a_text(name: str, use: Any) -> None:
    with pytest.raises(TypeError, match="a symbolic value has no text"):
        use(SYMBOLS[name])


@pytest.mark.parametrize("name", SYMBOLS)
@pytest.mark.parametrize(
    "use", [hash, copy, deepcopy, pickle.dumps, iter, list, len, int, float, abs], ids=lambda use: use.__name__
)
def test_no_symbol_has_a_hash_or_a_copy_or_a_value(name: str, use: Any) -> None:
    with pytest.raises(TypeError):
        use(SYMBOLS[name])


@pytest.mark.parametrize("name", ["a call", "an error", "a queue", "endings"])
def test_what_has_no_truth_raises(name: str) -> None:
    """Any object is true by default, an empty tuple and a task called 0 are not."""
    for use in (bool, lambda value: not value, lambda value: 1 if value else 2):
        with pytest.raises(TypeError, match="is neither true nor false"):
            use(SYMBOLS[name])


@pytest.mark.parametrize("name", ["a queue", "endings"])
@pytest.mark.parametrize("other", [(), None, QUEUE], ids=["a tuple", "None", "itself"])
def test_a_sequence_is_compared_with_nothing(name: str, other: object) -> None:
    """By default two objects are equal if they are one: a queue would be unequal to every tuple."""
    for compare in (eq, ne, lambda a, b: b == a):
        with pytest.raises(TypeError, match="is compared with nothing"):
            compare(SYMBOLS[name], other)


@pytest.mark.parametrize(
    "text",
    [
        "queue[0]", "queue[-1]", "queue * 2", "queue < ()", "queue.count(1)", "1 in queue", "queue + [1]",
        "queue.index(1)", "who == 1", "who == None", "error == 1", "error == 'B3'", "n == None", "n == True",
        "n == '1'", "n == 1.0", "n % 2", "n // 2", "-n", "n ** 2", "n & 1", "divmod(n, 2)", "flag == 1", "flag + 1",
        "flag | True", "(1, 2)[n]", "(1, 2)[flag]", "{0: 1}[n]", "[0] * n", "'a' * n", "n in {1: 2}", "n in range(3)",
        "n in 'abc'", "round(n)", "n.real", "n()", "{n}", "range(n)", "min(queue)", "sum(queue)", "[*queue]",
    ],
)  # fmt: skip
def test_what_symbols_do_not_have_raises(text: str) -> None:
    """None of these may come out false, or unequal, without a word."""
    known = {"queue": QUEUE, "who": SymCall(WHO), "error": ACTOR.error, "n": SymInt(LENGTH), "flag": SymBool(HERE(WHO))}
    with pytest.raises((TypeError, AttributeError)):
        eval(text, known)


@pytest.mark.parametrize("name", ["len", "range", "zip", "tuple"])
@pytest.mark.parametrize("where", ["here", "in a module that it calls"])
def test_a_built_in_that_is_replaced_must_be_the_built_in(name: str, where: str) -> None:
    """Else another function would be proved than the one that runs."""
    other: dict[str, Any] = {"__name__": "other", "__builtins__": builtins}
    exec("def helper(queue):\n    return len(queue)", other)
    here: dict[str, Any] = {"__name__": "here", "helper": other["helper"], "__builtins__": builtins}
    exec("def apply(rule, queue, who):\n    return helper(queue)", here)
    understood(here["apply"])
    (here if where == "here" else other)[name] = lambda *of: ()
    module = "here" if where == "here" else "other"
    with pytest.raises(
        TypeError, match=rf"{module}.{name} is not the built-in {name}, which (apply|helper) is proved with"
    ):
        understood(here["apply"])
