"""For other people's test suites: `check()`, and Hypothesis state machines made from the specification.

`check` is `latchproof check` as a function.

>>> check("asyncio:Barrier", policy="cpython").status
'counterexample'

A state machine is derived, not written: the specification's operations become its rules, with a strategy for each of
their parameters, the specification's functions are its model, and that a history breaks no claim is its invariant.
Calls are made on a real event loop, may be cancelled, and interleave as the loop has it.

>>> from hypothesis.stateful import run_state_machine_as_test
>>> from hypothesis import settings
>>> from latchproof import CountdownLatch
>>> machine = state_machine(CountdownLatch, host="asyncio", strict=True)
>>> run_state_machine_as_test(machine, settings=settings(max_examples=5, database=None))
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from latchproof.check.bounds import default_programs, programs_within
from latchproof.check.checker import check as check_target
from latchproof.check.checker import require_claim
from latchproof.check.history import Begin, End, Event, Finding, Observe, Request, Rest, Stray
from latchproof.check.jobs import implemented, replay
from latchproof.check.judge import Judge
from latchproof.check.loops import STEPPED_HOSTS, is_cancellation
from latchproof.check.run import Failure, NondeterminismError, with_step_ends
from latchproof.check.target import Call, Target, TargetError, adapt, load
from latchproof.check.trace import Trace, make_trace
from latchproof.check.verdict import Verdict
from latchproof.fuzz.drivers import Driver, make_driver
from latchproof_spec.machine import distinct_policies
from latchproof_spec.machines import CLAIMS

__all__ = ["SpecificationMachine", "Verdict", "check", "state_machine"]

QUIET_PASSES = 8
"""After so many passes in which nothing happens, nothing can run any more."""

AT_ONCE = 5
"""So many calls are under way at once at most."""

LARGEST = 4
"""The largest int that is given to the constructor or to a call, unless another is asked for."""


class SpecificationMachine(RuleBasedStateMachine):
    """What every derived machine has: a loop, an instance, calls under way, and a judge for each policy.

    `fired` gathers, over all examples, the rules of the specification that were fired; `examples` and `calls` count.
    With a `claim` nothing else fails; `broken` are the claims at whose failure examples ended.
    `failure` is the failing run that was made last, which after Hypothesis is done is the smallest one that it found.
    """

    target: Target
    host: str
    policies: tuple[Any, ...]
    claim: str | None
    strict: bool
    fired: set[str]
    examples: int
    calls: int
    broken: set[str]
    failure: Failure | None = None

    def __init__(self) -> None:
        super().__init__()
        self._logging = logging.root.manager.disable
        logging.disable(logging.CRITICAL)
        self._driver: Driver = make_driver(self.host)
        self._history: list[Event] = []
        self._found_after: int | None = None
        """How much of the history there was when the first judge found it to be not allowed."""
        self._step_ends: list[int] = []
        """How long the history was after each pass, of a target of which nothing can be observed."""
        self._schedule: list[str] = []
        self._argument = 0
        self._steps = 0
        self._under_way: dict[int, Any] = {}
        self._cancelled: set[int] = set()
        self._begun = 0
        self._made = 0
        self._over = False
        self._instance: Any = None
        self._judges: list[Judge] = []
        self._stray: Finding | None = None
        type(self).examples += 1

    def make(self, argument: int) -> None:
        """Make the instance."""
        self._argument = argument
        self._instance = self.target.make(argument)
        self._judges = [Judge(self.target.specification(one, argument), strict=self.strict) for one in self.policies]

    def call(self, operation: str, arguments: dict[str, Any]) -> None:
        """Make a task that makes a call."""
        found = next(one for one in self.target.operations if one.name == operation)
        handle: list[Any] = []
        self._made += 1
        call = Call(found, tuple(arguments.values()))
        self._schedule.append(f"call {call}")
        handle.append(self._driver.spawn(self._play(call, handle)))

    async def _play(self, call: Call, handle: list[Any]) -> None:
        number = self._begun
        self._begun += 1
        type(self).calls += 1
        self._under_way[number] = handle
        self._take(Begin(number, call.operation.name, call.arguments))
        try:
            value = getattr(self._instance, call.operation.name)(*call.arguments)
            if inspect.isawaitable(value):
                value = await value
        except BaseException as error:
            if is_cancellation(error, self._driver):
                self._ended(End(number, "cancelled"))
                raise
            if not isinstance(error, Exception):
                raise
            self._ended(End(number, "raised", error=error))
        else:
            self._ended(End(number, "returned", value))

    def _ended(self, end: End) -> None:
        self._under_way.pop(end.call, None)
        self._take(end)

    def _take(self, event: Event) -> None:
        if self._over:
            return
        self._history.append(event)
        found = [judge.step(event) for judge in self._judges]
        if isinstance(event, Stray):  # of which every judge says the same
            self._stray = self._stray or found[0]
        if found[0] is not None and self._found_after is None:
            self._found_after = len(self._history)

    @precondition(lambda self: self._instance is not None)
    @rule()
    def run_pass(self) -> None:
        """Let every task that is ready run once."""
        self._schedule += self._driver.run_pass()
        while self._driver.strays:
            self._take(Stray(f"an error reached the event loop: {self._driver.strays.pop(0)}"))
        if self.target.observations:
            self._observe()
        else:
            self._step_ends.append(len(self._history))
        self.judge()

    def _observe(self) -> None:
        try:
            values = self.target.observe(self._instance)
        except Exception as error:
            self._take(Stray(f"an observation raised {type(error).__name__}: {error}"))
        else:
            self._take(Observe(values))

    @precondition(lambda self: set(self._under_way) - self._cancelled)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """Request the cancellation of a call that has begun and not ended."""
        number = data.draw(st.sampled_from(sorted(set(self._under_way) - self._cancelled)))
        self._cancelled.add(number)
        self._schedule.append(f"cancel {number + 1}")
        self._take(Request(number))
        self._driver.cancel(self._under_way[number][0])

    @precondition(lambda self: self._made > 0)
    @rule()
    def rest(self) -> None:
        """Run until nothing can run any more."""
        quiet = 0
        while quiet < QUIET_PASSES:
            before = sum(1 for event in self._history if not isinstance(event, Observe))
            self.run_pass()
            happened = sum(1 for event in self._history if not isinstance(event, Observe)) - before
            quiet = 0 if happened else quiet + 1
        self._take(Rest())
        self.judge()

    def judge(self) -> None:
        """Raise AssertionError if no policy allows the history any more."""
        findings = self._findings()
        if findings and all(findings):
            assert findings[0] is not None
            type(self).broken.add(findings[0].claim)
            if self.claim not in (None, findings[0].claim):
                return
            calls = sum(isinstance(event, Begin) for event in self._history)
            size = (calls, len(self._cancelled), self._argument, self._schedule.count("run"))
            told = self._history[: self._found_after]
            history = with_step_ends(told, [end for end in self._step_ends if end < len(told)])
            type(self).failure = Failure(findings[0], self._argument, tuple(self._schedule), history, size)
            raise AssertionError(self._explain(findings[0]))

    def _findings(self) -> list[Finding | None]:
        """What each judge has found so far."""
        return [self._stray or judge.finding for judge in self._judges]

    def _explain(self, finding: Finding | None) -> str:
        assert finding is not None
        sentence = next(claim.sentence for claim in CLAIMS if claim.id == finding.claim)
        happened = "\n".join(f"  {event}" for event in self._history if not isinstance(event, Observe))
        return (
            f"{self.target.name} breaks {finding.claim} on {self.host}: {sentence}\n"
            f"seen: {finding.seen}\nallowed: {' or '.join(finding.allowed) or 'nothing of the kind'}\n{happened}"
        )

    def teardown(self) -> None:
        """Run to rest, then close the loop."""
        try:
            if self._instance is not None and self._made and not all(self._findings()):
                self.rest()
        finally:
            self._over = True
            self._driver.close()
            for judge in self._judges:
                type(self).fired |= judge.fired
            logging.disable(self._logging)


def check(
    target: str | Target | Callable[[int], Any],
    *,
    kind: str | None = None,
    host: str = "asyncio",
    policy: str | None = None,
    claim: str | None = None,
    strict: bool = False,
    tasks: int | None = None,
    calls: int | None = None,
    cancels: int | None = None,
    scheduler: str = "exhaustive",
    schedules: int | None = None,
    seed: int = 0,
    workers: int | None = None,
    cluster: str | None = None,
) -> Verdict:
    """Check a class, a factory or "MODULE:NAME" as `latchproof check` does, with its options but those for output.

    `workers` and `cluster` need a target that is named: each worker loads it. Without, it is done in this process.

    Raises TargetError if the target cannot be driven, an option names what there is not, or a cluster cannot be used.
    """
    if isinstance(target, str):
        found = load(target, kind)
    elif isinstance(target, Target):
        found = target
    else:
        found = adapt(target, kind=kind)
        if workers is not None or cluster is not None:
            raise TargetError(f"workers load what they check by its name: give MODULE:NAME in place of {found.name}")
    bounds = (tasks, calls, cancels)
    shapes = (
        default_programs(found, host) if bounds == (None, None, None) else programs_within(found, *bounds, host=host)
    )
    return check_target(
        found,
        host=host,
        policy=policy,
        claim=claim,
        strict=strict,
        shapes=shapes,
        scheduler=scheduler,
        schedules=schedules,
        seed=seed,
        workers=workers,
        cluster=cluster,
    )


def trace_of(machine: type[SpecificationMachine]) -> Trace | None:
    """The canonical trace of what a machine found; None if it found nothing.

    Where the host can be run a step at a time, the run is repeated so, and what that shows is the trace: `latchproof
    replay` repeats it. Where it cannot, or shows nothing, the trace is what Hypothesis saw, a pass of the loop at a
    time.
    """
    if machine.failure is None:
        return None
    failure, policy = machine.failure, machine.policies[0].name
    if machine.host in STEPPED_HOSTS:
        try:
            repeated = replay(
                machine.target,
                failure.schedule,
                argument=failure.argument,
                policy=policy,
                host=machine.host,
                strict=machine.strict,
            ).so_far.failures[policy]
        except (NondeterminismError, TargetError):
            repeated = {}
        failure = min(repeated.values(), key=lambda one: one.size, default=failure)
    name, kind = machine.target.name, machine.target.machine.name
    return make_trace(failure, name, kind, policy, strict=machine.strict, host=machine.host)


def state_machine(
    target: Target | Callable[[int], Any],
    *,
    kind: str | None = None,
    host: str = "asyncio",
    policy: str | None = None,
    claim: str | None = None,
    strict: bool = False,
    largest: int = LARGEST,
) -> type[SpecificationMachine]:
    """A Hypothesis state machine for a latch or barrier class, made from the specification.

    `target` is a class, or a factory that takes the count or the parties; `kind` is "latch" or "barrier", where that
    cannot be told. `host` is "asyncio", "uvloop", "trio" or "flowno". Without a `policy`, a history is allowed if any
    named policy allows it all along. With a `claim` that one alone can fail; an example in which another does ends
    there, and the class has it in `broken`. `strict` is the form that our own classes keep: an operation takes effect
    in its first step, a cancellation at its request. `largest` bounds the constructor's argument and every int.

    Put `TestMyBarrier = state_machine(MyBarrier).TestCase` in a test module, and pytest runs it.

    Raises TargetError if the target cannot be driven, or there is no such policy, claim or host.
    """
    found = target if isinstance(target, Target) else adapt(target, kind=kind)
    machine = found.machine
    require_claim(claim, machine)
    policies = tuple(distinct_policies(machine.policies))
    if policy is not None:
        policies = tuple(one for one in machine.policies if one.name == policy)
        if not policies:
            names = ", ".join(one.name for one in machine.policies)
            raise TargetError(f"there is no policy {policy!r} for a {machine.name}; there are {names}")
    found = implemented(found, host if host in STEPPED_HOSTS else "asyncio")
    make_driver(host).close()  # a host that is not there is said at once, not in the middle of a test

    def make(self: SpecificationMachine, argument: int) -> None:
        self.make(argument)

    members: dict[str, Any] = {
        "target": found,
        "host": host,
        "policies": policies,
        "claim": claim,
        "strict": strict,
        "fired": set(),
        "broken": set(),
        "examples": 0,
        "calls": 0,
        "make_instance": initialize(argument=st.integers(machine.smallest, largest))(make),
    }
    for operation in found.operations:
        strategies = {
            name: st.booleans() if operation.parameters[name] is bool else st.integers(-1, largest)
            for name in found.parameters[operation.name]
        }
        members[f"call_{operation.name}"] = _rule_for(operation.name, strategies)
    return type(f"{found.name.rpartition(':')[2]}On{host.title()}", (SpecificationMachine,), members)


def _rule_for(operation: str, strategies: dict[str, Any]) -> Any:
    def call(self: SpecificationMachine, **arguments: Any) -> None:
        self.call(operation, arguments)

    call.__name__ = f"call_{operation}"
    has_room = precondition(lambda self: self._made - self._begun + len(self._under_way) < AT_ONCE)
    derive: Any = rule(**strategies)
    return has_room(derive(call))
