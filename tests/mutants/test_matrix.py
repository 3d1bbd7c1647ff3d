"""The matrix: its judge condemns the guilty alone, and its gate can fail in each of the ways that it names."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from rich.console import Console

from latchproof.check.bounds import programs_within
from latchproof.check.checker import check
from latchproof.check.target import adapt
from latchproof.cli.main import main
from latchproof.mutants import checks, evaluate
from latchproof.mutants.difference import changed_operations, difference
from latchproof.mutants.evaluate import MutantResult
from latchproof.mutants.generate import mutants
from latchproof.mutants.matrix import SAMPLE, Matrix, evaluate_mutants
from latchproof.mutants.mutant import Mutant
from latchproof.mutants.reference_class import reference_class
from latchproof.mutants.task_faults import as_specified
from latchproof.prove.obligations import prove
from latchproof.prove.paths import UndecidableError
from latchproof.show.matrix import print_matrix
from latchproof.verify.kinds import MUTANT_CHECKS
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.claims import Property
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Machine
from latchproof_spec.machines import CLAIMS, MACHINES
from latchproof_spec.step import apply
from tests.explore.faults import with_parts
from tests.mutants.quick import quick_matrix


@cache
def all_mutants() -> tuple[Mutant, ...]:
    """Return the mutants of every machine, made once: that takes seconds."""
    return tuple(one for machine in MACHINES.values() for one in mutants(machine))


def one_mutant(start: str) -> Mutant:
    return next(one for one in all_mutants() if one.id.startswith(start))


def matrix_of(kinds: Sequence[str], **options: Any) -> Matrix:
    """What becomes of mutants by these kinds of evidence."""
    return evaluate_mutants([check for check in MUTANT_CHECKS if check.kind in kinds], **options)


def judged(kinds: Sequence[str], only: str) -> MutantResult:
    (one,) = matrix_of(kinds, only=only).results
    return one


@pytest.fixture(scope="module")
def quick() -> Matrix:
    return quick_matrix()


def test_the_sample_of_the_ledger_passes_its_gate(quick: Matrix) -> None:
    assert quick.exit_code == 0
    assert (quick.vacuous, quick.of_original, quick.not_tried) == ([], set(), [])
    counted = {status: len(quick.with_status(status)) for status in ("killed", "equivalent", "breaks down")}
    assert sum(counted.values()) == len(quick.results) > 45
    assert len(quick.with_status("killed")) > len(quick.with_status("equivalent")) > 0


def test_each_claim_is_broken_by_what_is_about_it(quick: Matrix) -> None:
    """What is proved and what is explored see all of them."""
    assert [claim.id for claim in CLAIMS if not quick.killed(claim.id, "proved")] == []
    assert [claim.id for claim in CLAIMS if not quick.killed(claim.id, "explored")] == []


def test_what_comes_of_it_is_the_same_in_several_processes() -> None:
    kinds = ("explored", "called", "contracted")
    only = "latch.L3p: the error RuntimeError"
    here, apart = (matrix_of(kinds, only=only, workers=workers) for workers in (1, 2))
    assert len(here.results) > 2
    assert apart.results == here.results
    assert all(apart.seconds[kind] > 0 for kind in kinds)
    assert any(one.broken["contracted"] for one in apart.results)


@pytest.mark.parametrize(
    ("mutant", "kind", "claims"),
    [
        ("latch.count_down: if count > 1 -> if count > 2", "proved", "C1 C10"),
        ("latch.count_down: if count > 1 -> if count > 2", "explored", "C1 C10"),
        ("latch.L3: it warns: True -> False", "proved", "C10"),
        ("latch.L3p: the error ValueError -> none", "explored", "C10"),
        ("latch.L4t: the error TypeError -> ValueError", "called", "C10"),
        ("barrier.B0v: the error ValueError -> TypeError", "called", "C10"),
        ("barrier.create: return (parties,), (0, False), B0 -> return (parties + 1,), (0, False), B0", "called", "C16"),
        ("barrier.withdraw: return parked, broken, B5 -> return parked - 1, broken, B5", "scheduled", "C16"),
        ("barrier: a shared break flag", "scheduled", "C8"),
        ("latch.L2: the queue released -> stays", "fuzzed", "C12"),
        ("barrier: a live index", "scheduled", "C5"),
        ("barrier.B2a: the order any -> one leads", "explored", "C5"),
        ("barrier.B2l: the order one leads -> any", "explored", "C5"),
        ("barrier.B2l: the order one leads -> any", "scheduled", "C5"),
        ("latch: a spurious wake-up", "fuzzed", "C3"),
        ("latch: a gate that closes again", "scheduled", "C12 C16"),  # n_waiting counts the task that parks again
        ("barrier.abort: return 0, True, B6 -> return 0, False, B6", "contracted", "C9"),
        ("barrier: a withdrawn task continues", "proved", "C5 C6 C7 C8"),
        ("barrier: a withdrawn task continues", "explored", "C7 C8"),
        ("barrier, step.endings: return range(parked) -> return range(parked - 1)", "explored", "C5 C6 C7 C11"),
        ("latch, step.apply: queue += (who,) -> queue += ()", "scheduled", "C3"),
        ("latch, step.apply: queue += (who,) -> queue += ()", "fuzzed", "C3"),
        (
            "latch, step.apply: if rule.caller in ('returns', 'returns an index', 'raises') -> if rule.caller in "
            "('returns an index', 'raises')",
            "proved",
            "C11",
        ),
    ],
)
def test_a_mutant_breaks_a_claim_by_a_kind_of_evidence(mutant: str, kind: str, claims: str) -> None:
    one = judged((kind,), mutant)
    assert set(one.broken[kind]) - {""} == set(claims.split())  # "" is what keeps the proofs honest
    assert one.status == "killed"
    assert one.witness


@pytest.mark.parametrize(
    "mutant",
    [
        "latch.wait: if count > 0 -> if count != 0",
        "latch.L7: the queue stays -> released",
        "barrier.B1: the queue stays -> released",
        "barrier.withdraw: return parked - 1, broken, B4 -> return parked - 1, False, B4",
        "barrier.create: return (parties,), (0, False), B0v -> return (0,), (0, False), B0v",
    ],
)
def test_what_is_the_original_in_other_words_is_proved_to_be(mutant: str) -> None:
    one = judged(("explored", "called"), mutant)
    assert (one.status, one.differs, one.witness) == ("equivalent", (), "")


def test_a_branch_of_a_policy_is_judged_under_that_policy() -> None:
    one = judged(("explored",), "latch.set_count: return 0, 0, L5r -> return 0, 0, L5k")
    assert "latchproof" not in one.differs
    assert {"keeps", "aiologic"} == set(one.differs)
    assert one.broken["explored"] == {"C2", "C11", "C12"}


@pytest.mark.parametrize(
    ("mutant", "changed"),
    [
        ("latch.set_count: if n < 0 -> if n <= 0", ("set_count", "create")),
        ("latch.L6: the caller returns -> raises", ("set_count", "create")),
        ("latch.L9: the queue stays -> released", ("withdraw",)),
        ("barrier.wait: if broken -> if True", ("wait",)),
        ("barrier: a shared break flag", ()),
    ],
)
def test_which_operations_are_changed(mutant: str, changed: tuple[str, ...]) -> None:
    one = one_mutant(mutant)
    assert changed_operations(MACHINES[one.machine.name], one.machine) == changed


def test_a_difference_far_from_zero_is_found() -> None:
    def count_down(count: int, parked: int, exception_if_zero: bool = False, policy: Any = None) -> Any:
        if count == 70:
            return 7, parked, LATCH.rules[0]
        return LATCH.operations[1].function(count, parked, exception_if_zero, policy)

    operations = tuple(
        type(one)(one.name, count_down if one.name == "count_down" else one.function, one.parameters)
        for one in LATCH.operations
    )
    mutant = with_parts(LATCH, operations=operations)
    assert "count = 70" in difference(LATCH, mutant, ["count_down"], LATCH.policies[0])
    assert difference(LATCH, LATCH, ["count_down", "set_count", "create"], LATCH.policies[0]) == ""


def test_what_no_claim_sees_survives_and_fails_the_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were it not claimed that an over-count is warned of, that it is not would be no fault to anyone."""
    less = with_parts(LATCH, step_properties=tuple(p for p in LATCH.step_properties if p.name != "warnings are exact"))
    monkeypatch.setitem(MACHINES, "latch", less)
    matrix = matrix_of(("proved", "explored", "called"), only="latch.L3: it warns")
    assert [one.status for one in matrix.results] == ["survives"]
    assert matrix.exit_code == 1
    assert "no claim sees latch.L3: it warns: True -> False: count_down: " in printed(matrix)


