"""What all runs of a walk have in common: the target, what is done with it, and how.

`latchproof.check.tree` makes it; what changes from one run to the next belongs to `latchproof.check.run`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from latchproof.check.choices import Action
from latchproof.check.history import Observe
from latchproof.check.judge import Judge
from latchproof.check.loops.interface import Stepper
from latchproof.check.places import Places
from latchproof.check.sandbox.fingerprint import Fingerprinter
from latchproof.check.sandbox.watch import Meter
from latchproof.check.states import SeenStates
from latchproof.check.strategies import Strategy
from latchproof.check.target import Target
from latchproof_spec.machine import Programs


@dataclass(frozen=True)
class Setup:
    """What all runs of a walk have in common.

    `prune` leaves out what commutes with something else. Without `seen` no state is recognized.
    """

    target: Target
    programs: Programs
    argument: int
    judges: Sequence[Judge]
    strategy: Strategy
    make_stepper: Callable[[], Stepper]
    prune: bool
    fingerprinter: Fingerprinter
    seen: SeenStates | None
    calls: tuple[Action, ...]
    """The calls that a new task may make."""
    later_calls: tuple[Action, ...]
    """Those that a task may make that has made one."""
    early: tuple[Action, ...]
    """The calls that a task may make that is cancelled already."""
    in_except: tuple[Action, ...]
    """The calls that a new task may make while it handles an exception."""
    then_in_except: tuple[Action, ...]
    """Those that a task may make in the except block for what its last call raised."""
    others: tuple[Action, ...]
    continuations: tuple[Action, ...]
    """What a task may do in the step in which its call ends."""
    reads_system_clock: bool = False
    """Whether the target may wait for a clock that no check advances: then a state that repeats is not rest."""
    calls_again: bool = False
    """Whether any task may call again in a later step: perhaps only one that holds something."""
    tells_tasks_apart: bool = False
    """Whether any judge asks which task makes a call."""
    places: Places | None = None
    """Where each call stands, if the run is made to be shown."""
    meter: Meter | None = None
    readings: dict[tuple[object, ...], Observe] = field(default_factory=dict)
    """The event of each reading that was made (see `latchproof.check.record.Record`)."""
