"""All that is particular to the Barrier: its rules, its policies, its claims and the data that tools need.

Nothing here may import another machine.
"""