def test_a_vacuous_claim_fails_the_gate(quick: Matrix) -> None:
    without = [replace(one, broken={k: v - {"C8"} for k, v in one.broken.items()}) for one in quick.results]
    matrix = Matrix(quick.kinds, quick.bounds, results=[one for one in without if one.claims], seconds=quick.seconds)
    assert matrix.vacuous == ["C8"]
    assert matrix.exit_code == 1
    assert "C8 is vacuous: no mutant breaks it" in printed(matrix)


def test_a_judge_that_condemns_the_original_fails_the_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    never = Property("never", (CLAIMS[3],), lambda step: False)
    monkeypatch.setitem(MACHINES, "latch", with_parts(LATCH, step_properties=(never,)))
    matrix = matrix_of(("called",), only="latch.L4t")
    assert matrix.of_original == {"C4"}
    assert matrix.exit_code == 1
    assert "the original breaks C4" in printed(matrix)


def test_a_gate_that_judged_nothing_fails() -> None:
    assert matrix_of(("called",), only="no such mutant").exit_code == 1


def test_what_the_solver_cannot_tell_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    def cannot(*_: object) -> str:
        raise UndecidableError("it is too hard")

    monkeypatch.setattr(evaluate, "difference", cannot)
    matrix = matrix_of(("called",), only="latch.wait: if count > 0 -> if count != 0")
    assert [one.status for one in matrix.results] == ["undecided"]
    assert matrix.exit_code == 3
    assert "it is too hard" in printed(matrix)


