"""The Coq files: what is rendered of the specification, what is refused, and which sentence each statement has."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from latchproof.cli.main import main
from latchproof.export import coq
from latchproof.export.coq_comparison import compared, comparisons
from latchproof.export.coq_theorems import GENERAL, claims_file, statements
from latchproof.export.coq_types import NotRenderedError
from latchproof_spec.machine import Machine
from latchproof_spec.machines import MACHINES

ROOT = Path(__file__).resolve().parents[2]
PROOFS = ROOT / "proofs" / "coq"
EVERY = pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)


def changed(module: str, old: str, new: str) -> Callable[[str], str]:
    """Return the text of each module, that of one with a change."""

    def source(name: str) -> str:
        text = coq.installed(name)
        if name.removeprefix("latchproof_spec.") != module:
            return text
        assert text.count(old) >= 1, old
        return text.replace(old, new, 1)

    return source


@EVERY
def test_the_command_writes_the_committed_file(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    for form, name in (("coq", machine.name.capitalize()), ("coq-step", "Step")):
        assert main(["export", machine.name, "--format", form]) == 0
        committed = (ROOT / "spec" / "exports" / f"{name}.v").read_text(encoding="utf-8")
        assert committed == capsys.readouterr().out, f"spec/exports/{name}.v is stale: run `make spec`"


@EVERY
def test_every_rule_policy_operation_and_observation_is_rendered(machine: Machine) -> None:
    text = coq.machine(machine.name)
    words = " ".join(text.split())
    for rule in machine.rules:
        assert f'Definition {rule.id} : Rule := Make_Rule "{rule.id}" "{rule.operation}" ' in words
    assert f"Definition RULES : list Rule := [{'; '.join(rule.id for rule in machine.rules)}]." in words
    assert [f'"{policy.name}"' in text for policy in machine.policies] == [True] * len(machine.policies)
    for operation in machine.every_operation:
        assert text.count(f"\nDefinition {operation.function.__name__} (") == 1
    assert re.findall(r"\nDefinition reads_(\w+) ", text) == list(machine.observations)
    assert f"withdraws_fresh := {str(machine.withdraws_early).lower()};" in text


@pytest.mark.parametrize(
    ("module", "old", "new", "rendered"),
    [
        ("step", 'queue == "stays":\n        return ()', 'queue != "stays":\n        return ()', "if negb (Queue_beq"),
        ("step", "queue[place + 1 :]", "queue[place:]", " ++ (py_from place queue)"),
        ("latch.rules", "if count > 1:", "if count >= 1:", "if 1 <=? count"),
        ("latch.rules", "parked - 1, L9", "parked, L9", "then (count, parked, L9)"),
        ("latch.policies", '"keeps", "raises"', '"keeps", "ignored"', "set_count_in_use_keeps over_counting_ignored"),
        ("barrier.machine", 'rule.caller != "leaves"', 'rule.caller == "leaves"', "&& (Caller_beq (Rule_caller rule)"),
        ("barrier.machine", "broken: parked", "broken: parties", "reads_n_waiting"),
        ("machine", "call.parked or call.released", "call.parked", "parked broken call_is_parked call_is_parked "),
    ],
)
def test_a_change_of_the_text_is_rendered(module: str, old: str, new: str, rendered: str) -> None:
    source = changed(module, old, new)
    texts = coq.files(source)
    assert texts != coq.files()
    assert any(rendered in text for text in texts.values())


@pytest.mark.parametrize(
    ("module", "old", "new", "said"),
    [
        ("latch.rules", "count - 1, parked, L1", "count // 1, parked, L1", "`count // 1`: an operator"),
        (
            "latch.rules",
            "count - 1, parked, L1",
            "abs(count), parked, L1",
            "`abs(count)`: a call that has no rendering",
        ),
        ("latch.rules", "return count, parked, L7", "return count, L7", "`(count, L7)`: a tuple of a type"),
        ("latch.rules", "if count > 1:", "while count > 1:", "`while count > 1:`: a statement"),
        ("latch.rules", "return count, parked, L7", "pass", "`pass`: a statement that has no rendering"),
        ("latch.rules", "return count, parked, L7", "count = 1", "returns nothing"),
        ("latch.rules", "if n == 0:", "if n is 0:", "`n is 0`: a comparison that has no rendering"),
        ("latch.rules", "def wait(count: int, parked", "def wait(count: int, fun", "`fun`: the name means something"),
        ("latch.rules", "parked == 0:", "policy == 0:", "values of type LatchPolicy are not compared"),
        ("latch.rules", "set_count(0, 0, count)", "set_count(0, 0)", "`set_count(0, 0)`: set_count is not given n"),
        ("latch.rules", "\n\ndef wait", "\n\nprint()\n\ndef wait", "`print()`: a statement of a module"),
        (
            "latch.policies",
            "    def __repr__",
            "    other = 1\n\n    def __repr__",
            "a record has fields and nothing else",
        ),
        ("latch.machine", "rules.count_down,", "rules.create,", "the arguments of create are not those of the table"),
        ("step", "return (rule.errors[0],) * parked", "return (rule.errors[1],) * parked", "`rule.errors[1]`: a part"),
        ("step", "T = TypeVar", "U = TypeVar", "a statement for type checkers"),
    ],
)
def test_what_is_outside_the_subset_is_refused(module: str, old: str, new: str, said: str) -> None:
    with pytest.raises(NotRenderedError) as raised:
        coq.files(changed(module, old, new))
    assert said in str(raised.value)


@EVERY
def test_each_function_is_compared_with_what_python_computes(machine: Machine) -> None:
    name = machine.name.capitalize()
    text = comparisons()[f"{name}Comparison"]
    functions = ("rules", "apply", "create", "invariant", "reaches", *(one.name for one in machine.every_operation))
    readings = [f"{kind}_{one}" for one in machine.observations for kind in ("reads", "counts_released_in")]
    assert set(re.findall(rf"^Example {name}_(\w+)_computes", text, re.MULTILINE)) == {*functions, *readings}
    assert compared(text) > 1500


def test_a_comparison_has_what_python_computes() -> None:
    text = comparisons()["LatchComparison"]
    terms, results = (
        re.findall(rf"^  {part}$", text, re.MULTILINE) for part in (r"\(\*=\*\) (.*?);?", r"([^\s].*?);?")
    )
    results = [one for one in results if not one.startswith("(*=*)")]
    of = dict(zip(terms, results, strict=True))
    assert of["Latch.wait (2) (1) (nth 0 Latch.POLICIES Latch.LATCHPROOF)"] == "((2), (2), Latch.L8)"
    assert of["apply Latch.L2 [(10); (11)] 99"] == "([], [(10, Ends_plainly); (11, Ends_plainly); (99, Ends_plainly)])"
    assert of["Latch.create {| is_whole_number := false; number := (1) |}"] == "(tt, ((0), (0)), Latch.L4t)"


def test_a_compiled_model_has_no_rendering(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "--model", "semaphore", "--format", "coq"]) == 2
    assert "has no coq form" in capsys.readouterr().err


@EVERY
def test_each_claim_is_stated_under_its_sentence_and_in_nothing_but_a_definition(machine: Machine) -> None:
    text = (PROOFS / f"{claims_file(machine)}.v").read_text(encoding="utf-8")
    stated = statements(text)
    assert list(stated) == [claim.id for claim in machine.claims]
    for claim in machine.claims:
        assert stated[claim.id].sentence == claim.sentence
        assert f"{machine.name.capitalize()}.machine" in stated[claim.id].text
    without_comments = re.sub(r"\(\*.*?\*\)", "", text, flags=re.DOTALL)
    requires, _, rest = without_comments.partition("Local Open Scope Z_scope.")
    assert re.fullmatch(r"\s*(From \w+ Require( Import)? [\w ]+\.\n)+Import ListNotations\.\n", requires)
    assert re.fullmatch(r"(\s*Definition C\d+ : Prop :=((?!\.\s).)*\.)+\s*", rest, re.DOTALL)
    assert rest.count("Definition") == len(machine.claims)


@EVERY
def test_the_gate_asks_coq_for_the_theorem_of_each_statement(machine: Machine) -> None:
    text = (PROOFS / f"{machine.name.capitalize()}Theorems.v").read_text(encoding="utf-8")
    assert re.findall(r"^Theorem c(\d+) : C\1\.$", text, re.MULTILINE) == [str(one.number) for one in machine.claims]


def test_the_gate_asks_coq_for_each_theorem_about_every_machine() -> None:
    stated = re.findall(
        r"^Definition (\w+) : Prop :=", (PROOFS / "SystemClaims.v").read_text(encoding="utf-8"), re.MULTILINE
    )
    proved = re.findall(
        r"^Theorem (\w+) : (\w+)\.$", (PROOFS / "SystemTheorems.v").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert list(GENERAL) == stated
    assert {claim: theorem for theorem, claim in proved} == GENERAL


def test_no_proof_is_left_open_or_assumed() -> None:
    for path in PROOFS.glob("*.v"):
        assert not re.search(
            r"\b(Admitted|admit|Axiom|Axioms|Parameter|Parameters|Conjecture)\b", path.read_text(encoding="utf-8")
        ), path
