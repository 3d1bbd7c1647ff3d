"""Keeps a target from affecting the checker, and one run from affecting the next.

Here belongs what limits, restores or reads the state of a target: its output, threads and endless steps
(`containment`), what it keeps outside of its instances (`global_state`), and the fingerprint of all that its next steps
depend on (`fingerprint`). What is run does not belong here.
"""
