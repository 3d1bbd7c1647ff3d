"""Faults in released software, found by `latchproof check` from the specification alone."""
