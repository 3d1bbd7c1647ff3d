"""All that is particular to the CountdownLatch: its rules, its policies, its claims and the data that tools need.

Nothing here may import another machine.
"""
