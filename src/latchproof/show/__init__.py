"""Everything that latchproof shows: in a terminal, as files in other formats, and as HTML.

Here belongs how a result looks; what it says was computed by the package that it comes from. `formats` is the registry
of the formats that a verdict or a trace can be written in, a function for each. What prints or renders a verdict, a
trace, a replay or an estimate imports `check` alone, and the registry is imported without rich. Separate files print
the ledger, the matrix of mutants, explorations and proofs.
"""
