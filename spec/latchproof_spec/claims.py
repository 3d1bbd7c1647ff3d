"""What is claimed of every latch and barrier, and the shapes that a claim takes.

A claim is a sentence with an ID. Those that every machine shares stand here, the others in each machine's `claims`. The
machines' modules make a claim precise as functions, of these shapes:

- an *invariant* of the state: `holds(*constants, *state)`;
- a *step property*, of what one step did to the counters: `holds(step)`;
- a *history property*, of which tasks continue with what: `holds(moment)`, where a moment is a step with identities;
- an *account*: numbers that only the reviewer keeps (ghosts) and that must always add up with the state;
- a *reading*, of what a caller reads: `holds(constants, state, readings)`, where the last has the value of each
  observation by its name;
- a *census*, of how many tasks there are: `holds(constants, state, parked, released)`, where the last two are numbers
  of tasks, counted by a tool that can see the tasks themselves;
- an *eventuality*: `owes(step)` says whether a step owes it to the parked tasks that they continue some day.

What is claimed of each single call has other shapes (see `calls`).

What each released task is given is specified. In which order released tasks run is not: that is up to the host. So no
claim speaks of it, the explorers let any released task continue first, and the judge of histories allows every order.

The eventualities C12 to C14 follow by Lamport's rule WF1 from step and history properties: the step that makes a task
eligible releases it there and then; a released task stays released, with the same ending, until it continues or is
cancelled itself; and the host, being weakly fair, lets a released task continue. Everything here is evaluated on ints
by the explorers and on symbolic ints by the prover: the functions use plain `if`, and nothing that needs a number of
bits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from latchproof_spec.step import Ending, Rule


@dataclass(frozen=True, repr=False)
class Claim:
    """A claim: its ID, whether it is safety or liveness, and its sentence.

    `beyond_counters` is what of it no number can say: a proof about the counters alone leaves that open.
    `unobservable` says why no history of code can be said to break it; "" if one can.
    """

    id: str
    kind: Literal["safety", "liveness"]
    sentence: str
    beyond_counters: str = ""
    unobservable: str = ""

    @property
    def number(self) -> int:
        """The number in the ID, by which claims are ordered."""
        return int(self.id[1:])

    def __repr__(self) -> str:
        return self.id


# fmt: off
C4: Final = Claim("C4", "safety", "A refused call changes nothing, for any task.",
    unobservable="what a refused call has changed shows in what is read, as C16, or in what later calls do")
C7: Final = Claim("C7", "safety",
    "A withdrawal takes back its own arrival and nothing else: it releases, breaks and strands no other task.")
C10: Final = Claim("C10", "safety",
    "Operations raise only the errors, and log only the warnings, that their rules give, and in just the cases that "
    "these name.")
C11: Final = Claim("C11", "safety",
    "At rest no task is stranded: each blocked task is at a latch with count > 0, or at a whole barrier with fewer "
    "parked than parties.")
C15: Final = Claim("C15", "safety", "No call raises, and nothing reaches the event loop, that no rule gives.",
    beyond_counters="which tasks are given an error")
C16: Final = Claim("C16", "safety",
    "count, is_open, parties, n_waiting and broken read the state, and that of a new machine is as asked.")
# fmt: on


@dataclass(frozen=True)
class Step:
    """One step of a machine, in numbers: the operation's name, the state before and after, and the rule.

    `arguments` holds the call's arguments and what the host told of it, by name. Making a machine is a step too,
    "create": from the state in which every value is that of its type, 0 or False, with the constructor's argument by
    its name.
    """

    operation: str
    constants: tuple[Any, ...]
    before: tuple[Any, ...]
    arguments: dict[str, Any]
    after: tuple[Any, ...]
    rule: Rule
    policy: Any


@dataclass(frozen=True)
class Moment:
    """One step with identities: which task made it, the parked before and after, and every task that continues by it.

    `released_before` and `released_after` hold the tasks that are released and have not returned, each with its ending,
    before and after the step.
    """

    step: Step
    who: object
    queue_before: tuple[object, ...]
    queue_after: tuple[object, ...]
    resumed: tuple[tuple[object, Ending], ...]
    released_before: dict[Any, Ending]
    released_after: dict[Any, Ending]


@dataclass(frozen=True, eq=False, repr=False)
class _Precise:
    """A name, and the claims that are made precise under it."""

    name: str
    claims: tuple[Claim, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """The IDs of the claims."""
        return tuple(claim.id for claim in self.claims)

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True, eq=False, repr=False)
class Property(_Precise):
    """A claim made precise: a name, the claims it makes precise, and a function that says whether it holds."""

    holds: Callable[..., bool]


@dataclass(frozen=True, eq=False, repr=False)
class Account(_Precise):
    """Ghost numbers and what they always add up to.

    `start(constants, state)` gives the ghosts of a new machine, `update(step, ghosts)` those after a step, and
    `holds(constants, state, ghosts)` says whether they add up.
    """

    ghosts: tuple[str, ...]
    start: Callable[[tuple[Any, ...], tuple[Any, ...]], tuple[Any, ...]]
    update: Callable[[Step, tuple[Any, ...]], tuple[Any, ...]]
    holds: Callable[[tuple[Any, ...], tuple[Any, ...], tuple[Any, ...]], bool]


@dataclass(frozen=True, eq=False)
class Eventuality:
    """A liveness claim made precise: a step that `owes` owes it to each parked task that it continues some day.

    It is owed to each task that was parked before the step, and to its caller if that parks by it; and no longer to a
    task that has continued, or is cancelled.
    """

    name: str
    claim: Claim
    owes: Callable[[Step], bool]

    def __repr__(self) -> str:
        return self.name


def refused_changes_nothing(step: Step) -> bool:
    """C4, of every machine."""
    return not step.rule.refuses or (step.after == step.before and step.rule.queue == "stays")


def released_stay_released(moment: Moment) -> bool:
    """A released task stays so, with the same ending, unless this is its own step: C8, and the core of C12 to C14."""
    return all(
        task == moment.who or (task in moment.released_after and moment.released_after[task] == ending)
        for task, ending in moment.released_before.items()
    )


def only_the_parked_and_the_caller_continue(moment: Moment) -> bool:
    """No task continues twice, or without having been there; those that neither continue nor leave stay, in order."""
    resumed = [task for task, _ in moment.resumed]
    entitled = (*moment.queue_before, moment.who)
    stayed = tuple(task for task in moment.queue_before if task not in resumed and task != moment.who)
    arrived = (moment.who,) if moment.step.rule.caller == "parks" else ()
    return (
        len(set(resumed)) == len(resumed)
        and all(task in entitled for task in resumed)
        and moment.queue_after == stayed + arrived
    )


def caller_parks_or_continues(moment: Moment) -> bool:
    """C11: each caller is parked by its call or continues, and not both; else it would be blocked, and uncounted."""
    parked = moment.who in moment.queue_after
    continues = any(task == moment.who for task, _ in moment.resumed)
    return moment.step.operation == "withdraw" or parked != continues


def withdrawn_is_gone(moment: Moment) -> bool:
    """C7: a withdrawn task is no longer parked and is given nothing; by C8, not even if it had been released."""
    present = (*moment.queue_after, *(task for task, _ in moment.resumed))
    return moment.step.operation != "withdraw" or moment.who not in present


def errors_are_those_of_the_rule(moment: Moment) -> bool:
    """C4 and C15: the caller gets an error if it is refused, the parked if they fail, and each the one of the rule."""
    rule = moment.step.rule
    given = rule.errors[:1]
    refused = given if rule.refuses else ()
    errors = tuple(ending for task, ending in moment.resumed if task == moment.who and isinstance(ending, type))
    others = [ending for task, ending in moment.resumed if task != moment.who]
    fails = rule.queue == "failed"
    return errors == refused and all((ending,) == given if fails else not isinstance(ending, type) for ending in others)
