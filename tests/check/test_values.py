"""What the values that wait() returns tell, and what is judged of them."""

from __future__ import annotations

import asyncio
import dataclasses
import enum
from collections.abc import Iterator
from typing import Any

import pytest

from latchproof import testing
from latchproof.check.history import End
from latchproof.check.trace import from_json
from latchproof.check.values import INDICES, Values, told_lead, values_of
from latchproof.check.verdict import Verdict
from latchproof.cli.main import main
from latchproof.show.html.annotated import annotate


class Filling:
    """A correct barrier, which withdraws what is cancelled; what wait() returns is said by others."""

    def __init__(self, parties: int) -> None:
        self._parties = parties
        self._waiting: list[asyncio.Future[None]] = []

    def value(self, place: int, parties: int) -> Any:
        return None

    async def wait(self) -> Any:
        self._waiting = [future for future in self._waiting if not future.done()]
        if len(self._waiting) + 1 == self._parties:
            waiting, self._waiting = self._waiting, []
            for place, future in enumerate(waiting):
                future.set_result(self.value(place, self._parties))
            return self.value(self._parties - 1, self._parties)
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        return await future


class LastLeads(Filling):
    def value(self, place: int, parties: int) -> Any:
        return place + 1 == parties


class HadToWait(Filling):
    def value(self, place: int, parties: int) -> Any:
        return place + 1 < parties


class Passed(Filling):
    def value(self, place: int, parties: int) -> Any:
        return True


class Named(Filling):
    def value(self, place: int, parties: int) -> Any:
        return f"generation of {parties}"


class WokenTrue(Filling):
    """The last to arrive returns nothing, all others what waiting for an event returns."""

    def value(self, place: int, parties: int) -> Any:
        return True if place + 1 < parties else None


class Result:
    def __init__(self, leads: bool) -> None:
        self._leads = leads

    def is_leader(self) -> bool:
        return self._leads


class PropertyResult(Result):
    @property
    def is_leader(self) -> bool:  # type: ignore[override]
        return self._leads


@dataclasses.dataclass
class PlainResult:
    leader: bool


class ResultOfLast(Filling):
    result: Any = Result

    def value(self, place: int, parties: int) -> Any:
        return self.result(place + 1 == parties)


class PropertyOfLast(ResultOfLast):
    result = PropertyResult


class PlainOfLast(ResultOfLast):
    result = PlainResult


class EveryResultLeads(ResultOfLast):
    def value(self, place: int, parties: int) -> Any:
        return self.result(True)


class TwoLead(Filling):
    """All but the first lead, so with three parties two do."""

    def value(self, place: int, parties: int) -> Any:
        return place > 0 or parties == 1


class TwoResultsLead(ResultOfLast):
    def value(self, place: int, parties: int) -> Any:
        return self.result(place > 0 or parties == 1)


class NoneLeadsOfThree(Filling):
    def value(self, place: int, parties: int) -> Any:
        return place + 1 == parties < 3


class FirstLeads(Filling):
    """The first to arrive leads, also if it leaves again: then no call of the generation does."""

    async def wait(self) -> Any:
        leads = not self._waiting
        await super().wait()
        return leads


class TrueForOne(Filling):
    """Returns indices, but True in place of 1."""

    def value(self, place: int, parties: int) -> Any:
        return True if place == 1 else place


class Position(enum.IntEnum):
    FIRST, SECOND, THIRD = range(3)


class Index(int):
    def __repr__(self) -> str:
        return f"Index({int(self)})"


class PositionIndex(Filling):
    """Returns indices that are members of an enumeration, and reads the number of waiters as an int of its own."""

    def value(self, place: int, parties: int) -> Any:
        return Position(place)

    @property
    def n_waiting(self) -> Any:
        return Index(sum(not future.done() for future in self._waiting))


class PositionOfLast(PositionIndex):
    """All calls of a generation get the same index."""

    def value(self, place: int, parties: int) -> Any:
        return Position(parties - 1)


class BrokenIsZero(Filling):
    broken = 0

    def value(self, place: int, parties: int) -> Any:
        return place


def verdict_on(factory: Any, **options: Any) -> Verdict:
    return testing.check(factory, kind="barrier", calls=options.pop("calls", 3), **options)


def note_of(verdict: Verdict) -> str:
    return next((note for note in verdict.notes if "indices" in note), "")


BOOLS = "wait() returns bools: they are not judged as indices"
UNCHECKED = ", and who leads is not checked"
ONE = "; exactly one call of each generation has to "


@pytest.mark.parametrize(
    ("factory", "note"),
    [
        (Filling, ""),
        (LastLeads, f"{BOOLS}{ONE}return True"),
        (HadToWait, f"{BOOLS}{ONE}return False"),
        (Passed, f"{BOOLS}{UNCHECKED}"),
        (Named, f"wait() returns str objects: they are not judged as indices{UNCHECKED}"),
        (WokenTrue, f"wait() returns None and bools: they are not judged as indices{UNCHECKED}"),
        (ResultOfLast, f"wait() returns Result objects: they are not judged as indices{ONE}lead"),
        (PropertyOfLast, f"wait() returns PropertyResult objects: they are not judged as indices{ONE}lead"),
        (PlainOfLast, f"wait() returns PlainResult objects: they are not judged as indices{ONE}lead"),
        (EveryResultLeads, f"wait() returns Result objects: they are not judged as indices{UNCHECKED}"),
    ],
)
def test_what_is_not_an_index_is_not_judged_as_one(factory: Any, note: str) -> None:
    verdict = verdict_on(factory)
    assert (verdict.status, verdict.reported.failures) == ("conforms", {})
    assert verdict.satisfied == ("latchproof", "cpython", "lenient")
    assert note_of(verdict) == note
    assert ("C5" in verdict.reported.exercised) == (ONE in note)


