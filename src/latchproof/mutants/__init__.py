"""Faults of the specification, and which evidence finds each.

The faults are generated (`generate`, from syntax trees by `mutator`) or named (`named`, `task_faults`). `evaluate` puts
one mutant to the kinds of evidence in `checks`, and `matrix` puts all of them, claims x mutants. The specification has
none of this in it, for reviewers read it; faulty classes that are checked like anybody's belong in `tests/zoo`.
"""
