"""Models compiled to rules: what makes a machine of an ordinary class, for the prover, the explorer and the exporters.

A model (see `latchproof_spec.model`) with a finite shape has attributes that are ints or bools, and one operation that
waits. Nothing is translated: an operation of the machine runs the model's own method, on numbers or on symbols.
"""
