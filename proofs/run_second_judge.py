"""Put the judge of `latchproof check` to the one that is proved in Coq; exit with 1 if they differ.

The histories are those that the first judge is asked about while each class of the zoo is checked at small bounds,
under every policy, and random ones. What the second judge does not cover is left out, and counted.

python -m proofs.run_second_judge [--calls 2] [--random 4] [--seed 0] [--folder build/coq]
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final
from unittest import mock

from proofs.second_judge import Difference, Histories, RecordingJudge, compare, make
from tests.zoo.test_zoo import CORRECT, FAULTS

from latchproof.check import record
from latchproof.check.bounds import programs_within
from latchproof.check.checker import parts
from latchproof.check.history import Begin, End, Event, Observe, Request, Rest, TimePasses
from latchproof.check.jobs import Job, do_job
from latchproof.check.machine_specification import MachineSpecification
from latchproof.check.pool import cores
from latchproof.check.target import adapt
from latchproof.check.values import Compared
from latchproof.mutants.generate import named
from latchproof.mutants.mutant import Mutant
from latchproof_spec.machine import Machine
from latchproof_spec.machines import MACHINES
from latchproof_spec.step import BrokenBarrierError, LatchInUseError, ZeroLatchError

SHOWN: Final = 5
"""Differences that are printed."""

LARGEST: Final = 3
"""The largest constructor argument. With more parties, open indices have more orders than the second judge can try."""

EVENTS: Final = 16
"""Events of a random history at most, and events that are tried at each of its places."""

PARTS: Final = 2
"""Parts of the work, which are done by as many processes as there are cores; each draws its own random histories."""

PLANTED: Final = 40
"""Random histories for each policy and argument at most, until a fault planted in the specification is noticed."""

COMPARED: Final[tuple[Compared, ...]] = ("indices", "True leads", "no value")
"""What is compared of the values that waiting calls return."""

ENDINGS: Final = (
    BrokenBarrierError, type("BrokenBarrierError", (Exception,), {}), RuntimeError, ValueError, TypeError,
    LatchInUseError, ZeroLatchError, RecursionError, NotImplementedError, KeyError, TimeoutError,
)  # fmt: skip
"""Classes of errors with which random calls end."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare the two judges.")
    parser.add_argument("--calls", type=int, default=2, help="calls in each program with a class of the zoo")
    parser.add_argument("--random", type=int, default=4, help="random histories for each policy, argument and part")
    parser.add_argument("--seed", type=int, default=0, help="the seed of the random histories")
    parser.add_argument("--folder", type=Path, default=Path("build/coq"), help="where Extract.v was compiled")
    asked = parser.parse_args()
    program = make(asked.folder)
    begun = time.monotonic()
    wrong = 0
    print(
        f"zoo: at most {asked.calls} calls; random: {PARTS} times {asked.random} histories of at most {EVENTS} events "
        f"for each policy and argument, seed {asked.seed}; constructor arguments up to {LARGEST}"
    )
    with ProcessPoolExecutor(cores(), get_context("spawn")) as pool:
        sets = {
            "zoo": [pool.submit(of_the_zoo, program, asked.calls, part) for part in range(PARTS)],
            "random": [pool.submit(random_ones, program, asked.random, asked.seed + part) for part in range(PARTS)],
        }
        for name, parts_of_it in sets.items():
            found = sum((part.result() for part in parts_of_it), Found())
            print(f"{name}: {found}", flush=True)
            wrong += len(found.differences) + len(found.failed) + (not found.histories)
        faults = {fault.id: fault for machine in MACHINES.values() for fault in planted(machine)}
        noticed = [pool.submit(is_noticed, program, asked.seed, name) for name in faults]
        unseen = [name for name, one in zip(faults, noticed, strict=True) if not one.result()]
    for name in unseen:
        print(f"    WRONG the judges agree on a faulty specification: {name}")
    number = len(faults) - len(unseen)
    print(f"{number} of {len(faults)} faults planted in the first judge's specification noticed")
    print(f"{time.monotonic() - begun:.0f} s")
    return 1 if wrong or unseen else 0


@dataclass
class Found:
    """What came of comparing the judges on some histories, which were judged by up to `specifications` of them.

    `failed` says what went wrong before they could be compared.
    """

    histories: int = 0
    events: int = 0
    specifications: int = 0
    differences: tuple[Difference, ...] = ()
    left_out: Counter[str] = field(default_factory=Counter)
    failed: tuple[str, ...] = ()

    def __add__(self, other: Found) -> Found:
        return Found(
            self.histories + other.histories,
            self.events + other.events,
            max(self.specifications, other.specifications),
            self.differences + other.differences,
            self.left_out + other.left_out,
            self.failed + other.failed,
        )

    def __str__(self) -> str:
        left_out = ", ".join(f"{count:,} {what}" for what, count in sorted(self.left_out.items())) or "nothing"
        wrong = "".join(f"\n    WRONG {one}" for one in (*self.failed, *self.differences)[:SHOWN])
        return (
            f"{self.histories:,} histories with {self.events:,} events, by up to {self.specifications} specifications: "
            f"{len(self.differences):,} differences; left out: {left_out}{wrong}"
        )


