"""Tests a class with Hypothesis, which chooses the calls and shrinks what it finds.

Here belong the state machine made from the specification and the drivers of hosts' loops that it needs. It plays calls
by `latchproof.check.harness` and judges histories by `latchproof.check.record`. Public names are in
`latchproof.testing`.
"""
