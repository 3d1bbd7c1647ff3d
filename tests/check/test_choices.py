"""A path walks every branch of a tree once, in order, but for those that commute. Its pieces are the whole tree."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from latchproof.check.choices import (
    DEFAULTS,
    PASS,
    REST,
    RETURN,
    ROUND,
    RUN,
    STOP,
    TIME,
    Action,
    Choice,
    Path,
    State,
    Subtree,
    Turn,
)

KINDS = ("call", "cancel", "other")


class Tree(NamedTuple):
    """A leaf, if it has no branches. `last` is the kind of the option of its last branch, where that is not a step."""

    name: str
    branches: tuple[Tree, ...] = ()
    quiet: bool = False
    last: str = "call"

    @property
    def options(self) -> tuple[Action, ...]:
        between = (Action("call", "call"),) * (len(self.branches) - 2)
        return (RUN, *between, Action(self.last, self.last)) if len(self.branches) > 1 else (RUN,)

    @property
    def walked(self) -> tuple[Tree, ...]:
        """The branches that are to be walked: without calls that would be made before a quiet step, if they are all."""
        return self.branches[:1] if self.quiet and self.last == "call" else self.branches

    def leaves(self) -> list[str]:
        """The leaves below, in order."""
        return [leaf for branch in self.walked for leaf in branch.leaves()] if self.branches else [self.name]


def drawn(chance: random.Random, depth: int, name: str = "") -> Tree:
    number = chance.randint(1, 3) if depth else 0
    branches = tuple(drawn(chance, chance.randrange(depth), f"{name}{branch}") for branch in range(number))
    quiet = number > 1 and chance.random() < 0.4
    return Tree(name, branches, quiet, chance.choice(KINDS))


class Walker:
    """Walks a tree as runs do: repeats what is on the path, and then takes what leads to the subtree, or the first."""

    def __init__(self, tree: Tree, within: Subtree = ()) -> None:
        self.tree = tree
        self.path = Path(within)
        self.begun = False

    def runs(self) -> Iterator[str]:
        """Make each run, and yield the leaf that it comes to."""
        while self.path.advance() if self.begun else True:
            yield self._run()
            self.path.cover(1)

    def _run(self) -> str:
        node, met, choices = self.tree, 0, self.path.choices
        before, last = self.path.within[:-1], self.path.within[-1:] if not self.begun else ()
        self.begun = True
        while node.branches:
            if len(node.branches) == 1:
                node = node.branches[0]
                continue
            if before:
                node, before = node.branches[before[0].option], before[1:]
                continue
            if met == len(choices):
                turn, last = (last or (Turn(0, quiet=False),))[0], ()
                choices.append(Choice(node.options, turn.option, (), 0, 0, State(node.name.encode()), quiet=turn.quiet))
            choice = choices[met]
            met += 1
            if choice.taken == 0:  # that a step is quiet is found out where it is made
                choice.quiet = node.quiet
            node = node.branches[choice.taken]
        return node.name


def trees() -> Iterator[Tree]:
    for seed in range(150):
        yield drawn(random.Random(seed), 4)


def test_every_branch_is_walked_once_and_in_order() -> None:
    for tree in trees():
        walker = Walker(tree)
        assert list(walker.runs()) == tree.leaves()
        assert walker.path.choices == []
        assert walker.path.covered == len(tree.leaves())
        assert walker.path.advance() is False


def test_the_trees_have_what_can_be_left_out() -> None:
    sizes = [len(tree.leaves()) for tree in trees()]
    assert max(sizes) > 8
    assert {"call", "cancel", "other"} == {
        branch.last for tree in trees() for branch in tree.branches if branch.quiet and len(branch.branches) > 2
    }


def below(node: Tree) -> Iterator[tuple[State, int]]:
    """The states at which there is a choice, each with the number of leaves below it."""
    if len(node.branches) > 1:
        yield State(node.name.encode()), len(node.leaves())
    for branch in node.walked:
        yield from below(branch)


def test_the_schedules_below_each_state_are_counted() -> None:
    for tree in trees():
        walker = Walker(tree)
        leaves = len(list(walker.runs()))
        assert leaves == walker.path.covered
        assert walker.path.below == dict(below(tree))


def test_a_state_without_a_fingerprint_is_not_among_them() -> None:
    path = Path()
    path.choices.append(Choice((RUN, RUN), 0, (), 0, 0))
    path.cover(3)
    assert path.covered == 0
    path.clear()
    assert (path.choices, path.covered, path.below) == ([], 3, {})


def shares(node: Tree, before: float = 0.0, share: float = 1.0) -> Iterator[float]:
    """For each leaf the share of the tree that lies before it."""
    if not node.branches:
        yield before
    for number, branch in enumerate(node.walked):
        part = share / len(node.branches)
        yield from shares(branch, before + number * part, part)


def test_the_share_that_has_been_walked_is_known() -> None:
    for tree in trees():
        walker = Walker(tree)
        found = [walker.path.fraction for _ in walker.runs()]
        assert found == pytest.approx(list(shares(tree)))


@pytest.mark.parametrize("after", [1, 2, 3, 5])
def test_what_is_left_of_a_tree_is_walked_in_pieces(after: int) -> None:
    """And each piece may be left in turn."""

    def walked(tree: Tree, within: Subtree) -> list[str]:
        walker = Walker(tree, within)
        leaves: list[str] = []
        for leaf in walker.runs():
            leaves.append(leaf)
            if len(leaves) == after:
                break
        else:
            return leaves
        if not walker.path.advance():
            return leaves
        left = walker.path.remaining
        assert len(set(left)) == len(left)
        return [*leaves, *(leaf for piece in left for leaf in walked(tree, piece))]

    for tree in trees():
        assert walked(tree, ()) == tree.leaves()


def test_a_walk_can_be_left_before_its_first_run() -> None:
    path = Path((Turn(1, quiet=True), Turn(2, quiet=False)))
    assert path.remaining == ()


def test_the_options_of_a_choice_are_taken_in_their_turn() -> None:
    def taken(last: str, *, quiet: bool) -> list[int]:
        choice = Choice((RUN, Action("call", "call"), Action(last, last)), 0, (), 0, 0, quiet=quiet)
        assert (Choice((RUN,), 0, (), 0, 0).quiet, choice.covered) == (False, 0)
        found = [0]
        while choice.advance():
            found.append(choice.taken)
        return found

    assert taken("call", quiet=False) == taken("cancel", quiet=False) == [0, 1, 2]
    assert taken("call", quiet=True) == [0]
    # calls are skipped where nothing else is left; else they lead to what may be done between them and the step
    assert taken("cancel", quiet=True) == taken("other", quiet=True) == [0, 1, 2]


def test_the_first_option_may_be_known_to_be_quiet_from_another_walk() -> None:
    choice = Choice((RUN, Action("call", "call"), Action("call", "call")), 1, (), 0, 0, quiet=True)
    assert choice.advance()
    assert (choice.taken, choice.advance()) == (2, False)


def test_the_actions_are_what_they_are_called() -> None:
    kinds = {one: one.kind for one in (RUN, PASS, RETURN, REST, ROUND, TIME, STOP)}
    assert list(kinds.values()) == ["run", "pass", "return", "rest", "rest", "time", "stop"]
    assert [one.word for one in kinds] == ["run", "pass", "return", "", "comes round", "time passes", ""]
    assert DEFAULTS == ("return", "in order")


CANCEL, CALL = Action("cancel", "cancel 1", 0), Action("call", "call")


@pytest.mark.parametrize(
    ("options", "quiet", "quiet_if_cancelled", "walked"),
    [
        ((RUN, CALL), True, False, 1),
        ((RUN, CANCEL, CALL, CALL), True, True, 2),
        ((RUN, CANCEL, CALL, CALL), True, False, 4),  # after a call it can be cancelled
        ((RUN, CANCEL, CALL, CALL), False, True, 4),
        ((RUN, CANCEL, CALL, CANCEL), True, True, 4),  # the second is of another call
        ((RUN, CALL, CANCEL), True, True, 3),
        ((RUN, CANCEL), True, True, 2),
    ],
)
def test_calls_are_left_out_that_only_quiet_steps_can_follow(
    options: tuple[Action, ...], quiet: bool, quiet_if_cancelled: bool, walked: int
) -> None:
    choice = Choice(options, 0, (), 0, 0, quiet=quiet, quiet_if_cancelled=quiet_if_cancelled)
    number = 1
    while choice.advance():
        number += 1
    assert number == walked


def test_what_is_known_of_steps_is_known_in_the_other_pieces() -> None:
    path = Path()
    path.choices.append(Choice((RUN, CANCEL, CALL), 0, (), 0, 0, quiet=True, quiet_if_cancelled=True))
    path.choices.append(Choice((RUN, CALL), 1, (), 0, 0))
    assert path.remaining[-1][0] == Turn(1, quiet=True, quiet_if_cancelled=True)