def found_in(histories: Histories, program: Path) -> Found:
    """Return what comes of comparing the judges on these histories."""
    differences = tuple(compare(histories, program))
    specifications = len(histories.trees)
    return Found(*histories.count(), specifications, differences, histories.left_out, tuple(histories.contradictions))


def of_the_zoo(program: Path, calls: int, part: int) -> Found:
    """Compare every history that the judge is asked about while a part of the zoo is checked, under every policy."""
    histories = RecordingJudge.histories = Histories()
    factories: list[Any] = [*CORRECT, *FAULTS]
    failed: list[str] = []
    with mock.patch.object(record, "Judge", RecordingJudge):
        for factory in factories[part::PARTS]:
            target = adapt(factory)
            policies = tuple(one.name for one in MACHINES[target.kind.name].policies)
            (bounds,) = programs_within(target, calls=calls)
            arguments = tuple(one for one in bounds.arguments if one <= LARGEST)
            bounds = replace(bounds, arguments=arguments)
            for programs, argument, schedules in parts((bounds,), "exhaustive", None):
                job = Job(programs, argument, policies, "asyncio", False, "exhaustive", schedules, seed=0)
                result = do_job(target, job)
                failed += [f"{target.name}: {one}" for one in result.reasons if one.code == "check-failed"]
    found = found_in(histories, program)
    return replace(found, failed=(*failed, *found.failed))


def random_ones(program: Path, number: int, seed: int) -> Found:
    """Compare random histories, which depend on the seed."""
    return found_in(at_random(number, seed), program)


def at_random(number: int, seed: int, machine: Machine | None = None) -> Histories:
    """Return random histories of each machine, or of one, under each policy; the first judge allows most events."""
    histories = RecordingJudge.histories = Histories()
    chance = random.Random(seed)
    for one in MACHINES.values() if machine is None else (machine,):
        for policy in one.policies:
            for argument in range(one.smallest, LARGEST + 1):
                for compared in COMPARED if one.gives_index else COMPARED[:1]:
                    judge = RecordingJudge(MachineSpecification(one, policy, argument, compared=compared))
                    start = judge.snapshot()
                    for _ in range(number):
                        judge.restore(start)
                        play(judge, one, chance)
    return histories


def planted(machine: Machine) -> list[Mutant]:
    """Return the faults of a machine that have a name and are in its functions."""
    return [fault for fault in named(machine) if fault.fault_in == "functions"]


def is_noticed(program: Path, seed: int, name: str) -> bool:
    """Return whether the judges differ on random histories that the first one judges by a faulty specification."""
    faults = [fault for machine in MACHINES.values() for fault in planted(machine) if fault.id == name]
    tries = (at_random(1, seed + number, faults[0].machine) for number in range(PLANTED))
    return any(compare(histories, program) for histories in tries)


def play(judge: RecordingJudge, machine: Machine, chance: random.Random) -> None:
    """Judge one history; where an event is refused, mostly another one is tried in its place."""
    under_way: list[int] = []
    begun = 0
    for _ in range(EVENTS):
        for _ in range(EVENTS):
            before = judge.snapshot()
            event = an_event(machine, under_way, begun, chance)
            if judge.step(event) is None or (judge.finding is None and chance.random() < 0.2):
                break
            judge.restore(before)
        else:
            return
        if isinstance(event, Begin):
            begun += 1
            under_way.append(event.call)
        elif isinstance(event, End):
            under_way.remove(event.call)


def an_event(machine: Machine, under_way: list[int], begun: int, chance: random.Random) -> Event:
    """Return an event that may follow a history in which these calls are under way."""
    kinds = ["begin"] * 3 * (len(under_way) < 4) + ["observe"] * 2 + ["rest", "time"]
    kind = chance.choice(kinds + ["end"] * 6 * bool(under_way) + ["request"] * bool(under_way))
    match kind:
        case "begin":
            operation = chance.choice((machine.operations[0], *machine.operations))
            arguments = tuple(
                chance.choice((False, True)) if kind is bool else chance.choice((-1, 0, 0, 1, 2, True))
                for kind in operation.parameters.values()
            )
            return Begin(begun, operation.name, arguments, cancelled=chance.random() < 0.1)
        case "observe":
            read = chance.sample(sorted(machine.observations), chance.randint(1, len(machine.observations)))
            return Observe(tuple((name, chance.choice((0, 1, 2, 3, False, True))) for name in read))
        case "rest":
            return Rest()
        case "time":
            return TimePasses(1.0)
        case "request":
            return Request(chance.choice(under_way))
    call = chance.choice(under_way)
    match chance.choice(("returned", "returned", "raised", "cancelled")):
        case "returned":
            return End(call, "returned", chance.choice((None, 0, 1, 2, True)), leads=chance.choice((None, False, True)))
        case "raised":
            return End(call, "raised", error=chance.choice((*ENDINGS[:1], *ENDINGS))())
    return End(call, "cancelled")


if __name__ == "__main__":
    sys.exit(main())
