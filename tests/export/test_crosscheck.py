"""What Spin and TLC say is read right, and whatever they find otherwise than we do is a failure.

The outputs are recorded ones. The tools themselves run in `make crosscheck`.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from latchproof.export import crosscheck as crosschecking
from latchproof.export.crosscheck import (
    CrosscheckError,
    ToolResult,
    crosscheck,
    disagreements,
    expected,
    read_spin,
    read_tlc,
    run_spin,
    run_tlc,
    tlc,
    tlc_jar,
)
from latchproof.export.promela import promela
from latchproof.export.rows import make_model
from latchproof.export.tla import module
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machine import Machine, ModelBounds
from tests.explore.faults import faulty

SAFE = """
(Spin Version 6.5.2 -- 6 December 2019)

Full statespace search for:
	never claim         	- (not selected)
	assertion violations	+
	cycle checks       	- (disabled by -DSAFETY)
	invalid end states	+

State-vector 92 byte, depth reached 323, errors: 0
      774 states, stored
     8667 states, matched
    10225 transitions (= stored+matched)
        0 atomic steps
hash conflicts:       151 (resolved)

pan: elapsed time 0.01 seconds
"""
UNSAFE = """pan:1: assertion violated (new_parked==(parked-1)) (at depth 1)
pan: wrote model.pml.trail

(Spin Version 6.5.2 -- 6 December 2019)
Warning: Search not completed

State-vector 92 byte, depth reached 1, errors: 1
        2 states, stored
        0 states, matched
        2 transitions (= stored+matched)
"""
CYCLE = """pan: ltl formula C13
pan:1: acceptance cycle (at depth 116)
pan: wrote model.pml.trail

State-vector 100 byte, depth reached 119, errors: 1
       63 states, stored
      129 states, matched
      192 transitions (= stored+matched)
"""
FAIR = """State-vector 100 byte, depth reached 647, errors: 0
     1194 states, stored (3346 visited)
     5127 states, matched
     8473 transitions (= visited+matched)
"""
TOO_DEEP = SAFE.replace("\n(Spin", "error: max search depth too small\n\n(Spin", 1)

TLC_HOLDS = """Model checking completed. No error has been found.
  Estimates of the probability that TLC did not check all reachable states
  because two distinct states had the same fingerprint:
  calculated (optimistic):  val = 2.3E-13
