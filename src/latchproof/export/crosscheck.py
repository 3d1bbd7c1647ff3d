"""Other model checkers on the exported models: they must find the states and the verdicts that we find.

Spin runs the Promela model, TLC the TLA+ module. Each is asked for the number of distinct states, whether anything that
is checked of states and steps fails, and, for each eventuality, whether it fails under weak fairness and whether it
fails without. What we find is `expected`; what a tool says is read from its output, and an output that does not say it
is an error, never a pass.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from latchproof.explore.fairness import check_eventualities
from latchproof.explore.states import explore
from latchproof.export.promela import promela
from latchproof.export.rows import Model, make_model
from latchproof.export.tla import configuration, module
from latchproof_spec.machine import Machine, ModelBounds

SECONDS: Final = 300
"""Time limit for one run of a tool, in seconds."""


_VIOLATED_IN_TLC: Final = {
    "safety": r"Invariant \w+ is violated",
    "step": r"Action property .* is violated",
    "liveness": r"Temporal propert(y \w+ was|ies( .*)? were) violated",
    "deadlock": "Deadlock reached",
}
"""What TLC says of each kind of violation."""


class CrosscheckError(Exception):
    """A tool is missing, did not finish, or did not answer; the text says which, and what it said."""


@dataclass(frozen=True)
class ToolResult:
    """What a tool found of a model.

    `states` is the number of distinct states, and `edges` that of the steps between them, if they were counted: each
    call with each of its arguments, each cancellation, each step of continuing. `safe` says that nothing checked of
    states and steps fails. `fair` and `unfair` say for each eventuality whether it holds under weak fairness, and
    without.
    """

    tool: str
    states: int
    safe: bool
    fair: dict[str, bool] = field(default_factory=dict)
    unfair: dict[str, bool] = field(default_factory=dict)
    edges: int | None = None

    def differences(self, other: ToolResult) -> Iterator[str]:
        """Yield whatever another tool found differently."""
        for name in ("states", "edges", "safe", "fair", "unfair"):
            mine, others = getattr(self, name), getattr(other, name)
            if mine != others and not (name == "edges" and None in (mine, others)):
                yield f"{name}: {self.tool} found {mine}, {other.tool} found {others}"


def expected(machine: Machine, policy: Any, bounds: ModelBounds) -> ToolResult:
    """Return what we find. Raise CrosscheckError if a model has more states than we explore."""
    found = explore(
        machine,
        policy,
        bounds.argument,
        tasks=bounds.tasks,
        calls=bounds.calls,
        operations=bounds.operations,
        highest_count=bounds.highest_count,
    )
    safe = not found.violations
    if bounds.calls is not None or bounds.operations is not None:
        return ToolResult("latchproof", found.states, safe)
    live = check_eventualities(machine, policy, bounds.argument, tasks=bounds.tasks, highest_count=bounds.highest_count)
    if not found.complete or not live.complete:
        raise CrosscheckError(f"{machine.name} with {bounds} has more states than we explore")
    return ToolResult(
        "latchproof",
        live.states,
        safe,
        {one.claim: one.status != "fails" for one in live.promises},
        {one.claim: one.without_fairness is None for one in live.promises},
        live.edges,
    )


def spin(model: Model, directory: Path, text: str | None = None) -> ToolResult:
    """Return what Spin finds of the Promela model, or of `text` in its place.

    Raise CrosscheckError if Spin, or a C compiler, is missing.
    """
    compile_spin(model, directory, text)
    states, safe, transitions = read_spin(_run(["./safety", "-m1000000"], directory))
    # Spin counts the first state as a transition, and each task's look at each state
    edges = transitions - 1 - model.bounds.tasks * states
    fair, unfair = {}, {}
    if _eventualities(model):
        _run(["cc", "-O2", "-DNOREDUCE", "-DNFAIR=3", "-o", "liveness", "pan.c"], directory)
        for claim in _eventualities(model):
            # -A: ignore what is asserted of states and steps, which is checked above
            run = ["./liveness", "-m1000000", "-a", "-A", "-N", claim]
            fair[claim] = read_spin(_run([*run, "-f"], directory))[1]
            unfair[claim] = read_spin(_run(run, directory))[1]
    return ToolResult("Spin", states, safe, fair, unfair, edges)


def compile_spin(model: Model, directory: Path, text: str | None = None) -> None:
    """Write the Promela model, or `text` in its place, and compile the verifier of states and steps."""
    for tool in ("spin", "cc"):
        if shutil.which(tool) is None:
            raise CrosscheckError(f"{tool} is not installed here; make crosscheck installs it on Debian")
    (directory / "model.pml").write_text(promela(model) if text is None else text, encoding="utf-8")
    _run(["spin", "-a", "model.pml"], directory)
    # without partial order reduction, which would leave states out, and safety alone
    _run(["cc", "-O2", "-DSAFETY", "-DNOREDUCE", "-DNOCLAIM", "-o", "safety", "pan.c"], directory)


def run_spin(directory: Path) -> int:
    """Run the compiled verifier; return the number of states. Raise CrosscheckError if anything fails."""
    states, safe, _ = read_spin(_run(["./safety", "-m1000000"], directory))
    if not safe:
        raise CrosscheckError("Spin finds that a property of states or steps fails")
    return states


def read_spin(output: str) -> tuple[int, bool, int]:
    """Return the states that a verifier of Spin stored, whether it found no error, and its transitions.

    Raise CrosscheckError if the output does not say.

    >>> read_spin("depth reached 323, errors: 0\\n 774 states, stored\\n 9441 transitions (= stored+matched)\\n")
    (774, True, 9441)
    """
    transitions = re.search(r"^\s*(\d+) transitions \(= ", output, flags=re.MULTILINE)
    states = re.search(r"^\s*(\d+) states, stored", output, flags=re.MULTILINE)
    errors = re.search(r"errors: (\d+)$", output, flags=re.MULTILINE)
    stopped = re.search(r"max search depth too small|out of memory|hash conflicts? .*resized too often", output)
    if states is None or errors is None or transitions is None or stopped is not None:
        raise CrosscheckError(f"Spin did not finish: {_last(output)}")
    return int(states[1]), errors[1] == "0", int(transitions[1])


def tlc(model: Model, directory: Path, jar: str, text: str | None = None) -> ToolResult:
    """Return what TLC finds of the TLA+ module, or of `text` in its place. `jar` is its tla2tools.jar."""
    written = module(model) if text is None else text
    (directory / f"{model.machine.name}.tla").write_text(written, encoding="utf-8")
    states, broken, generated = _tlc(model, directory, jar, fair=True, claims=_eventualities(model))
    safe = broken in (None, "liveness")
    fair = dict.fromkeys(_eventualities(model), broken is None)
    unfair = {}
    for claim in _eventualities(model):
        if broken == "liveness":
            fair[claim] = _tlc(model, directory, jar, fair=True, claims=[claim])[1] is None
        unfair[claim] = _tlc(model, directory, jar, fair=False, claims=[claim])[1] is None
    # the first state is generated by no step; and a model with an end has a step from its end to itself
    edges = generated - 1 if model.bounds.calls is None else None
    return ToolResult("TLC", states, safe, fair, unfair, edges)


def run_tlc(model: Model, directory: Path, jar: str) -> int:
    """Write the TLA+ module and run TLC on it; return the number of states. Raise CrosscheckError if anything fails."""
    (directory / f"{model.machine.name}.tla").write_text(module(model), encoding="utf-8")
    states, broken, _ = _tlc(model, directory, jar, fair=True, claims=_eventualities(model))
    if broken is not None:
        raise CrosscheckError(f"TLC finds a violation: {broken}")
    return states


def _tlc(model: Model, directory: Path, jar: str, *, fair: bool, claims: list[str]) -> tuple[int, str | None, int]:
    name = model.machine.name
    lines = configuration(model, fair=fair).splitlines()
    kept = [line for line in lines if line.strip() not in model.eventualities or line.strip() in claims]
    (directory / f"{name}.cfg").write_text("\n".join(kept) + "\n", encoding="utf-8")
    java = ["java", "-XX:+UseParallelGC", "-cp", jar, "tlc2.TLC", "-workers", "1"]
    return read_tlc(_run([*java, "-config", f"{name}.cfg", f"{name}.tla"], directory))


def read_tlc(output: str) -> tuple[int, str | None, int]:
    """Return the distinct states that TLC found, what is violated, if anything is, and the states generated.

    What is violated is "safety", "step", "liveness", or "deadlock": a state that no step leads out of. Raise
    CrosscheckError if the output does not say.

    >>> read_tlc("6345 states generated, 774 distinct states found, 0 states left on queue.\\n"
    ...     "Model checking completed. No error has been found.\\n")
    (774, None, 6345)
    """
    states = re.findall(r"^(\d+) states generated, (\d+) distinct states found, (\d+) states left on", output, re.M)
    said = _VIOLATED_IN_TLC.items()
    broken = next((kind for kind, text in said if re.search(f"^Error: {text}", output, re.M)), None)
    if broken is None and "No error has been found" not in output:
        raise CrosscheckError(f"TLC did not finish: {_last(output)}")
    if not states or (broken is None and states[-1][2] != "0"):
        raise CrosscheckError(f"TLC did not say how many states there are: {_last(output)}")
    return int(states[-1][1]), broken, int(states[-1][0])


def tlc_jar() -> tuple[str | None, str]:
    """Return TLC's jar, or None and why there is none."""
    jar = os.environ.get("TLC_JAR")
    if not jar:
        return None, "TLC_JAR is not set to a tla2tools.jar, so TLC did not run the TLA+ modules"
    if not Path(jar).is_file():
        raise CrosscheckError(f"TLC_JAR is set to {jar}, which is not a file")
    if shutil.which("java") is None:
        raise CrosscheckError("TLC_JAR is set, but java is not installed here")
    return str(Path(jar).resolve()), ""