def test_what_raises_where_the_original_makes_a_step_breaks_down() -> None:
    one = judged(("proved", "explored"), "latch, step.caller_ending: return rule.errors[0] -> return rule.errors[1]")
    assert (one.status, one.breaks_down) == ("breaks down", "L3x, 0 parked: IndexError: tuple index out of range")
    assert one.broken == {"proved": frozenset(), "explored": frozenset()}


def test_an_outcome_that_the_prover_does_not_understand_is_none_of_its_proofs() -> None:
    mixed = "barrier, step.endings: if rule.order == 'reversed' -> if True"
    assert judged(("proved",), mixed).broken == {"proved": frozenset({""})}
    (cpython,) = (one for one in BARRIER.policies if one.name == "cpython")
    with pytest.raises(TypeError, match="some are given their index, and some are given any"):
        list(prove(BARRIER, (cpython,), parts=("identities",), apply=one_mutant(mixed).apply or apply))


def _too_hard(_: object) -> object:
    raise TypeError("too hard")


def test_a_prover_that_does_not_understand_the_original_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def cannot(*_: object, **__: object) -> Iterator[object]:
        yield from map(_too_hard, [None])

    monkeypatch.setattr(checks, "prove", cannot)
    with pytest.raises(TypeError, match="too hard"):
        matrix_of(("proved",), only="latch.wait: if count > 0 -> if count > 1")


def test_what_cannot_be_judged_is_said() -> None:
    matrix = matrix_of(("called",), only="barrier: a")
    assert {one.id for one in matrix.not_tried} == {
        "barrier: a chain of wake-ups", "barrier: a shared break flag",
        "barrier: a live index", "barrier: a withdrawn task continues", "barrier: another error",
        "barrier: a spurious wake-up", "barrier: a failure unasked", "barrier: a refusal that is swallowed",
    }  # fmt: skip
    said = "8 mutants cannot be judged by these kinds of evidence, which see no faults in: apply, tasks"
    assert said in printed(matrix)


@pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
def test_the_specification_as_a_class_conforms_under_every_policy(machine: Machine) -> None:
    for policy in machine.policies:
        target = adapt(reference_class(machine, policy), kind=machine.name)
        verdict = check(target, policy=policy.name, strict=True, programs=programs_within(target, calls=3))
        assert verdict.status == "conforms"
        assert not target.absent


