"""Does a class conform? Runs its real code under schedules, and judges each history against the specification.

Here belongs all that a check needs: loading a target, the bounds of its programs, the hosts' loops held before each
step, the strategies that choose schedules, the judge, and the jobs that a check is made of. It imports the
specification and the standard library; `cluster` imports Dask when a check uses one. What is printed or written does
not belong here, nor does any proof, exploration or fuzzing. The classes of latchproof are targets like any other.
"""