@pytest.mark.parametrize(
    ("factory", "argument", "allowed"),
    [
        (TwoLead, 3, "not to lead: another call of its generation leads"),
        (TwoResultsLead, 3, "not to lead: another call of its generation leads"),
        (NoneLeadsOfThree, 3, "to lead: no other call of its generation does"),
        (FirstLeads, 2, "to lead: no other call of its generation does"),
        (TrueForOne, 2, "to return one of 0..1 that its generation has not given yet"),
    ],
)
def test_exactly_one_call_of_a_generation_leads(factory: Any, argument: int, allowed: str) -> None:
    verdict = verdict_on(factory, policy="lenient")
    assert list(verdict.reported.failures) == ["C5"]
    (trace,) = verdict.traces
    assert (trace.argument, trace.allowed) == (argument, (allowed,))
    assert annotate(trace)["agrees"]
    assert from_json(trace.to_json()) == trace


def test_an_int_of_any_class_is_an_index_and_a_number() -> None:
    verdict = verdict_on(PositionIndex)
    assert (verdict.status, note_of(verdict)) == ("conforms", "")
    assert {"C5", "C16"} <= set(verdict.reported.exercised)
    (trace,) = verdict_on(PositionOfLast).traces
    assert (trace.claim, trace.seen) == ("C5", "wait() returned 1")


def test_a_value_of_another_type_is_shown_with_its_type() -> None:
    seen = {trace.claim: trace.seen for trace in verdict_on(BrokenIsZero, policy="latchproof").traces}
    assert seen == {"C16": "broken is 0, of type int and not bool"}
    (trace,) = verdict_on(TrueForOne, policy="latchproof").traces
    assert trace.seen == "wait() returned True, of type bool and not int"


@pytest.mark.parametrize(
    ("factory", "broken"),
    [(LastLeads, []), (ResultOfLast, []), (Passed, ["C5"]), (EveryResultLeads, ["C5"]), (Named, ["C5"]), (Filling, [])],
)
def test_the_policy_leader_demands_that_one_leads(factory: Any, broken: list[str]) -> None:
    assert list(verdict_on(factory, policy="leader").reported.failures) == broken


def test_an_index_does_not_tell_who_leads() -> None:
    """So that policy is judged only if it is named."""
    assert list(testing.check("latchproof:Barrier", policy="leader", calls=2).reported.failures) == ["C5"]
    assert "leader" not in {one.policy for one in testing.check("latchproof:Barrier", calls=2).policies}


def test_an_object_that_leads_is_shown_as_that() -> None:
    (trace,) = verdict_on(TwoResultsLead, policy="lenient").traces
    assert trace.seen == "wait() returned <tests.check.test_values.Result object at 0x...>, which leads"
    ends = [event for event in trace.events if event["kind"] == "end"]
    assert sorted(event["leads"] for event in ends) == [False, True, True]


def test_a_trace_of_before_compares_what_was_returned() -> None:
    (trace,) = testing.check(TrueForOne, kind="barrier", policy="lenient", calls=2).traces
    data = trace.to_json()
    del data["compared"]
    assert from_json(data).compared == "indices"
    for event in data["events"]:
        if "value" in event:
            event["value"] = None
    assert from_json(data).compared == "no value"


@pytest.mark.parametrize("factory", ["Passed", "WokenTrue", "Filling", "ResultOfLast"])
def test_a_replay_judges_the_values_as_the_check_does(factory: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "2:w.w..", f"tests.check.test_values:{factory}", "--kind", "barrier"]) == 0
    assert "the specification allows this run" in capsys.readouterr().out


def test_workers_tell_what_the_values_are() -> None:
    verdict = testing.check("tests.check.test_values:LastLeads", kind="barrier", calls=2, workers=1)
    assert (verdict.status, note_of(verdict)) == ("conforms", f"{BOOLS}{ONE}return True")


class Odd:
    def is_leader(self) -> bool:
        raise SystemExit

    @property
    def leader(self) -> bool:
        return True


class Late:
    async def is_leader(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("value", "leads"),
    [
        (True, True), (False, False), (1, None), ("", None), (None, None), (object(), None), (Result(True), True),
        (PropertyResult(False), False), (PlainResult(True), True), (Odd(), True), (Late(), None),
        (dataclasses.make_dataclass("Index", ["leader"])(1), None),
    ],
)  # fmt: skip
def test_which_values_tell_that_a_call_leads(value: object, leads: bool | None) -> None:
    assert told_lead(value) is leads


def ends(*values: object) -> list[End]:
    return [End(call, "returned", value, leads=told_lead(value)) for call, value in enumerate(values)]


def every_case() -> Iterator[tuple[list[list[End]], Values]]:
    yield [], INDICES
    yield [ends(0), ends(0, 1)], INDICES
    yield [ends(None), ends(1, None)], INDICES
    yield [ends(None), ends(None, None)], Values("no value")
    yield [ends(True), ends(True, True)], Values("nothing", "bools")
    yield [ends(True), ends(False, True)], Values("True leads", "bools")
    yield [ends(False), ends(False, True)], Values("False leads", "bools")
    yield [ends(False), ends(False, False), ends(True, True, False)], Values("True leads", "bools")
    yield [ends("a"), ends(None, "a")], Values("nothing", "None and str objects")
    yield [ends(2.0)], Values("nothing", "float objects")


@pytest.mark.parametrize(("generations", "values"), list(every_case()))
def test_what_values_are_is_told_by_whole_generations(generations: list[list[End]], values: Values) -> None:
    assert values_of(generations) == values
