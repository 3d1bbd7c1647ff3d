"""What a property says of a step, as a term, worked out once for all policies that it does not tell apart."""

from __future__ import annotations

from functools import partial
from typing import Any

import z3

from latchproof.prove.paths import term, truth
from latchproof_spec.claims import Property, Step


class _Watched:
    """A policy, and which of its axes were looked at."""

    def __init__(self, policy: Any) -> None:
        self._policy = policy
        self.seen: dict[str, Any] = {}

    def __getattr__(self, axis: str) -> Any:
        self.seen[axis] = value = getattr(self._policy, axis)
        return value


class StepTruths:
    """Terms for properties of steps, kept with what of the policy they depend on."""

    def __init__(self) -> None:
        self._kept: dict[tuple[object, ...], list[tuple[Step, dict[str, Any], z3.BoolRef]]] = {}

    def of(self, property_: Property, step: Step, *besides: Any) -> z3.BoolRef:
        """What `property_.holds(step, *besides)` says. What is given besides must be the same objects every time."""
        numbers = (*step.constants, *step.before, *step.arguments.values(), *step.after)
        ids = tuple(term(one).get_id() for one in numbers)
        key = (id(property_), id(step.rule), step.operation, ids, tuple(map(id, besides)))
        kept = self._kept.setdefault(key, [])
        for _, seen, said in kept:
            if all(getattr(step.policy, axis) == value for axis, value in seen.items()):
                return said
        watched = _Watched(step.policy)
        seen_by = Step(step.operation, step.constants, step.before, step.arguments, step.after, step.rule, watched)
        said = truth(partial(property_.holds, seen_by, *besides))
        # the step is kept too: the identities of its terms are theirs only as long as they live
        kept.append((step, watched.seen, said))
        return said
