"""The subset of Python that the specification is written in: is each function what its source text says, and in it?

Here: the whitelist, the gate that reads syntax trees, and a second interpreter of the subset with which results are
compared. Nothing here asks a solver.
"""