7129 states generated, 774 distinct states found, 0 states left on queue.
The depth of the complete state graph search is 12.
"""
TLC_LIVENESS = """Error: Temporal property C13 was violated.
Error: The following behavior constitutes a counter-example:
State 7: Stuttering
7129 states generated, 774 distinct states found, 0 states left on queue.
"""


@pytest.mark.parametrize(
    ("output", "read"),
    [(SAFE, (774, True, 10225)), (UNSAFE, (2, False, 2)), (CYCLE, (63, False, 192)), (FAIR, (1194, True, 8473))],
)
def test_what_spin_says_is_read(output: str, read: tuple[int, bool, int]) -> None:
    assert read_spin(output) == read


@pytest.mark.parametrize(
    "output",
    [
        "",
        TOO_DEEP,
        SAFE + "pan: out of memory\n",
        SAFE.replace("states, stored", "states"),
        SAFE.replace("transitions", "steps"),
        SAFE.replace("errors: 0", ""),
        "sh: 1: ./safety: not found",
    ],
)
def test_what_spin_does_not_say_is_an_error(output: str) -> None:
    with pytest.raises(CrosscheckError, match="Spin did not finish"):
        read_spin(output)


@pytest.mark.parametrize(
    ("output", "read"),
    [
        (TLC_HOLDS, (774, None, 7129)),
        (TLC_LIVENESS, (774, "liveness", 7129)),
        (TLC_LIVENESS.replace("property C13 was", "properties were"), (774, "liveness", 7129)),
        (TLC_LIVENESS.replace("Temporal property C13 was violated", "Deadlock reached"), (774, "deadlock", 7129)),
        (
            "Error: Invariant parked_are_the_tasks_parked is violated.\n"
            "2 states generated, 2 distinct states found, 0 states left on queue.\n",
            (2, "safety", 2),
        ),
        (
            "Error: Action property every_step is violated.\n"
            "9 states generated, 7 distinct states found, 3 states left on queue.\n",
            (7, "step", 9),
        ),
    ],
)
def test_what_tlc_says_is_read(output: str, read: tuple[int, str | None, int]) -> None:
    assert read_tlc(output) == read


@pytest.mark.parametrize(
    "output",
    [
        "",
        "Error: Parsing or semantic analysis failed.\n",
        TLC_HOLDS.replace("0 states left", "5 states left"),
        TLC_HOLDS.replace("distinct states found", "states"),
        TLC_HOLDS.replace("No error has been found", "Stopped"),
    ],
)
def test_what_tlc_does_not_say_is_an_error(output: str) -> None:
    with pytest.raises(CrosscheckError, match="TLC did not"):
        read_tlc(output)


def test_what_we_expect() -> None:
    found = expected(BARRIER, BARRIER.policies[0], ModelBounds(3, 4))
    assert (found.states, found.edges, found.safe) == (774, 7128, True)
    assert found.fair == {"C13": True, "C14": True}
    assert found.unfair == {"C13": False, "C14": False}
    bounded = expected(BARRIER, BARRIER.policies[0], ModelBounds(3, 5, calls=2, operations=("wait",)))
    assert (bounded.states, bounded.safe, bounded.fair) == (40973, True, {})
    java = next(policy for policy in BARRIER.policies if policy.name == "java")
    assert expected(BARRIER, java, ModelBounds(3, 4)).states == 774  # a withdrawal that breaks owes what an abort owes


OURS = ToolResult("latchproof", 774, True, {"C13": True}, {"C13": False}, 7128)


@pytest.mark.parametrize(
    ("other", "differences"),
    [
        (ToolResult("Spin", 774, True, {"C13": True}, {"C13": False}), []),
        (
            ToolResult("Spin", 774, True, {"C13": True}, {"C13": False}, 7127),
            ["edges: latchproof found 7128, Spin found 7127"],
        ),
        (
            ToolResult("Spin", 773, True, {"C13": True}, {"C13": False}),
            ["states: latchproof found 774, Spin found 773"],
        ),
        (
            ToolResult("Spin", 774, False, {"C13": True}, {"C13": False}),
            ["safe: latchproof found True, Spin found False"],
        ),
        (
            ToolResult("Spin", 774, True, {"C13": False}, {"C13": True}),
            [
                "fair: latchproof found {'C13': True}, Spin found {'C13': False}",
                "unfair: latchproof found {'C13': False}, Spin found {'C13': True}",
            ],
        ),
        (
            ToolResult("Spin", 774, True),
            [
                "fair: latchproof found {'C13': True}, Spin found {}",
                "unfair: latchproof found {'C13': False}, Spin found {}",
            ],
        ),
    ],
)
def test_every_difference_is_told(other: ToolResult, differences: list[str]) -> None:
    assert disagreements(OURS, [other]) == differences


def test_agreeing_on_what_is_wrong_is_not_enough() -> None:
    wrong = ToolResult("latchproof", 774, False, {"C13": False}, {"C13": True})
    assert disagreements(wrong, [wrong]) == [
        "a property of states or steps fails", "C13 fails under weak fairness", "C13 holds without fairness too",
    ]  # fmt: skip


class Recorded:
    """The tools, with recorded outputs."""

    def __init__(self, safety: str = SAFE, fair: str = FAIR, unfair: str = CYCLE) -> None:
        self.commands: list[list[str]] = []
        self.outputs = {"./safety": safety, "fair": fair, "unfair": unfair}

    def __call__(self, command: list[str], directory: Path) -> str:
        self.commands.append(command)
        if command[0] == "java":
            name = next(argument for argument in command if argument.endswith(".cfg"))
            is_fair = "SPECIFICATION Fair" in (directory / name).read_text(encoding="utf-8")
            return TLC_HOLDS if is_fair else TLC_LIVENESS
        if command[0] == "./liveness":
            return self.outputs["fair" if "-f" in command else "unfair"]
        return self.outputs.get(command[0], "")


def run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tools: Recorded, machine: Machine = BARRIER, **rest: Any
) -> Any:
    monkeypatch.setattr(crosschecking, "_run", tools)
    monkeypatch.setattr("latchproof.export.crosscheck.shutil.which", lambda name: f"/usr/bin/{name}")
    return crosscheck(machine, machine.policies[0], ModelBounds(3, 4), tmp_path, **({"jar": None} | rest))


def test_spin_is_run_on_the_exported_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tools = Recorded()
    found, differences = run(monkeypatch, tmp_path, tools)
    assert ([one.tool for one in found], differences) == (["latchproof", "Spin"], [])
    text = (tmp_path / "model.pml").read_text(encoding="utf-8")
    assert text == promela(make_model(BARRIER, BARRIER.policies[0], ModelBounds(3, 4)))
    # each eventuality with and without weak fairness; no reduction, which would leave states out
    assert tools.commands == [
        ["spin", "-a", "model.pml"],
        ["cc", "-O2", "-DSAFETY", "-DNOREDUCE", "-DNOCLAIM", "-o", "safety", "pan.c"],
        ["./safety", "-m1000000"],
        ["cc", "-O2", "-DNOREDUCE", "-DNFAIR=3", "-o", "liveness", "pan.c"],
        ["./liveness", "-m1000000", "-a", "-A", "-N", "C13", "-f"],
        ["./liveness", "-m1000000", "-a", "-A", "-N", "C13"],
        ["./liveness", "-m1000000", "-a", "-A", "-N", "C14", "-f"],
        ["./liveness", "-m1000000", "-a", "-A", "-N", "C14"],
    ]


def test_tlc_is_run_where_its_jar_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tools = Recorded()
    found, differences = run(monkeypatch, tmp_path, tools, jar="/a/tla2tools.jar")
    assert ([one.tool for one in found], differences) == (["latchproof", "Spin", "TLC"], [])
    assert found[2] == ToolResult("TLC", 774, True, found[0].fair, found[0].unfair, 7128)
    java = ["java", "-XX:+UseParallelGC", "-cp", "/a/tla2tools.jar", "tlc2.TLC", "-workers", "1"]
    runs = [command for command in tools.commands if command[0] == "java"]
    assert runs == [[*java, "-config", "barrier.cfg", "barrier.tla"]] * 3
    text = (tmp_path / "barrier.tla").read_text(encoding="utf-8")
    assert text == module(make_model(BARRIER, BARRIER.policies[0], ModelBounds(3, 4)))


def test_tlc_is_given_another_text_and_a_deadlock_is_a_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    deadlock = TLC_LIVENESS.replace("Temporal property C13 was violated", "Deadlock reached")
    monkeypatch.setattr(crosschecking, "_run", lambda command, directory: deadlock)
    model = make_model(BARRIER, BARRIER.policies[0], ModelBounds(3, 4, calls=2))
    found = tlc(model, tmp_path, "/a/tla2tools.jar", "another")
    assert (found.safe, found.states, found.edges) == (False, 774, None)
    assert (tmp_path / "barrier.tla").read_text(encoding="utf-8") == "another"
    with pytest.raises(CrosscheckError, match="violation: deadlock"):
        run_tlc(model, tmp_path, "/a/tla2tools.jar")


@pytest.mark.parametrize(
    ("tools", "difference"),
    [
        (Recorded(safety=SAFE.replace("774", "775")), "states: latchproof found 774, Spin found 775"),
        (Recorded(safety=UNSAFE), "safe: latchproof found True, Spin found False"),
        (Recorded(fair=CYCLE), "fair: latchproof found {'C13': True, 'C14': True}, Spin found {'C13': False"),
        (Recorded(unfair=FAIR), "unfair: latchproof found {'C13': False, 'C14': False}, Spin found {'C13': True"),
    ],
)
def test_what_spin_finds_otherwise_is_a_difference(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tools: Recorded, difference: str
) -> None:
    _, differences = run(monkeypatch, tmp_path, tools)
    assert any(one.startswith(difference) for one in differences)


@pytest.mark.parametrize(
    ("operation", "old", "new"),
    [
        ("withdraw", "return parked - 1, broken, B4", "return parked, broken, B4"),
        ("wait", "if parked + 1 < parties:", "if parked + 2 < parties:"),
        ("reset", "return 0, False, B7", "return 0, False, B3"),
        ("abort", "return 0, True, B6", "return 0, broken, B6"),
    ],
)
def test_a_fault_in_the_specification_is_red(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, operation: str, old: str, new: str
) -> None:
    """Even if Spin went on saying what it says of the specification as it should be."""
    _, differences = run(monkeypatch, tmp_path, Recorded(), faulty(BARRIER, operation, old, new))
    assert differences


def test_a_tool_that_is_missing_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("latchproof.export.crosscheck.shutil.which", lambda name: None)
    model = make_model(LATCH, LATCH.policies[0], ModelBounds(1, 2))
    with pytest.raises(CrosscheckError, match="spin is not installed here; make crosscheck installs it on Debian"):
        crosschecking.spin(model, tmp_path)


def test_a_tool_that_fails_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "spin").write_text("#!/bin/sh\necho 'syntax error' >&2\nexit 1\n", encoding="utf-8")
    (tmp_path / "spin").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(CrosscheckError, match=r"spin -a model.pml: syntax error"):
        crosschecking._run(["spin", "-a", "model.pml"], tmp_path)


def test_a_tool_runs_in_its_folder_and_no_longer_than_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert crosschecking._run(["pwd"], tmp_path).strip() == str(tmp_path.resolve())
    assert crosschecking._run(["sh", "-c", "echo said; echo warned >&2; exit 3"], tmp_path) == "said\nwarned\n"
    monkeypatch.setattr(crosschecking, "SECONDS", 0.01)
    with pytest.raises(CrosscheckError, match=re.escape("sleep 5 took more than 0.01 seconds")):
        crosschecking._run(["sleep", "5"], tmp_path)


@pytest.mark.parametrize("incomplete", ["explore", "check_eventualities"])
def test_a_model_with_more_states_than_we_explore_is_not_compared(
    incomplete: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = getattr(crosschecking, incomplete)
    monkeypatch.setattr(
        crosschecking, incomplete, lambda *given, **options: replace(whole(*given, **options), complete=False)
    )
    with pytest.raises(CrosscheckError, match="has more states than we explore"):
        expected(BARRIER, BARRIER.policies[0], ModelBounds(2, 2))


def test_spin_alone_says_how_many_states_are_safe(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(crosschecking, "_run", Recorded())
    assert run_spin(tmp_path) == 774
    monkeypatch.setattr(crosschecking, "_run", Recorded(safety=UNSAFE))
    with pytest.raises(CrosscheckError, match="Spin finds that a property of states or steps fails"):
        run_spin(tmp_path)


def test_spin_and_tlc_are_given_another_text(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(crosschecking, "_run", Recorded())
    monkeypatch.setattr("latchproof.export.crosscheck.shutil.which", lambda name: f"/usr/bin/{name}")
    model = make_model(BARRIER, BARRIER.policies[0], ModelBounds(3, 4))
    assert crosschecking.spin(model, tmp_path, "another").states == 774
    assert (tmp_path / "model.pml").read_text(encoding="utf-8") == "another"
    assert run_tlc(model, tmp_path, "/a/tla2tools.jar") == 774
    assert (tmp_path / "barrier.tla").read_text(encoding="utf-8") == module(model)


def test_where_tlc_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TLC_JAR", raising=False)
    jar, missing = tlc_jar()
    assert jar is None
    assert missing == "TLC_JAR is not set to a tla2tools.jar, so TLC did not run the TLA+ modules"
    monkeypatch.setenv("TLC_JAR", str(tmp_path / "no.jar"))
    with pytest.raises(CrosscheckError, match=re.escape("no.jar, which is not a file")):
        tlc_jar()
    (tmp_path / "no.jar").write_bytes(b"")
    monkeypatch.setattr("latchproof.export.crosscheck.shutil.which", lambda name: None)
    with pytest.raises(CrosscheckError, match="java is not installed"):
        tlc_jar()
    monkeypatch.setattr("latchproof.export.crosscheck.shutil.which", lambda name: "/usr/bin/java")
    assert tlc_jar() == (str((tmp_path / "no.jar").resolve()), "")


def test_the_script_says_where_tlc_is_and_aloud_where_it_is_not(tmp_path: Path) -> None:
    script = Path(__file__).resolve().parents[2] / "proofs" / "install_tlc.sh"
    command = ["/bin/sh", str(script), "python"]
    named = subprocess.run(command, env={"TLC_JAR": "/a/b.jar"}, capture_output=True, text=True, check=True)
    assert (named.stdout, named.stderr) == ("/a/b.jar\n", "")
    # where there is neither Java nor anything to install it with
    without = subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=True)
    assert without.stdout == ""
    assert "TLC cannot be run here: there is no Java, and no apt-get to install it" in without.stderr