def crosscheck(
    machine: Machine, policy: Any, bounds: ModelBounds, directory: Path, jar: str | None
) -> tuple[list[ToolResult], list[str]]:
    """Return what we, Spin and, if its jar is given, TLC find of one model, and every disagreement or failure."""
    model = make_model(machine, policy, bounds)
    ours = expected(machine, policy, bounds)
    found = [ours, spin(model, directory)]
    if jar is not None:
        found.append(tlc(model, directory, jar))
    return found, disagreements(ours, found[1:])


def disagreements(ours: ToolResult, others: list[ToolResult]) -> list[str]:
    """Return what is wrong: each difference from what we find, and each claim that does not hold, or cannot fail."""
    wrong = [difference for other in others for difference in ours.differences(other)]
    if not ours.safe:
        wrong.append("a property of states or steps fails")
    wrong += [f"{claim} fails under weak fairness" for claim, holds in ours.fair.items() if not holds]
    wrong += [f"{claim} holds without fairness too" for claim, holds in ours.unfair.items() if holds]
    return wrong


def _eventualities(model: Model) -> list[str]:
    return list(model.eventualities) if model.bounds.calls is None and model.bounds.operations is None else []


def _run(command: list[str], directory: Path) -> str:
    """Return what a command prints. Its text says what it found; its exit code does not."""
    try:
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise CrosscheckError(f"{' '.join(command)} took more than {SECONDS} seconds") from error
    if command[0] in ("spin", "cc") and done.returncode != 0:
        raise CrosscheckError(f"{' '.join(command)}: {_last(done.stdout + done.stderr)}")
    return done.stdout + done.stderr


def _last(output: str) -> str:
    return " / ".join(line.strip() for line in output.strip().splitlines()[-6:]) or "it said nothing"
