"""From our own classes to the specification: the theorem that each of their steps is a step of the specification.

Here: the theorem and its cases, what stands in for the event loops and the queue, and what the theorem would not
notice. Proofs about the specification alone do not belong here.
"""
