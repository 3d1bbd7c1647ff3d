"""Which kind is a class? The one that is asked for, that of a model, or one whose operations the class has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from latchproof.check.importing import TargetError, find, has
from latchproof.check.kinds import MACHINE_KINDS, Kind, a
from latchproof.check.model_faults import require_model
from latchproof.check.model_kind import ModelKind
from latchproof.check.renaming import SAME_NAMES, Names, suggestion
from latchproof.check.several import Several
from latchproof_spec.model import Model, ModelError
from latchproof_spec.models import SHIPPED

SHIPPED_KINDS: dict[str, ModelKind] = {
    name: ModelKind(name, one.model, bounds=one.programs, classes=one.classes, driven=one.driven)
    for name, one in SHIPPED.items()
    if name not in MACHINE_KINDS
}
"""The kinds that are judged by a model, by their names."""

KINDS: dict[str, Kind] = {**SHIPPED_KINDS, **MACHINE_KINDS}
"""Every kind that is shipped, by its name. Latch and barrier are judged by their rules."""


def kind_named(name: str) -> Kind:
    """Return the shipped kind of that name; raise TargetError if there is none."""
    if name not in KINDS:
        raise TargetError(f"there is no kind {name!r}; the kinds are {', '.join(KINDS)}")
    return KINDS[name]


def kind_of_model(model: str | type[Model]) -> ModelKind:
    """Return a model as a kind: a class, or FILE:CLASS or MODULE:CLASS. Raise TargetError if it is no model."""
    name = model if isinstance(model, str) else f"{model.__module__}:{model.__qualname__}"
    found = find(model) if isinstance(model, str) else model
    try:
        require_model(found)
        kind = ModelKind(found.__name__, found, name)
        kind.programs("")  # which makes instances, and so shows whether that is possible
    except ModelError as error:
        raise TargetError(f"{name} is no model that a class can be checked against: {error}") from error
    return kind


def kind_of(instance: Any, name: str, own_names: Names) -> Kind:
    """Return the kind that an instance is.

    A machine is one whose required operations it has, and something that no other such machine has. Else it is the
    shipped kind whose operations it has; of several, that of which its class, or a base, has the name. A machine does
    not count if a model requires all that it does and more, unless the class is named after the machine.

    Raises TargetError, with what can be done, if that does not tell.
    """
    machines = [one for one in MACHINE_KINDS.values() if _fits(instance, one, own_names)]
    for one in sorted(machines, key=lambda kind: -len(_required(kind))):
        rest = [other for other in MACHINE_KINDS.values() if other is not one]
        others = set[str]().union(*(_names(other) if other in machines else _required(other) for other in rest))
        if any(_has(instance, own_names.own(it)) for it in _names(one) - others):
            return one
    models = [one for one in SHIPPED_KINDS.values() if _fits(instance, one, own_names)]
    machines = [one for one in machines if _is_called(type(instance), one) or not _is_less(one, models)]
    if found := _named_after(type(instance), models):
        return found
    if len(models) == 1 and not machines:
        return models[0]
    fitting: list[Kind] = [*machines, *models]
    if fitting:
        has_all = ", ".join(f"{it}()" for it in _required(fitting[0]))
        choices = " or ".join(f"--kind {one.name}" for one in (*(MACHINE_KINDS.values() if machines else ()), *models))
        raise TargetError(f"{name} has {'only ' if machines else ''}{has_all}; say what to check it as: {choices}")
    raise _none_fits(instance, name)


def _is_less(kind: Kind, others: Sequence[Kind]) -> bool:
    """Return whether another kind has all operations that a kind requires, and more: wait() alone does not tell."""
    return any({*_required(kind)} < {*_required(one)} for one in others)


def _is_called(cls: Any, kind: Kind) -> bool:
    """Return whether the name of a class has that of a kind in it."""
    return _plain(kind.name) in _plain(getattr(cls, "__name__", ""))


def resembles_a_kind(cls: Any) -> bool:
    """Return whether a class, or the classes of the several objects that a factory returns, may be of a kind.

    What only has a wait() may be anything, unless its name says that it is a barrier.
    """
    return any(
        len(_required(kind)) > 1
        or any(_has(cls, name) for name in _names(kind) - {*_required(kind)})
        or _is_called(cls, kind)
        for kind in KINDS.values()
        if _fits(cls, kind, SAME_NAMES)
    )


def returns_several(name: str) -> bool:
    """Return whether it is the name of a well-known factory whose objects belong together, as those of a channel."""
    return any(name in kind.classes for kind in SHIPPED_KINDS.values() if kind.model.objects)


def _named_after(cls: type, kinds: Sequence[ModelKind]) -> ModelKind | None:
    """Return the kind of which a class or the nearest of its bases has the name, the longest one if it has several."""
    bases = cls.__mro__
    for names in (
        [f"{one.__module__.partition('.')[0]}.{one.__name__}" for one in bases],
        [one.__name__ for one in bases],
    ):
        if known := [kind for name in names for kind in kinds if name in kind.classes]:
            return known[0]
    for one in bases:
        if alike := [kind for kind in kinds if _is_called(one, kind)]:
            return max(alike, key=lambda kind: len(kind.name))
    return None


def _none_fits(instance: Any, name: str) -> TargetError:
    machines = MACHINE_KINDS.values()
    required = " nor ".join(f"{a(one.name)} ({', '.join(_required(one))})" for one in machines)
    entered = (
        "; if it is `async with` that waits, the wait() of that class enters and leaves it"
        if _has(instance, "__aenter__")
        else ""
    )
    return TargetError(
        f"{name} is neither {required}, nor {', '.join(map(a, SHIPPED_KINDS))}; if its methods have other names, "
        f"add {suggestion(instance, machines) or '--rename OWN=NAME'}, or write a small class around it that has "
        f"these{entered}. A model of your own is given by --model FILE:CLASS"
    )


def _required(kind: Kind) -> list[str]:
    return [one.name for one in kind.operations if not one.optional]


def _names(kind: Kind) -> set[str]:
    return {*(one.name for one in kind.operations), *kind.observations, *kind.constants(kind.smallest)}


def _fits(instance: Any, kind: Kind, own_names: Names) -> bool:
    if isinstance(kind, ModelKind) and kind.model.objects:
        if not kind.consists_of(instance):
            return False
        instance = Several(instance, kind.model.objects)
    return all(_has(instance, own_names.own(one)) for one in _required(kind))


def _has(instance: Any, name: str | None) -> bool:
    return name is not None and has(instance, name)


def _plain(name: str) -> str:
    return name.replace("-", "").replace("_", "").lower()
