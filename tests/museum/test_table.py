"""The table of exhibits is valid, and the page shows what is in it."""

from __future__ import annotations

import json
import shlex

import pytest

from latchproof.check.loops.flowno_tasks import OWN_FAULTS
from latchproof.show.html.report import museum
from latchproof_spec.findings import FINDINGS
from latchproof_spec.machines import CLAIMS, MACHINES
from latchproof_spec.models import SHIPPED
from tests.museum.environments import ROOT
from tests.museum.exhibits import ADAPTERS, MODELS, Subject, clearances, exhibits
from tests.museum.findings import FILE
from tests.museum.page import PAGE

SUBJECTS: list[Subject] = [*exhibits(), *clearances()]


def test_there_is_something_to_see() -> None:
    assert exhibits()
    assert clearances()


def test_no_two_have_one_name() -> None:
    assert len({subject.id for subject in SUBJECTS}) == len(SUBJECTS)


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda one: one.id)
def test_what_it_names_exists(subject: Subject) -> None:
    if subject.judged_by_rules:
        assert subject.policy in {policy.name for policy in MACHINES[subject.kind].policies}
    elif not subject.model:
        assert subject.kind in SHIPPED
    for file in (subject.target.rpartition(":")[0], subject.model.rpartition(":")[0]):
        assert not file.endswith(".py") or (ROOT / file).is_file()


@pytest.mark.parametrize("exhibit", exhibits(), ids=lambda one: one.id)
def test_the_page_shows_it(exhibit: Subject) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert f'<a id="{exhibit.id}"></a>' in page
    assert exhibit.note.strip() in page
    assert f"latchproof {shlex.join(exhibit.arguments)}" in page


def test_the_report_shows_all_that_rules_judge_and_judges_them_so_today() -> None:
    found = json.loads(FILE.read_text(encoding="utf-8"))
    by_rules = [exhibit for exhibit in exhibits() if exhibit.judged_by_rules]
    assert list(found) == [exhibit.id for exhibit in by_rules], "stale: run make museum"
    for exhibit, shown in zip(by_rules, museum(), strict=True):
        due = (exhibit.target, exhibit.host, exhibit.policy, exhibit.claim, exhibit.argument, exhibit.strict)
        assert tuple(shown[name] for name in ("target", "host", "policy", "claim", "argument", "strict")) == due
        assert shown["agrees"], exhibit.id
        assert shown["exhibit"] == exhibit.title
        assert exhibit.is_of_the_standard_library or shown["release"] == f"{exhibit.package} {exhibit.version}"


def test_a_claim_that_is_expected_is_one() -> None:
    known = {claim.id for claim in (*CLAIMS, *FINDINGS)}
    assert {exhibit.claim for exhibit in exhibits() if not exhibit.of_the_host} <= known
    assert {claim for exhibit in exhibits() for claim in exhibit.also} <= known


def test_a_fault_of_a_host_that_is_expected_is_one() -> None:
    of_hosts = {exhibit.claim for exhibit in exhibits() if exhibit.of_the_host}
    assert of_hosts
    assert of_hosts <= {fault.name for fault in OWN_FAULTS}


def test_every_adapter_is_used() -> None:
    used = {subject.target.rpartition(":")[0] for subject in SUBJECTS}
    assert {f"{ADAPTERS}/{path.name}" for path in (ROOT / ADAPTERS).glob("*.py")} <= used


def test_every_model_is_used() -> None:
    used = {subject.model.rpartition(":")[0] for subject in SUBJECTS}
    assert {f"{MODELS}/{path.name}" for path in (ROOT / MODELS).glob("*.py")} <= used
