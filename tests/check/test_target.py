"""What can be checked is found and told what it is; what cannot says why, and what to do."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from latchproof import Barrier, CountdownLatch
from latchproof.check.record import make_judges
from latchproof.check.target import Call, Target, TargetError, adapt, load
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.latch.machine import LATCH
from tests.check import samples
from tests.check.model_samples import Permits

SAMPLES = "tests.check.samples"


def names(target: Target) -> list[str]:
    return [operation.name for operation in target.operations]


def test_our_own_classes_have_everything() -> None:
    latch = load("latchproof:CountdownLatch")
    assert (latch.machine, latch.name, latch.make, latch.absent) == (
        LATCH, "latchproof:CountdownLatch", CountdownLatch, (),
    )  # fmt: skip
    assert names(latch) == ["wait", "count_down", "set_count"]
    assert latch.observations == ("count", "is_open", "n_waiting")
    assert latch.parameters == {"wait": (), "count_down": ("exception_if_zero",), "set_count": ("n",)}
    barrier = load("latchproof:Barrier")
    assert (barrier.machine, barrier.make, barrier.absent) == (BARRIER, Barrier, ())
    assert names(barrier) == ["wait", "abort", "reset"]
    assert barrier.observations == ("parties", "n_waiting", "broken")


def test_targets_of_a_shipped_kind_share_specifications_and_automata() -> None:
    ours, other = load("latchproof:Barrier"), load("asyncio:Barrier")
    policy = BARRIER.policies[0]
    specification = ours.specification(policy, 2)
    assert other.specification(policy, 2) is specification
    assert other.specification(policy, 3) is not specification
    made = []
    for target in (ours, other):
        make_judges(target, [policy], 2, strict=False)
        made.append(target.kind.automata[specification, False])
    assert made[0] is made[1]


def test_a_model_that_is_loaded_again_makes_specifications_again() -> None:
    """Its class may have been changed since."""
    one, other = (load("asyncio:Semaphore", model=Permits) for _ in range(2))
    policy = one.kind.policies[0]
    assert one.specification(policy, 1) is one.specification(policy, 1)
    assert other.specification(policy, 1) is not one.specification(policy, 1)


def test_what_is_absent_is_said() -> None:
    latch = load(f"{SAMPLES}:PlainLatch")
    assert names(latch) == ["wait", "count_down"]
    assert latch.parameters == {"wait": (), "count_down": ()}
    assert latch.observations == ()
    assert latch.absent == ("count_down(exception_if_zero=)", "set_count", "count", "is_open", "n_waiting")
    barrier = load(f"{SAMPLES}:FifoBarrier")
    assert names(barrier) == ["wait"]
    assert barrier.absent == ("abort", "reset", "n_waiting", "broken")


def test_a_factory_serves() -> None:
    target = load(f"{SAMPLES}:make_barrier")
    assert (target.machine, target.make) == (BARRIER, samples.make_barrier)


def test_a_class_in_a_class_is_found() -> None:
    assert load(f"{SAMPLES}:Outer.Inner").make is samples.Outer.Inner


def test_a_target_without_a_name_is_called_what_it_is_called() -> None:
    assert adapt(samples.FifoBarrier).name == "FifoBarrier"
    assert adapt(samples.Outer.Inner).name == "Outer.Inner"
    assert adapt(samples.FifoBarrier, "mine").name == "mine"
    assert adapt(partial(samples.FifoBarrier)).name.startswith("functools.partial")


def test_the_kind_can_be_said() -> None:
    assert adapt(samples.Waiter, kind="barrier").machine is BARRIER
    with pytest.raises(TargetError, match=r"Waiter is checked as a latch, but has no method count_down\(\)"):
        adapt(samples.Waiter, kind="latch")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("asyncio", "'asyncio' does not name a target; write MODULE:CLASS or path/to/file.py:CLASS"),
        ("asyncio:", "'asyncio:' does not name a target"),
        (":Barrier", "':Barrier' does not name a target"),
        ("no_such_module:Barrier", "there is no module 'no_such_module'; is it installed, or is it a file"),
        ("asyncio.no_such:Barrier", "there is no module 'asyncio.no_such'"),
        ("no_such_module.inner:Barrier", "there is no module 'no_such_module'"),
        ("asyncio:Barier", "asyncio has no 'Barier'; did you mean Barrier"),
        ("asyncio:barrier", "did you mean Barrier"),
        ("asyncio:Xyzzy", "asyncio has no 'Xyzzy'$"),
        (f"{SAMPLES}:Outer.Iner", "tests.check.samples has no 'Iner'; did you mean Inner?"),
        (f"{SAMPLES}:NUMBER", "samples:NUMBER is int, not a class or a factory"),
        (f"{SAMPLES}:Stranger", r"Stranger is neither a latch \(wait, count_down\) nor a barrier \(wait\)"),
        (f"{SAMPLES}:Abortable", "Abortable is neither a latch"),
        (f"{SAMPLES}:Waiter", r"Waiter has only wait\(\); say what to check it as: --kind latch or --kind barrier"),
        (
            f"{SAMPLES}:Demanding",
            r"Demanding\(2\) raised TypeError: .*'name'; a latch is made with its count, a barrier is made with its "
            r"parties\. If the constructor needs more, name a factory function",
        ),
        ("no/such/file.py:Barrier", "there is no file no/such/file.py"),
    ],
)  # fmt: skip
def test_what_cannot_be_driven_says_why(name: str, message: str) -> None:
    with pytest.raises(TargetError, match=message):
        load(name)


def test_there_is_no_such_kind() -> None:
    with pytest.raises(TargetError, match=r"there is no kind 'door'; the kinds are event, lock, .*, latch, barrier"):
        adapt(samples.FifoBarrier, kind="door")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, and of no concern to the tests that follow."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [one for one in sys.path if one not in ("", ".")])
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    return tmp_path


CLASS = "class Mine:\n    def __init__(self, parties): self.parties = parties\n    async def wait(self): return 0\n"


def test_a_file_is_run(folder: Path) -> None:
    (folder / "inner").mkdir()
    (folder / "inner" / "my_barrier.py").write_text(CLASS, encoding="utf-8")
    for name in ("inner/my_barrier.py:Mine", f"{folder}/inner/my_barrier.py:Mine"):
        target = load(name)
        assert (target.name, target.machine) == (name, BARRIER)
        assert target.make(3).parties == 3


def test_what_lies_beside_a_file_can_be_imported(folder: Path) -> None:
    (folder / "inner").mkdir()
    (folder / "inner" / "beside_it.py").write_text(CLASS, encoding="utf-8")
    (folder / "inner" / "imports_it.py").write_text("from beside_it import Mine\n", encoding="utf-8")
    assert load("inner/imports_it.py:Mine").make(3).parties == 3


def test_a_target_that_exits_is_said_to(folder: Path) -> None:
    (folder / "exits.py").write_text("raise SystemExit(1)\n", encoding="utf-8")
    with pytest.raises(TargetError, match=r"exits\.py cannot be run: SystemExit: 1"):
        load("exits.py:Mine")
    with pytest.raises(TargetError, match="exits cannot be imported: SystemExit: 1"):
        load("exits:Mine")

    def exits(count: int) -> object:
        raise SystemExit(1)

    with pytest.raises(TargetError, match=r"exits\(2\) raised SystemExit: 1"):
        adapt(exits)


def test_a_target_that_ends_the_interpreter_without_a_word_is_said_to(folder: Path) -> None:
    (folder / "ends.py").write_text("import os\nos._exit(0)\n", encoding="utf-8")
    with pytest.raises(TargetError, match=r"ends\.py cannot be run: SystemExit: os\._exit\(0\)"):
        load("ends.py:Mine")

    def ends(count: int) -> object:
        os._exit(count)

    end = os._exit
    with pytest.raises(TargetError, match=r"ends\(2\) raised SystemExit: os\._exit\(2\)"):
        adapt(ends)
    assert os._exit is end


def test_a_module_of_the_current_directory_is_imported(folder: Path) -> None:
    (folder / "a_module_of_mine.py").write_text(CLASS, encoding="utf-8")
    assert load("a_module_of_mine:Mine").make(3).parties == 3


def test_dataclasses_work_in_a_file(folder: Path) -> None:
    """They look their module up in sys.modules."""
    text = "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass Mine:\n"
    (folder / "with_dataclass.py").write_text(
        f"{text}    parties: int\n    async def wait(self): return 0\n", encoding="utf-8"
    )
    assert load("with_dataclass.py:Mine").machine is BARRIER


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import no_such_module_here\n", "No module named 'no_such_module_here'"),
        ("1 / 0\n", "ZeroDivisionError: division by zero"),
        ("def f(:\n", "SyntaxError"),
    ],
)
def test_an_error_in_a_module_is_told(folder: Path, text: str, message: str) -> None:
    (folder / "does_not_work.py").write_text(text, encoding="utf-8")
    with pytest.raises(TargetError, match=f"does_not_work cannot be imported: .*{message}"):
        load("does_not_work:Mine")
    with pytest.raises(TargetError, match=f"does_not_work.py cannot be run: .*{message}"):
        load("does_not_work.py:Mine")


@pytest.mark.parametrize(
    ("numbers", "calls"),
    [
        ((), ["wait()", "count_down(False)", "count_down(True)"]),
        ((-1, 2), ["wait()", "count_down(False)", "count_down(True)", "set_count(-1)", "set_count(2)"]),
    ],
)
def test_calls_are_every_choice_of_arguments_waits_first(numbers: tuple[int, ...], calls: list[str]) -> None:
    assert [str(call) for call in load("latchproof:CountdownLatch").calls(numbers)] == calls


def test_what_a_method_does_not_take_is_not_given() -> None:
    assert [str(call) for call in load(f"{SAMPLES}:PlainLatch").calls((1,))] == ["wait()", "count_down()"]


class Watched:
    """Observations as methods, as properties, and as nothing that can be read."""

    def __init__(self, parties: int) -> None:
        self.parties = parties

    async def wait(self) -> int:
        return 0

    def n_waiting(self) -> int:
        return 5

    @property
    def broken(self) -> bool:
        return True


class Unreadable:
    """An observation that is a coroutine, and one that is not there."""

    def __init__(self, parties: int) -> None:
        self.parties = parties

    async def wait(self) -> int:
        return 0

    async def n_waiting(self) -> int:
        return 5

    @property
    def broken(self) -> bool:
        raise AttributeError


def test_observations_are_read_as_properties_or_methods() -> None:
    target = adapt(Watched)
    assert target.observations == ("parties", "n_waiting", "broken")
    assert target.observe(target.make(3)) == (("parties", 3), ("n_waiting", 5), ("broken", True))


@pytest.mark.parametrize("name", ["abort", "reset", "n_waiting", "broken", "parties"])
def test_anything_that_only_a_barrier_has_tells_what_it_is(name: str) -> None:
    assert adapt(type("Told", (samples.Waiter,), {name: 0})).machine is BARRIER


def test_a_class_that_fits_several_machines_is_the_one_that_requires_most() -> None:
    both = type("Both", (samples.PlainLatch,), {"abort": lambda self: None, "n_waiting": 0})
    assert adapt(both).machine is LATCH


def test_what_cannot_be_read_is_not_observed() -> None:
    target = adapt(Unreadable)
    assert target.observations == ("parties",)
    assert target.absent == ("abort", "reset", "n_waiting", "broken")


def signature_of(function: Callable[..., Any]) -> tuple[str, ...]:
    """What set_count is given, when it is this function."""

    class Latch:
        def __init__(self, count: int) -> None:
            self.set_count = function

        async def wait(self) -> None: ...

        def count_down(self) -> None: ...

    return adapt(Latch).parameters["set_count"]


@pytest.mark.parametrize(
    ("function", "given"),
    [
        (lambda n: None, ("n",)),
        (lambda count: None, ("n",)),  # the sole argument may be called otherwise
        (lambda *arguments: None, ("n",)),
        (lambda: None, ()),
        (lambda *, n=0: None, ()),
        (dict.fromkeys, ("n",)),
        (max, ("n",)),  # without a signature that could be read
    ],
)
def test_what_set_count_is_given(function: Callable[..., Any], given: tuple[str, ...]) -> None:
    assert signature_of(function) == given


@pytest.mark.parametrize(
    ("function", "given"),
    [
        (lambda exception_if_zero=False: None, ("exception_if_zero",)),
        (lambda *arguments: None, ("exception_if_zero",)),
        (lambda n=1: None, ()),  # a flag under another name is something else
        (lambda: None, ()),
    ],
)
def test_what_count_down_is_given(function: Callable[..., Any], given: tuple[str, ...]) -> None:
    class Latch:
        def __init__(self, count: int) -> None:
            self.count_down = function

        async def wait(self) -> None: ...

    assert adapt(Latch).parameters["count_down"] == given


def test_a_call_is_written_as_it_is_made() -> None:
    set_count = LATCH.operations[2]
    assert str(Call(set_count, (3,))) == "set_count(3)"
    assert str(Call(LATCH.operations[0], ())) == "wait()"


def test_a_latch_may_say_how_many_wait() -> None:
    assert adapt(type("Told", (samples.PlainLatch,), {"n_waiting": 0})).machine is LATCH


def test_a_property_that_cannot_be_read_is_no_obstacle() -> None:
    target = adapt(samples.BlindLatch)
    assert target.machine is LATCH
    assert target.observations == ("is_open", "n_waiting")
