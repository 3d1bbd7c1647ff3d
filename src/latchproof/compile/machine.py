"""A model as a machine, with what is claimed of it."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import z3

from latchproof.check.instants import may_wait, operations_of
from latchproof.check.model_faults import require_model
from latchproof.compile import claims
from latchproof.compile.functions import WITHDRAW, Functions, waits_too
from latchproof.compile.running import Running, Shape
from latchproof.compile.stage import CannotCompileError
from latchproof.compile.twins import assigned, heeds_cancellation, place_of, require_plain
from latchproof.prove.paths import check_sat, enumerate_paths, int_term, symbol, truth
from latchproof.prove.steps import paths_of
from latchproof_spec.claims import Property
from latchproof_spec.machine import HAS_ARRIVED, IS_PARKED, Bounds, Machine, ModelBounds, Operation
from latchproof_spec.model import INVARIANT, Model, ModelError
from latchproof_spec.step import Rule

NONE_COULD: Final = "no call waits that could continue"
AS_MADE: Final = "the constants are as they were made"
MAY_SAY_NOTHING: Final = (NONE_COULD, AS_MADE)
"""What is claimed of some models only: of others it is true of any state whatever, so it says nothing."""

TRIED: Final = (2, 1, 3, 0)
"""Constructor arguments with which a model is made, to see which attributes it has."""

TAKEN: Final = frozenset({
    "and", "or", "not", "mod", "div", "abs", "let", "par", "true", "false", "distinct", "select", "store",
    "phase", "position", "arrival", "given", "index", "generation", "waits", "owner", "holder", "tripped", "clock",
    "chosen", "unchosen", "who", "one", "other", "held", "call", "nothing", "fewer", "argument", "parked", "released",
    "task", "owed", "left", "at", "is", "place", "t", "u", "active", "assert", "atomic", "bit", "bool", "break", "byte",
    "chan", "do", "else", "empty", "enabled", "fi", "full", "goto", "hidden", "host", "if", "init", "inline", "int",
    "len", "look", "ltl", "mtype", "never", "od", "of", "pid", "proctype", "provided", "run", "short",
    "skip", "timeout", "trace", "typedef", "unless", "unsigned", "user", "xr", "xs",
})  # fmt: skip
"""Names that mean something in what is written of a machine: to solvers, to Spin and to TLC."""


@dataclass(frozen=True, eq=False)
class Compiled:
    """A model as a machine. `notes` say what is proved of which machine, and what the rules leave out."""

    model: type[Model]
    takes_argument: bool
    machine: Machine
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelPolicy:
    """The values of class attributes under which a model is compiled, by the name of the policy."""

    name: str


def compile_model(model: type[Model], policy: str | None = None) -> Compiled:
    """Return a model as a machine, under one of its policies: by default with the class attributes as they stand.

    Raise CannotCompileError, which says what of the model has no rule.
    """
    name = "model" if policy is None else policy
    if policy is not None:
        model = _under(model, policy)
    try:
        require_model(model)
    except ModelError as error:
        raise CannotCompileError(str(error)) from error
    require_plain(model)
    operations = _operations(model)
    takes_argument = len(inspect.signature(model).parameters) == 1
    running = Running(model, _shape(model, _waiter(model, operations), takes_argument))
    functions = Functions(running, takes_argument=takes_argument)
    functions.argument_at = _argument_at(functions)
    draft = _draft(model, functions, running.shape, operations, ModelPolicy(name), takes_argument)
    rules = _rules(draft, functions)
    machine = replace(
        draft,
        rules=rules,
        invariants=tuple(one for one in draft.invariants if one.name not in MAY_SAY_NOTHING or _refuses(draft, one)),
        exercise={one: tuple(rule.id for rule in rules) for one in _claims(draft, rules)},
        call_claims=claims.call_claims(rules),
        eventualities=claims.eventualities(rules),
    )
    return Compiled(model, takes_argument, machine, _notes(functions, rules, running.shape.waiter))


def _operations(model: type[Model]) -> dict[str, Any]:
    """Return the operations, in the order in which they are written down."""
    found = operations_of(model).items()
    for name, method in found:
        if name in (WITHDRAW, "create"):
            raise CannotCompileError(
                f"{place_of(method)}: {name} is what the proof calls something else: rename {name}()"
            )
    return dict(sorted(found, key=lambda item: (item[1].__module__, item[1].__code__.co_firstlineno)))


def _under(model: type[Model], policy: str) -> type[Model]:
    """Return the model with the class attributes of a policy."""
    if policy not in model.policies:
        there = ", ".join(model.policies) or "none"
        raise CannotCompileError(f"{model.__name__} has no policy {policy!r}; there are: {there}")
    body = {**model.policies[policy], "__module__": model.__module__, "__doc__": model.__doc__}
    made: type[Model] = type(model.__name__, (model,), body)
    return made


def _waiter(model: type[Model], operations: dict[str, Any]) -> str:
    """Return the operation that waits. Where several may, others are refused where they are reached to wait."""
    waiting = [one for one in operations if may_wait(model, one)]
    if not waiting:
        raise CannotCompileError(f"{place_of(model.__init__)}: nothing waits: no operation says `when`")
    own = [one for one in waiting if "when" in operations[one].__code__.co_names]
    waiter, *others = own or waiting
    if others and len(inspect.signature(operations[waiter]).parameters) > 1:
        where = place_of(operations[others[0]])
        raise CannotCompileError(f"{where}: {waits_too(others[0], waiter)}")
    if len(inspect.signature(operations[waiter]).parameters) > 1:
        where = place_of(operations[waiter])
        raise CannotCompileError(f"{where}: {waiter}() waits and has parameters, which tell the calls that wait apart")
    return waiter


def _shape(model: type[Model], waiter: str, takes_argument: bool) -> Shape:
    """Return which attributes a model has, and which of them change."""
    made = []
    for argument in TRIED if takes_argument else TRIED[:1]:
        try:
            made.append(vars(model(*([argument] if takes_argument else []))))
        except Exception:
            """Another argument may do; what is wrong with all of them is shown below."""
    if not made:
        tried = ", ".join(map(str, TRIED))
        raise CannotCompileError(f"{place_of(model.__init__)}: {model.__name__} is made with none of {tried}")
    changing = assigned(model)
    constants, state, fixed = list[str](), dict[str, type](), dict[str, Any]()
    for name, value in made[0].items():
        if type(value) not in (int, bool):
            where = place_of(model.__init__)
            what = "None" if value is None else f"a {type(value).__name__}"
            raise CannotCompileError(f"{where}: self.{name} is {what}: the proof knows ints and bools")
        if name in changing:
            state[name] = type(value)
        elif not takes_argument or (len(made) > 1 and all(one.get(name) is value for one in made)):
            fixed[name] = value
        elif type(value) is int:
            constants.append(name)
        else:
            state[name] = bool
    return Shape(waiter, tuple(constants), state, fixed)


def _argument_at(functions: Functions) -> int:
    """Return the place of a constant that is the constructor's argument, whatever that is; -1 if there is none."""
    argument = symbol("argument", int)
    made = [path.result for path in enumerate_paths(lambda: functions.create(argument))]
    kept = [constants for constants, _, rule in made if not rule.refuses]
    same = [
        place
        for place, values in enumerate(zip(*kept, strict=True))
        if all(not isinstance(one, bool) and int_term(one).eq(argument.term) for one in values)
    ]
    return same[0] if same else -1