def test_the_specification_as_a_class_refuses_what_the_specification_refuses() -> None:
    with pytest.raises(ValueError, match="not 0"):
        reference_class(BARRIER, BARRIER.policies[0])(0)

    async def too_many() -> None:
        latch: Any = reference_class(LATCH, next(one for one in LATCH.policies if one.name == "aiologic"))(0)
        await latch.count_down()

    with pytest.raises(RuntimeError):
        asyncio.run(too_many())


def test_a_task_that_an_outcome_parks_again_stays_parked() -> None:
    trapped = one_mutant("latch: a gate that closes again")

    async def run() -> int:
        latch: Any = reference_class(LATCH, LATCH.policies[0], trapped.task_fault)(1)
        waiting = asyncio.create_task(latch.wait())
        await asyncio.sleep(0)
        await latch.count_down()
        await latch.set_count(1)
        for _ in range(5):
            await asyncio.sleep(0)
        blocked = not waiting.done()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        return blocked

    assert asyncio.run(run())
    assert trapped.task_fault is not as_specified


def printed(matrix: Matrix, **options: bool) -> str:
    console = Console(width=200, force_terminal=False)
    with console.capture() as captured:
        print_matrix(console, matrix, **options)
    return captured.get()


def test_the_matrix_is_printed(quick: Matrix) -> None:
    text = printed(quick, verbose=True)
    assert text.splitlines()[0].split() == ["claim", *quick.kinds]
    for claim in CLAIMS:
        counts = [str(quick.killed(claim.id, kind)) for kind in quick.kinds]
        assert [claim.id, *counts] in [line.split() for line in text.splitlines()]
    assert all(one.mutant.id in text for one in quick.results)
    assert f"of the generated ones one in {SAMPLE}" in text


@pytest.mark.parametrize(
    ("quick", "fault", "where"),
    [(True, "no fault under our own policy\n", "our own policy"), (False, "no fault\n", "every policy")],
)
def test_what_is_no_fault_is_so_under_the_policies_that_were_judged(quick: bool, fault: str, where: str) -> None:
    """No other than our own is, if it is to be quick: there that one is a fault."""
    about = (
        "latch.set_count: return 0, 0, L5r -> return 0, 0, L4t"
        if quick
        else "latch.wait: if count > 0 -> if count != 0"
    )
    text = printed(matrix_of(["explored"], quick=quick, only=about), verbose=True)
    assert f"of 1 mutant of the specification 0 break a claim, 1 are proved to be {fault}" in text
    assert f"    under {where}: proved to do the same\n" in text


def test_it_is_said_which_claims_no_mutant_breaks(quick: Matrix) -> None:
    lines = printed(quick).splitlines()
    assert "by what is proved, every claim is broken by some mutant" in lines
    idle = " ".join(claim.id for claim in CLAIMS if not quick.killed(claim.id, "called"))
    assert f"by what is called, no mutant breaks {idle}" in lines


def test_the_matrix_as_plain_data(quick: Matrix) -> None:
    data = json.loads(json.dumps(quick.to_json()))
    assert data["killed"]["C8"] == {
        "proved": 1,
        "explored": 1,
        "called": 0,
        "scheduled": quick.killed("C8", "scheduled"),
        "fuzzed": 1,
    }
    assert len(data["mutants"]) == len(quick.results) == sum(data["statuses"].values())
    assert data["exit_code"] == 0


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    def those(code: int) -> None:
        monkeypatch.setattr(Matrix, "exit_code", code)

    return those


@pytest.mark.parametrize(
    ("code", "words", "options"),
    [
        (0, "every mutant breaks a claim or is no fault, and every claim is broken by some mutant", []),
        (1, "the gate fails", ["--workers", "1"]),  # another process would make all mutants again
        (3, "undecided", ["--workers", "1"]),
    ],
)
def test_the_command_exits_as_the_gate_says(
    code: int,
    words: str,
    options: list[str],
    few: Callable[[int], None],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Any,
) -> None:
    few(code)
    file = tmp_path / "matrix.json"
    assert main(["mutants", "--kinds", "called", "--only", "latch.L4t", "--json", str(file), *options]) == code
    assert words in capsys.readouterr().out
    assert json.loads(file.read_text())["kinds"] == ["called"]


def test_a_kind_that_there_is_not_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mutants", "--kinds", "guessed"]) == 2
    assert "guessed: not a kind of evidence; there are proved, explored" in capsys.readouterr().err
