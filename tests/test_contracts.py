"""The gate of the contracts: it passes on this tree, and it fails on everything that CrossHair lets pass in silence."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from latchproof import contracts
from latchproof.contracts import (
    Contracts,
    ContractsNotRunError,
    Expected,
    Output,
    check_contracts,
    compare_output,
    read_conditions,
    read_manifest,
)
from latchproof_spec.barrier.policies import POLICIES as BARRIER_POLICIES
from latchproof_spec.latch.policies import POLICIES as LATCH_POLICIES
from latchproof_spec.machine import Machine
from latchproof_spec.machines import CLAIMS, MACHINES

ROOT = Path(__file__).resolve().parents[1]
GOOD = '''
def double(x: int) -> int:
    """Twice x.

    post: __return__ == x + x
    post: __return__ % 2 == 0
    """
    return 2 * x
'''
MANIFEST = '[contracts.confirmed."proofs/driver.py"]\ndouble = { conditions = 2, claims = ["C1"] }\n'


@pytest.fixture(scope="module")
def outcome() -> Contracts:
    return check_contracts(ROOT)


def tree(root: Path, driver: str = GOOD, manifest: str = MANIFEST) -> Path:
    """A checkout with one driver."""
    (root / "proofs").mkdir()
    (root / "proofs" / "driver.py").write_text(driver, encoding="utf-8")
    (root / "proofs" / "manifest.toml").write_text(manifest, encoding="utf-8")
    return root


def test_everything_is_as_the_manifest_has_it(outcome: Contracts) -> None:
    assert outcome.failures == ()
    assert outcome.ok
    assert {condition.status for condition in outcome.conditions} == {"confirmed", "refuted"}


def test_the_contracts_speak_about_every_claim(outcome: Contracts) -> None:
    assert [claim.id for claim in CLAIMS if not outcome.of_claim(claim.id)] == []
    assert {claim for condition in outcome.conditions for claim in condition.claims} == {one.id for one in CLAIMS}


def test_the_canaries_name_every_policy(outcome: Contracts) -> None:
    for function, policies in (("latch_policy", LATCH_POLICIES), ("barrier_policy", BARRIER_POLICIES)):
        refuted = {c.message for c in outcome.conditions if c.function == function and c.status == "refuted"}
        tried = {re.findall(r"returns '(\w+)'", message)[0] for message in refuted}
        assert tried == {policy.name for policy in policies}


@pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
def test_what_a_contract_presupposes_the_others_promise(machine: Machine) -> None:
    """So it need not be checked again at each call, which the plugin has CrossHair leave out."""
    source = (ROOT / "spec" / machine.source).read_text(encoding="utf-8")
    assert source.count(" pre: ") == source.count(" pre: invariant(") > 0
    promised = {function for function, _, text in read_conditions(source) if text.startswith("invariant(")}
    exact = {function for function, _, text in read_conditions(source) if "__return__[:2] == (" in text}
    assert {function for function, _, _ in read_conditions(source)} == promised | exact


def test_a_good_tree_passes(tmp_path: Path) -> None:
    outcome = check_contracts(tree(tmp_path))
    assert outcome.ok, outcome.failures
    assert [(c.function, c.line, c.text, c.claims) for c in outcome.conditions] == [
        ("double", 5, "__return__ == x + x", ("C1",)),
        ("double", 6, "__return__ % 2 == 0", ("C1",)),
    ]


@pytest.mark.parametrize(
    ("driver", "failure"),
    [
        (GOOD.replace("2 * x", "3 * x"), "driver.py:5: double: refuted, should be confirmed"),
        (GOOD.replace("def double", "async def double"), "driver.py:5: double: not checked"),
        (GOOD.replace("x: int", "x: 'Unknown'"), "driver.py:5: double: not checked"),
        (GOOD.replace("def double", "# crosshair: off\ndef double"), "not checked, should be confirmed"),
        (GOOD.replace("double", "twice"), "driver.py: double: 0 conditions confirmed, the manifest wants 2"),
        (GOOD.replace("double", "twice"), "twice: has a contract, but the manifest does not mention it"),
        (GOOD.replace("    post: __return__ % 2 == 0\n", ""), "double: 1 conditions confirmed, the manifest wants 2"),
        (GOOD.replace("post: __return__ %", "post: True\n    post: __return__ %"), "double: 3 conditions confirmed"),
        (GOOD.replace("post", "note"), "driver.py: double: 0 conditions confirmed, the manifest wants 2"),
        (GOOD.replace("% 2", "% two"), "driver.py:6: double: failed, should be confirmed"),
        (
            GOOD.replace("    post: __return__ ==", "    pre: x > x\n    post: __return__ =="),
            "driver.py:5: info: Unable to meet precondition.",
        ),
        ("import no_such_module\n" + GOOD, "driver.py: CrossHair exited with 2, not 0: "),
        ("", "driver.py: double: 0 conditions confirmed, the manifest wants 2"),
    ],
)
def test_a_bad_driver_fails(tmp_path: Path, driver: str, failure: str) -> None:
    outcome = check_contracts(tree(tmp_path, driver))
    assert not outcome.ok
    assert failure in "\n".join(outcome.failures)


def test_what_is_not_confirmed_fails(tmp_path: Path) -> None:
    """CrossHair exits with 0 on this."""
    endless = GOOD.replace("return 2 * x", "return sum(2 for _ in range(x)) if x > 0 else 2 * x")
    outcome = check_contracts(tree(tmp_path, endless), condition_timeout=0.5)
    assert not outcome.ok
    assert {condition.status for condition in outcome.conditions} == {"not confirmed"}
    assert not any("exited" in failure for failure in outcome.failures)


def test_a_false_contract_that_is_not_refuted_fails(tmp_path: Path) -> None:
    manifest = '[contracts.refuted."proofs/driver.py"]\ndouble = { conditions = 2 }\n'
    outcome = check_contracts(tree(tmp_path, GOOD.replace("% 2", "% two"), manifest))
    assert [condition.status for condition in outcome.conditions] == ["confirmed", "failed"]
    assert not outcome.ok


def test_files_and_manifest_must_match(tmp_path: Path) -> None:
    root = tree(tmp_path, manifest=MANIFEST.replace("driver", "gone"))
    assert not check_contracts(root).ok
    assert set(check_contracts(root).failures) == {
        "proofs/driver.py: has contracts, but the manifest does not name it",
        "proofs/gone.py: named in the manifest, but missing",
        "no condition was checked at all",
    }


def test_contracts_are_found_in_folders_below(tmp_path: Path) -> None:
    root = tree(tmp_path)
    for folder in ("proofs/below", "spec/latchproof_spec/lock"):
        (root / folder).mkdir(parents=True)
        (root / folder / "rules.py").write_text(GOOD, encoding="utf-8")
    assert list(contracts._unnamed_files(root, ["proofs/driver.py"])) == [
        "proofs/below/rules.py: has contracts, but the manifest does not name it",
        "spec/latchproof_spec/lock/rules.py: has contracts, but the manifest does not name it",
    ]


def test_an_empty_manifest_fails(tmp_path: Path) -> None:
    assert check_contracts(tree(tmp_path, "", "")).failures == ("no condition was checked at all",)


@pytest.mark.parametrize(
    "manifest",
    [
        MANIFEST.replace("confirmed", "believed"),
        MANIFEST.replace("2", "0"),
        MANIFEST.replace("conditions", "condition"),
        MANIFEST.replace('"C1"', ""),
        MANIFEST.replace("confirmed", "refuted"),
    ],
)
def test_a_manifest_that_says_anything_else_is_an_error(manifest: str) -> None:
    with pytest.raises(ValueError, match=r"manifest|claims"):
        read_manifest(manifest)


CONFIRMED = "proofs/driver.py:{}: info: Confirmed over all paths.\n"


@pytest.mark.parametrize(
    ("output", "failures"),
    [
        (Output(0, CONFIRMED.format(5) + CONFIRMED.format(6), ""), 0),
        (Output(0, CONFIRMED.format(5), ""), 2),
        (Output(0, CONFIRMED.format(5) + CONFIRMED.format(5), ""), 3),
        (Output(0, CONFIRMED.format(5) + CONFIRMED.format(6) + CONFIRMED.format(8), ""), 1),
        (Output(0, CONFIRMED.format(5) + CONFIRMED.format(6) + "proofs/driver.py:8: error: RuntimeError\n", ""), 1),
        (Output(0, CONFIRMED.format(5) + CONFIRMED.format(6) + "elsewhere.py:1: info: Confirmed.\n", ""), 1),
        (Output(0, CONFIRMED.format(5) + CONFIRMED.format(6) + "Segmentation fault\n", ""), 1),
        (Output(-11, CONFIRMED.format(5) + CONFIRMED.format(6), ""), 1),
        (Output(None, CONFIRMED.format(5) + CONFIRMED.format(6), "stopped"), 1),
        (Output(0, "", "WARNING: Targets found, but contain no checkable functions."), 3),
    ],
)
def test_every_condition_needs_its_own_line(tmp_path: Path, output: Output, failures: int) -> None:
    expected = [Expected("proofs/driver.py", "double", "confirmed", 2, ("C1",))]
    assert len(compare_output(tree(tmp_path), "proofs/driver.py", expected, output)[1]) == failures


def test_conditions_are_found_wherever_they_stand() -> None:
    source = """