def _written(names: tuple[str, ...], operations: dict[str, Any]) -> dict[str, str]:
    """Return how each attribute is called in the machine: a name that means nothing else in anything written of it."""
    found: dict[str, str] = {}
    for name in names:
        written = name.lstrip("_") or "attribute"
        while written in TAKEN or written in operations or written in found.values() or not written.isidentifier():
            written += "_"
        found[name] = written
    return found


def _draft(
    model: type[Model],
    functions: Functions,
    shape: Shape,
    operations: dict[str, Any],
    policy: ModelPolicy,
    takes_argument: bool,
) -> Machine:
    """Return the machine without its rules, and without the claims that depend on them."""
    written = _written((*shape.constants, *shape.state), operations)
    kept = [Property(AS_MADE, (claims.STRANDED,), functions.constants_are_made)]
    own = [Property("the model's own invariant", (claims.INVARIANT,), functions.invariant)] if _has_own(model) else []
    # else a call that is cancelled before it waits does nothing, which is no step
    told = (IS_PARKED, HAS_ARRIVED) if heeds_cancellation(model) else (IS_PARKED,)
    name = model.__name__
    arguments = [one for one in range(4) if not functions.create(one)[2].refuses]
    return Machine(
        name=name.lower(),
        title=name,
        shell="",
        parameter="argument",
        parameters="arguments",
        constants=tuple(written[one] for one in shape.constants),
        state={**{written[one]: kind for one, kind in shape.state.items()}, "parked": int},
        create=functions.create,
        operations=tuple(
            Operation(one, functions.operation(one), _parameters(method), waits=one == shape.waiter)
            for one, method in operations.items()
        ),
        withdraw=Operation(WITHDRAW, functions.withdraw(), facts=told),
        observations={},
        methods={},
        phases={"no call waits": lambda *state: state[-1] <= 0, "calls wait": lambda *state: state[-1] > 0},
        rules=(),
        policies=(policy,),
        exercise={},
        invariants=(
            *(kept if functions.argument_at >= 0 else []),
            *own,
            Property("as many calls wait as the line holds", (claims.STRANDED,), _is_a_number),
            Property(NONE_COULD, (claims.STRANDED,), functions.none_could_continue),
        ),
        step_properties=claims.STEPS,
        history_properties=claims.HISTORY,
        accounts=(),
        readings=(),
        censuses=claims.CENSUSES,
        eventualities=(),
        call_claims=claims.call_claims(()),
        blame={},
        bounds=Bounds({}, ModelBounds(max(arguments[:3]), tasks=3, calls=2), (), (), ()),
        release="a call to continue",
        needed_to_release=lambda argument, operations: (2, 2),
        compiled_from=Path(next(iter(operations.values())).__code__.co_filename).name,
    )


