"""Every transition of a machine and the tasks that use it, to a bound, as plain data: what the page steps through.

The page knows no machine. It looks up here what can happen and what comes of it; the transitions are those of
`latchproof.explore.system`, each judged by the machine's properties.

States that differ by a renaming of tasks are kept once, with the tasks in a fixed order, their *slots*. A move says
which slot acts and where each slot's task is afterwards, so that the page can keep the tasks' names.
"""

from typing import Any

from latchproof.explore.system import Action, Local, State, System, Transition
from latchproof.show.words import state_in_words
from latchproof_spec import step
from latchproof_spec.machine import Machine


def tabulate(machine: Machine, policy: Any, argument: int, *, tasks: int) -> dict[str, Any]:
    """Return all states that so many tasks can bring a machine into that is made with `argument`, and the moves.

    The states come in the order of their distance from the first. Raises ValueError for an argument that the machine
    refuses.

    >>> from latchproof_spec.barrier.machine import BARRIER
    >>> graph = tabulate(BARRIER, BARRIER.policies[0], 2, tasks=2)
    >>> graph["states"][1]
    {'state': [1, False], 'words': '1 waiting, whole', 'tasks': [['idle', None], ['parked', 0]], 'broken': []}
    >>> graph["actions"][0], graph["moves"][0][0]  # slot, action, rule, state after, resumed, slots after, broken
    ({'kind': 'call', 'label': 'wait()'}, [0, 0, 'B1', 1, [], [1, 0], []])
    """
    system = System(machine, policy, argument, tasks=tasks)
    reached = list(system.reachable())
    numbers = {state: number for number, (state, _) in enumerate(reached)}
    actions: dict[Action, int] = {}

    def move(transition: Transition) -> list[Any]:
        after, slots = transition.after.canonical()
        return [
            transition.who,
            actions.setdefault(transition.action, len(actions)),
            transition.step.rule.id if transition.step else None,
            numbers[after],
            [[slot, in_words(ending)] for slot, ending in transition.resumed],
            slots,
            _broken(machine, transition),
        ]

    moves = [[move(transition) for transition in transitions] for _, transitions in reached]
    return {
        "argument": argument,
        "tasks": tasks,
        "states": [_state(system, state) for state in numbers],
        "actions": [{"kind": action.kind, "label": str(action)} for action in actions],
        "moves": moves,
    }


def in_words(ending: "step.Ending") -> str:
    """Return what comes of a call that continues with this ending.

    >>> in_words(None), in_words(2), in_words(ValueError)
    ('returns', 'returns 2', 'raises ValueError')
    """
    if isinstance(ending, type):
        return f"raises {ending.__name__}"
    if ending is None:
        return "returns"
    return "returns any index not given yet" if ending == step.ANY_INDEX else f"returns {ending}"


def _state(system: System, state: State) -> dict[str, Any]:
    invariants = system.machine.invariants
    named = dict(zip(system.machine.state, state.machine, strict=True))
    return {
        "state": list(state.machine),
        "words": ", ".join(state_in_words(named, tuple(system.machine.phases), system.machine.parked)),
        "tasks": [[local.kind, _detail(local)] for local in state.tasks],
        "broken": [one.name for one in invariants if not one.holds(*system.constants, *state.machine)],
    }


def _detail(local: Local) -> int | str | None:
    if local.parked:
        return local.position
    return in_words(local.ending) if local.released else None


def _broken(machine: Machine, transition: Transition) -> list[str]:
    """Return the names of the properties that a transition breaks."""
    if transition.step is None:
        return []
    return [
        *(one.name for one in machine.step_properties if not one.holds(transition.step)),
        *(one.name for one in machine.history_properties if not one.holds(transition.moment)),
    ]