class Box:
    def put(self, n: int) -> int:
        '''post: __return__ == n'''
        return n

async def later() -> None:
    \"\"\"Later.

      post[]: True
    \"\"\"
"""
    assert list(read_conditions(source)) == [("Box.put", 4, "__return__ == n"), ("later", 10, "True")]


def test_without_a_checkout_or_crosshair_nothing_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ContractsNotRunError, match="no proofs/manifest"):
        check_contracts(tmp_path)
    monkeypatch.setattr(contracts, "__file__", str(tmp_path / "a" / "b" / "c" / "contracts.py"))
    with pytest.raises(ContractsNotRunError, match="not a source checkout"):
        check_contracts()
    monkeypatch.setattr(contracts, "find_spec", lambda name: None)
    with pytest.raises(ContractsNotRunError, match="CrossHair is not installed"):
        check_contracts(ROOT)


@pytest.mark.parametrize(
    ("file", "old", "new", "claim"),
    [
        (
            "spec/latchproof_spec/latch/rules.py",
            "    if count > 1:\n",
            '    if policy.name == "aiologic" and count == 70:\n        return 0, parked, L1\n    if count > 1:\n',
            "C1",
        ),
        (
            "spec/latchproof_spec/barrier/rules.py",
            "    if broken:\n",
            "    if parties == 1000 and parked == 998:\n        return 0, broken, B1\n    if broken:\n",
            "C6",
        ),
    ],
)
def test_a_fault_planted_in_the_specification_is_found(
    tmp_path: Path, file: str, old: str, new: str, claim: str
) -> None:
    """One count under one policy, or one number of parties, is enough: in a copy of the tree."""
    shutil.copytree(ROOT / "spec", tmp_path / "spec")
    plugin = tmp_path / contracts.PLUGIN
    plugin.parent.mkdir()
    shutil.copy(ROOT / contracts.PLUGIN, plugin)
    source = (tmp_path / file).read_text(encoding="utf-8")
    assert old in source
    (tmp_path / file).write_text(source.replace(old, new, 1), encoding="utf-8")
    expected = [e for e in read_manifest((ROOT / contracts.MANIFEST).read_text(encoding="utf-8")) if e.file == file]
    conditions, failures = compare_output(tmp_path, file, expected, contracts.run_crosshair(tmp_path, file, 60))
    assert failures
    assert any(c.status == "refuted" and claim in c.claims for c in conditions)


@pytest.mark.parametrize(("claim", "code"), [("C1", 0), ("C2", 1)])
def test_the_script_checks_the_contracts_of_one_claim(tmp_path: Path, claim: str, code: int) -> None:
    root = tree(tmp_path)
    script = [sys.executable, str(ROOT / "proofs" / "run_contracts.py"), "--claim", claim, str(root)]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == code, done
    assert ("double" in done.stdout) == (code == 0)
    assert (f"FAILED no contract is about {claim}" in done.stdout) == (code == 1)


@pytest.mark.parametrize(("factor", "code"), [(2, 0), (3, 1)])
def test_the_script_prints_a_table_and_fails_with_the_gate(tmp_path: Path, factor: int, code: int) -> None:
    root = tree(tmp_path, GOOD.replace("2 * x", f"{factor} * x"))
    script = [sys.executable, str(ROOT / "proofs" / "run_contracts.py"), str(root)]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == code, done
    assert "double" in done.stdout
    assert ("FAILED" in done.stdout) == (code == 1)
