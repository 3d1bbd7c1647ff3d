"""The specification of the CountdownLatch and the Barrier, as ordinary typed Python that everything else executes.

Read `step`, then `latch`, then `barrier`; `policy` and `claims` when those name them. Nothing here imports
anything but the standard library, and of that as little as an import of `latchproof` can bear.
"""
