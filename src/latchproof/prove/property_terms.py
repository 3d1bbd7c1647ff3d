"""What a property says of a step, as a term, computed once for all policies that it does not distinguish."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import z3

from latchproof.prove.paths import term, truth
from latchproof_spec.claims import Property, Step


class _Watched:
    """A policy, and which of its axes were read."""

    def __init__(self, policy: Any) -> None:
        self._policy = policy
        self.seen: dict[str, Any] = {}

    def __getattr__(self, axis: str) -> Any:
        self.seen[axis] = value = getattr(self._policy, axis)
        return value


class StepTerms:
    """Terms for properties of steps, kept with what of the policy they depend on."""

    def __init__(self) -> None:
        self._kept: dict[tuple[object, ...], list[tuple[Step, dict[str, Any], z3.BoolRef]]] = {}

    def of(self, property_: Property, step: Step, *others: Any) -> z3.BoolRef:
        """Return what `property_.holds(step, *others)` says. The others must be the same objects every time."""
        numbers = (*step.constants, *step.before, *step.arguments.values(), *step.after)
        ids = tuple(term(one).get_id() for one in numbers)
        key = (id(property_), id(step.rule), step.operation, ids, tuple(map(id, others)))
        kept = self._kept.setdefault(key, [])
        for _, seen, said in kept:
            if all(getattr(step.policy, axis) == value for axis, value in seen.items()):
                return said
        watched = _Watched(step.policy)
        said = truth(partial(property_.holds, replace(step, policy=watched), *others))
        # keep the step too: z3 uses the identity of a term again once the term is gone
        kept.append((step, watched.seen, said))
        return said
