"""Benchmarks: what latchproof costs, as ratios to the limit and to peers (`make bench`)."""
