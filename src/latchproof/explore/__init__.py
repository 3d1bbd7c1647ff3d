"""Explicit-state exploration of the specification: a machine and the tasks that use it, to a bound.

`system` is the one transition system that every tool here, and the page of `latchproof report`, takes its transitions
from. `states` judges every reachable state, and `fairness` checks the eventualities under weak fairness; `encoding`
makes `states` fast. `expected` compares explorations with the counts in proofs/manifest.toml. Three modules
try the claims themselves: `vacuity` finds properties that cannot fail, `completeness` steps that break no claim, and
`refusals` properties that refuse other cases than the manifest says.

Running a user's class belongs in `check`, and proofs for all sizes belong in `prove`.
"""
