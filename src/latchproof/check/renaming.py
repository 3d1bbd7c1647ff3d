"""The names that a class has for what the specification calls otherwise, as `--rename` gives them.

A trace, a schedule and a message use the specification's names for every class. Where a class's own names differ, the
verdict and each trace list them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from latchproof.check.importing import TargetError, has, similar
from latchproof.check.kinds import Interface, a


@dataclass(frozen=True)
class Names:
    """Pairs of a class's own name and the specification's; all other names are the same.

    >>> names = Names((("done", "count_down"),))
    >>> names.own("count_down"), names.own("wait"), str(names)
    ('done', 'wait', 'done=count_down')
    """

    pairs: tuple[tuple[str, str], ...] = ()

    def own(self, name: str) -> str | None:
        """Return the class's own name for what the specification calls `name`; None if it uses that name otherwise."""
        for own, specified in self.pairs:
            if specified == name:
                return own
        return None if any(own == name for own, _ in self.pairs) else name

    def __str__(self) -> str:
        return ",".join(f"{own}={specified}" for own, specified in self.pairs)


SAME_NAMES = Names()
"""The names of a class that has those of the specification."""


def parse(text: str) -> dict[str, str]:
    """Return the names that an option gives, own names first; raise TargetError if it is not a list of OWN=NAME.

    >>> parse("done=count_down, await_=wait")
    {'done': 'count_down', 'await_': 'wait'}
    """
    found: dict[str, str] = {}
    for part in text.split(","):
        own, separator, specified = (one.strip() for one in part.partition("="))
        if not separator or not own or not specified:
            raise TargetError(f"{part.strip()!r} does not rename anything; write OWN=NAME, for example done=count_down")
        if own in found:
            raise TargetError(f"{own} cannot be renamed twice, to {found[own]} and to {specified}")
        found[own] = specified
    return found


def names_of(rename: Mapping[str, str] | None, kinds: Iterable[Interface]) -> Names:
    """Return the names; raise TargetError if two are given for one, or one that no kind has."""
    names = Names(tuple((rename or {}).items()))
    known = sorted({name for kind in kinds for name in nameable(kind)}) if rename else []
    for position, (own, specified) in enumerate(names.pairs):
        if specified not in known:
            raise TargetError(
                f"{own} cannot be renamed to {specified}, which the specification does not have; it has "
                f"{', '.join(known)}"
            )
        if own == specified:
            raise TargetError(f"{own}={specified} renames nothing; leave it out")
        for other, same in names.pairs[:position]:
            if same == specified:
                raise TargetError(f"{other} and {own} cannot both be renamed to {specified}")
    return names


def nameable(kind: Interface) -> tuple[str, ...]:
    """Return the names that a kind has for what can be called or read."""
    return (*(one.name for one in kind.operations), *kind.observations)


def require_fit(names: Names, instance: object, name: str) -> None:
    """Raise TargetError if an own name is not there, or one of the specification's is there already."""
    owns = {own for own, _ in names.pairs}
    for own, specified in names.pairs:
        if not has(instance, own):
            raise TargetError(f"{name} has no {own!r} to be renamed to {specified}{similar(instance, own)}")
        if specified not in owns and has(instance, specified):
            raise TargetError(
                f"{name} has {specified} already, so {own} cannot be renamed to it; leave {own}={specified} out"
            )


def require_of(names: Names, kind: Interface) -> None:
    """Raise TargetError if a kind does not have what something is renamed to."""
    for own, specified in names.pairs:
        if specified not in nameable(kind):
            raise TargetError(f"{own} cannot be renamed to {specified}: {a(kind.name)} has {', '.join(nameable(kind))}")


def suggestion(owner: object, kinds: Iterable[Interface]) -> str:
    """Return the option that renames what a class or an object has by names known from elsewhere; "" if there is none.

    >>> from latchproof.check.kinds import MACHINE_KINDS
    >>> class Group:
    ...     def done(self): ...
    ...     async def wait(self): ...
    >>> suggestion(Group, MACHINE_KINDS.values())
    '--rename done=count_down'
    """
    theirs = {_plain(name): name for name in dir(owner) if not name.startswith("_")}
    for kind in kinds:
        pairs = []
        for operation in kind.operations:
            known = [theirs[_plain(one)] for one in (operation.name, *operation.also_called) if _plain(one) in theirs]
            if known and operation.name not in known:
                pairs.append((known[0], operation.name))
            if not known and not operation.optional:
                break
        else:
            if pairs:
                return f"--rename {Names(tuple(pairs))}"
    return ""


def _plain(name: str) -> str:
    return name.replace("_", "").lower()
