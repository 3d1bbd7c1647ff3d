"""The cases of the refinement theorem: what is asked of one path, and what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import z3

from latchproof.prove.classes.stand_ins import ASSUMED
from latchproof.prove.goals import ProofStatus
from latchproof.prove.paths import SymBool, SymInt, UndecidableError, enumerate_paths, example
from latchproof_spec.claims import Claim


class Difference(NamedTuple):
    """Something that is not as it should be, and the term that says when. `text` is about the `values`."""

    text: str
    differs: z3.BoolRef
    values: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return self.text.format(*map(told, self.values))


def told(value: Any) -> str:
    """Return a value as a counterexample shows it.

    >>> told(SymBool(z3.Bool("broken"))), told(ValueError("too few"))
    ('broken', 'ValueError(too few)')
    """
    if isinstance(value, BaseException):
        return f"{type(value).__name__}({', '.join(map(told, value.args))})"
    if type(value) is SymBool or issubclass(type(value), SymInt):
        return str(value.term)
    return str(value) if isinstance(value, str | bool | None) else f"an object of {type(value).__name__}"


@dataclass(frozen=True)
class Case:
    """One path through a method in a situation, and whether what is seen of it can differ from what is specified.

    `rule` is the rule of its step, or says what it does instead. `claims` are the claims that it is about, and `axioms`
    the axioms of the hosts that it assumes, by name. `counterexample` says, where it is refuted, what differs, and for
    which numbers.
    """

    machine: str
    method: str
    situation: str
    rule: str
    status: ProofStatus
    counterexample: str = ""
    claims: tuple[str, ...] = ()
    axioms: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """A name for a reader."""
        return f"{self.method}, {self.rule}: {self.situation}"


class Played(NamedTuple):
    """A call on one path: the rule of its step, or what it does instead; what differs; what the hosts were asked."""

    rule: str
    differences: Sequence[Difference]
    asked: Sequence[str] = ()
    claims: tuple[Claim, ...] = ()


def cases_of(
    where: tuple[str, str, str], play: Callable[[], Played | None], premises: Sequence[z3.BoolRef] = ()
) -> Iterator[Case]:
    """Yield a case for each path of a function that plays a call; it returns None where there is nothing to ask.

    `where` has the machine, the method and the situation.
    """

    def case() -> Case | None:
        try:
            played = play()
        except (UndecidableError, KeyboardInterrupt):
            raise
        except Exception as error:  # the classes may leave anything behind, even what cannot be compared
            return Case(*where, "all", "refuted", f"what it leaves cannot be compared: {told(error)}")
        if played is None:
            return None
        counterexample = counterexample_of(played.differences)
        axioms = dict.fromkeys(axiom for question in played.asked for axiom in ASSUMED[question])
        claims = tuple(claim.id for claim in played.claims)
        status: ProofStatus = "refuted" if counterexample else "proved"
        return Case(*where, played.rule, status, counterexample, claims, tuple(axioms))

    try:
        paths = enumerate_paths(case, [SymBool(one) for one in premises])
    except UndecidableError as error:
        yield Case(*where, "all", "unknown", str(error))
        return
    yield from (path.result for path in paths if path.result is not None)


def counterexample_of(differences: Sequence[Difference]) -> str:
    """Return one of the differences that the path being taken leaves room for, and for which numbers; else "".

    >>> count = z3.Int("count")
    >>> ask = lambda: counterexample_of([Difference("it is less", count < 4), Difference("it is more", count > 5)])
    >>> [path.result for path in enumerate_paths(ask, [SymBool(one) for one in (count > 2, count < 4)])]
    ['it is less, where [count = 3]']
    """
    possible = [one for one in differences if not z3.is_false(one.differs)]
    model = example(z3.Or([one.differs for one in possible])) if possible else None
    if model is None:
        return ""
    found = next(one for one in possible if z3.is_true(model.eval(one.differs, model_completion=True)))
    return f"{found}, where {model}"
