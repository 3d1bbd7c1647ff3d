"""What is claimed of every latch and barrier, and the six shapes that a claim takes.

A claim is a sentence with an ID. The machines' modules make it precise as functions, of these shapes:

- an *invariant* of the state: `holds(*constants, *state)`;
- a *step property*, of what one step did to the counters: `holds(step)`;
- a *history property*, of who went on with what: `holds(moment)`, where a moment is a step with identities;
- an *account*: numbers that only the reviewer keeps (ghosts) and that must always add up with the state;
- a *census*, of how many tasks there are: `holds(constants, state, parked, released)`, where the last two are numbers
  of tasks, counted by whoever can see the tasks themselves;
- an *eventuality*: `owes(step)` says whether a step owes it to the tasks that are parked to go on some day.

The eventualities C12 to C14 follow by Lamport's rule WF1 from step and history properties: the step that makes a task
eligible releases it there and then; a released task stays released, with the same ending, until it goes on or is
cancelled itself; and the host, being weakly fair, lets a released task go on. Everything here is evaluated on ints by
the explorers and on symbolic ints by the prover: the functions use plain `if`, and nothing that needs a number of bits.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final, Literal, TypeAlias

    from latchproof_spec.step import Ending, Rule

    MachineName: TypeAlias = Literal["latch", "barrier"]


class Claim:
    """A claim: its ID, the machines that it is about, whether it is safety or liveness, and its sentence.

    `rules` are those that give it a chance to fail: a run that fires none of them says nothing about the claim.
    `beyond_counters` is what of it no number can say: a proof about the counters alone leaves that open.
    """

    __slots__ = ("beyond_counters", "id", "kind", "machines", "rules", "sentence")

    def __init__(
        self,
        id: str,
        kind: Literal["safety", "liveness"],
        machines: tuple[MachineName, ...],
        rules: str,
        sentence: str,
        beyond_counters: str = "",
    ) -> None:
        self.beyond_counters: Final = beyond_counters
        self.rules: Final = tuple(rules.split())
        self.id: Final = id
        self.kind: Final = kind
        self.machines: Final = machines
        self.sentence: Final = sentence

    def __repr__(self) -> str:
        return self.id


# fmt: off
C1: Final = Claim("C1", "safety", ("latch",), "L1 L2 L5k L5r L6",
    "The count is never negative, and is what was last set less the count_downs since, never below zero.")
C2: Final = Claim("C2", "safety", ("latch",), "L2 L8 L9 L5r",
    "Nobody is parked on an open latch, and the number parked is the number of tasks in wait() that are neither "
    "released nor withdrawn.",
    beyond_counters="which tasks they are")
C3: Final = Claim("C3", "safety", ("latch",), "L2 L7 L5r",
    "wait() on a latch returns only if the count was zero at some moment between call and return.",
    beyond_counters="that whoever returns was released, or found the count at zero")
C4: Final = Claim("C4", "safety", ("latch", "barrier"), "L3x L3p L4 L5 B3",
    "A refused call changes nothing, for anyone.")
C5: Final = Claim("C5", "safety", ("barrier",), "B2 B2r B2a",
    "A generation is given exactly the indices 0..parties-1, each once, in order of arrival.",
    beyond_counters="who holds which index")
C6: Final = Claim("C6", "safety", ("barrier",), "B2 B2r B2a",
    "Whoever returns from a barrier's wait() belongs to one generation of exactly parties arrivals, none of them "
    "withdrawn before the trip.",
    beyond_counters="which arrivals make a generation")
C7: Final = Claim("C7", "safety", ("latch", "barrier"), "L9 L10 B4 B5",
    "A withdrawal takes back its own arrival and nothing else: nobody is released, broken or stranded by it.")
C8: Final = Claim("C8", "safety", ("barrier",), "B5",
    "Once tripped, a generation is out of reach of every later abort, reset and withdrawal.",
    beyond_counters="what becomes of tasks that were released")
C9: Final = Claim("C9", "safety", ("barrier",), "B6 B7",
    "abort breaks and reset mends; each fails exactly the parked; nothing else changes whether the barrier is broken.")
C10: Final = Claim("C10", "safety", ("latch", "barrier"), "L3x L3p L4 L5 B3",
    "Each refusal and each warning is exactly as its rule says; what is made is as asked.")
C11: Final = Claim("C11", "safety", ("latch", "barrier"), "L8 B1",
    "At rest nobody is stranded: whoever is blocked is at a latch with count > 0, or at a whole barrier with fewer "
    "parked than parties.")
C12: Final = Claim("C12", "liveness", ("latch",), "L2 L5r",
    "A task parked on a latch whose count reaches zero goes on, unless it is cancelled, whatever set_count does "
    "afterwards.",
    beyond_counters="that a released task goes on")
C13: Final = Claim("C13", "liveness", ("barrier",), "B2 B2r B2a",
    "When the parties-th arrival that is not withdrawn takes effect on a whole barrier, all of that generation go on, "
    "unless cancelled.",
    beyond_counters="that a released task goes on")
C14: Final = Claim("C14", "liveness", ("barrier",), "B6 B7",
    "Whoever is parked when abort or reset takes effect goes on with the error, unless cancelled.",
    beyond_counters="that a released task goes on")
# fmt: on

CLAIMS: Final = (C1, C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, C12, C13, C14)


class Step:
    """One step of a machine, in numbers: the operation's name, the state before and after, and the rule.

    To make one is a step too, "create": from the state in which every value is that of its type, 0 or False, and with
    the constructor's argument by its name.
    """

    __slots__ = ("after", "arguments", "before", "constants", "operation", "policy", "rule")

    def __init__(
        self,
        operation: str,
        constants: tuple[Any, ...],
        before: tuple[Any, ...],
        arguments: dict[str, Any],
        after: tuple[Any, ...],
        rule: Rule,
        policy: Any,
    ) -> None:
        self.operation: Final = operation
        self.constants: Final = constants
        self.before: Final = before
        self.arguments: Final = arguments
        self.after: Final = after
        self.rule: Final = rule
        self.policy: Final = policy


class Moment:
    """One step with identities: who called, the parked before and after, and everybody who went on by it.

    `released_before` and `released_after` hold the tasks that were released and have not returned, each with its
    ending, before and after the step.
    """

    __slots__ = ("gone_on", "queue_after", "queue_before", "released_after", "released_before", "step", "who")

    def __init__(
        self,
        step: Step,
        who: object,
        queue_before: tuple[object, ...],
        queue_after: tuple[object, ...],
        gone_on: tuple[tuple[object, Ending], ...],
        released_before: dict[Any, Ending],
        released_after: dict[Any, Ending],
    ) -> None:
        self.step: Final = step
        self.who: Final = who
        self.queue_before: Final = queue_before
        self.queue_after: Final = queue_after
        self.gone_on: Final = gone_on
        self.released_before: Final = released_before
        self.released_after: Final = released_after


class Property:
    """A claim made precise: a name, the claims it makes precise, and a function that says whether it holds."""

    __slots__ = ("claims", "holds", "name")

    def __init__(self, name: str, claims: tuple[Claim, ...], holds: Callable[..., bool]) -> None:
        self.name: Final = name
        self.claims: Final = claims
        self.holds: Final = holds

    def __repr__(self) -> str:
        return self.name


class Account:
    """Ghost numbers and what they always add up to.

    `start(constants, state)` gives the ghosts of a new machine, `update(step, ghosts)` those after a step, and
    `holds(constants, state, ghosts)` says whether they add up.
    """

    __slots__ = ("claims", "ghosts", "holds", "name", "start", "update")

    def __init__(
        self,
        name: str,
        claims: tuple[Claim, ...],
        ghosts: tuple[str, ...],
        start: Callable[[tuple[Any, ...], tuple[Any, ...]], tuple[Any, ...]],
        update: Callable[[Step, tuple[Any, ...]], tuple[Any, ...]],
        holds: Callable[[tuple[Any, ...], tuple[Any, ...], tuple[Any, ...]], bool],
    ) -> None:
        self.name: Final = name
        self.claims: Final = claims
        self.ghosts: Final = ghosts
        self.start: Final = start
        self.update: Final = update
        self.holds: Final = holds

    def __repr__(self) -> str:
        return self.name


class Eventuality:
    """A claim of liveness made precise: a step that `owes` owes it to each task that is parked to go on some day.

    It is owed to whoever was parked before the step, and to its caller if that parks by it; and no longer to a task
    that has gone on, or is cancelled.
    """

    __slots__ = ("claim", "name", "owes")

    def __init__(self, name: str, claim: Claim, owes: Callable[[Step], bool]) -> None:
        self.name: Final = name
        self.claim: Final = claim
        self.owes: Final = owes

    def __repr__(self) -> str:
        return self.name


def refused_changes_nothing(step: Step) -> bool:
    """C4, of either machine."""
    return not step.rule.refuses or (step.after == step.before and step.rule.queue == "stays")


def released_stay_released(moment: Moment) -> bool:
    """The released stay so, with the same ending, unless this is their own step: C8, and the heart of C12 to C14."""
    return all(
        task == moment.who or (task in moment.released_after and moment.released_after[task] == ending)
        for task, ending in moment.released_before.items()
    )


def only_the_parked_and_the_caller_go_on(moment: Moment) -> bool:
    """Nobody goes on twice, nobody who was not there; whoever neither went on nor left is still parked, in order."""
    gone_on = [task for task, _ in moment.gone_on]
    entitled = (*moment.queue_before, moment.who)
    stayed = tuple(task for task in moment.queue_before if task not in gone_on and task != moment.who)
    arrived = (moment.who,) if moment.step.rule.caller == "parks" else ()
    return (
        len(set(gone_on)) == len(gone_on)
        and all(task in entitled for task in gone_on)
        and moment.queue_after == stayed + arrived
    )


def caller_parks_or_goes_on(moment: Moment) -> bool:
    """C11: whoever calls is parked by it or goes on, and not both; else it would be blocked, and nobody would know."""
    parked = moment.who in moment.queue_after
    goes_on = any(task == moment.who for task, _ in moment.gone_on)
    return moment.step.operation == "withdraw" or parked != goes_on


def withdrawn_is_gone(moment: Moment) -> bool:
    """C7: whoever is withdrawn is parked no more and is given nothing; by C8, not even if it had been released."""
    present = (*moment.queue_after, *(task for task, _ in moment.gone_on))
    return moment.step.operation != "withdraw" or moment.who not in present


def errors_are_those_of_refusals(moment: Moment) -> bool:
    """C4 and C10: a caller that goes on does so with an error if it is refused, with the one that its rule says."""
    refused = (moment.step.rule.errors[0],) if moment.step.rule.refuses else ()
    errors = tuple(ending for task, ending in moment.gone_on if task == moment.who and isinstance(ending, type))
    return errors == refused
