"""Proofs for every count, every number of parties and any number of tasks, by two solvers.

Here belongs what turns a machine's functions into goals, what puts goals to z3 and to cvc5, and the proof that our own
classes do what the functions say. What checks a finite number of states belongs in `explore`; what renders the
specification, in `export`; what compares several kinds of evidence, in `verify`.
"""