def _is_a_number(*state: Any) -> bool:
    return bool(state[-1] >= 0)


def _has_own(model: type[Model]) -> bool:
    return callable(getattr(model, INVARIANT, None))


def _parameters(method: Any) -> dict[str, type]:
    """Return the parameters of an operation: ints, unless they are said to be bools."""
    _, *parameters = inspect.signature(method).parameters.values()
    return {one.name: bool if one.annotation in (bool, "bool") else int for one in parameters}


def _rules(draft: Machine, functions: Functions) -> tuple[Rule, ...]:
    """Return every rule that is reached from a state in which the invariants hold; refuse a path that has none."""
    argument = symbol("argument", int)
    found = [path.result[-1] for path in enumerate_paths(lambda: draft.create(argument))]
    for operation in draft.every_operation:
        found += [path.result.rule for path in paths_of(draft, operation, draft.policies[0])]
    for rule in found:
        if rule in functions.refusals:
            raise CannotCompileError(functions.refusals[rule])
    rules = tuple(dict.fromkeys(found))
    fails = [one for one in rules if one.queue == "failed"]
    if functions.gives_back is not None and fails:
        raise CannotCompileError(
            f"{draft.title}.gives_back: {functions.gives_back}() gives back what a call took, and "
            f"{fails[0].operation}() has calls that wait raise, which took nothing: a rule does not tell them apart"
        )
    return rules


def _refuses(draft: Machine, invariant: Property) -> bool:
    """Return whether an invariant is false in some state, reachable or not."""
    state = [symbol(name, kind) for name, kind in {**dict.fromkeys(draft.constants, int), **draft.state}.items()]
    return bool(check_sat(z3.Not(truth(partial(invariant.holds, *state)))) == z3.sat)


def _claims(draft: Machine, rules: tuple[Rule, ...]) -> tuple[Any, ...]:
    about = claims.call_claims(rules)
    of_calls = (*about.invariants, *about.places, *about.steps)
    properties = (*draft.invariants, *draft.step_properties, *draft.history_properties, *of_calls)
    found = dict.fromkeys(claim for one in properties for claim in one.claims)
    return (*found, *(one.claim for one in claims.eventualities(rules)))


def _notes(functions: Functions, rules: tuple[Rule, ...], waiter: str) -> tuple[str, ...]:
    """Return what is proved of which machine, and what the rules leave out."""
    reached = [one for one in rules if one in functions.handing_over]
    found = []
    if reached:
        found.append(
            "of the machine that hands over at once: a call that waits continues, in order, as soon as its `when` is "
            "true. A check also allows that it continues later, and that a new call comes first"
        )
        if functions.gives_back is None and any(one.queue == "first" for one in reached):
            found.append(
                f"a call of {waiter}() that is cancelled after it was let continue keeps what it took: the model has "
                f"neither gives_back nor undone_by for {waiter}"
            )
    else:
        found.append("of the machine that a check allows: a call that waits continues when another one ends it")
    values = dict.fromkeys(functions.values[one] for one in rules if one in functions.values)
    return (
        *found,
        *(f"the value that {one}() returns is not in the rules: it is checked, not proved" for one in values),
    )
