"""The specification of the CountdownLatch and the Barrier: ordinary typed Python that everything else executes.

Facts about a latch or a barrier stand here and nowhere else. Read `step`, then `latch.rules` and `barrier.rules`, then
`claims` and each machine's claims. Nothing here imports anything but the standard library; `step`, the rules, the
policies and `messages`, which every program imports, import nothing else.
"""

__version__ = "0.1.0"
"""Version of the distribution, which has latchproof too."""
