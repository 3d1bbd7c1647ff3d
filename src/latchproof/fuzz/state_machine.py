"""Hypothesis state machines made from the specification.

A state machine is derived, not written: the specification's operations become its rules, with a strategy for each of
their parameters, the specification's functions are its model, and that a history breaks no claim is its invariant.
Calls are made on a real event loop, may be cancelled, and interleave as the loop has it. How calls are played, observed
and judged is that of `latchproof.check.harness`; here Hypothesis decides what happens when.

>>> from hypothesis.stateful import run_state_machine_as_test
>>> from hypothesis import settings
>>> from latchproof import CountdownLatch
>>> machine = state_machine(CountdownLatch, host="asyncio", strict=True)
>>> run_state_machine_as_test(machine, settings=settings(max_examples=5, database=None))
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from latchproof.check.bounds import arguments_asked_for
from latchproof.check.checker import require_claim
from latchproof.check.harness import Calls, NondeterminismError, Record, make_judges
from latchproof.check.history import Failure, Observe, Rest
from latchproof.check.jobs import replay
from latchproof.check.judge import Judge
from latchproof.check.loops import STEPPED
from latchproof.check.probe import implemented
from latchproof.check.target import Target, TargetError, adapt
from latchproof.check.trace import Trace, make_trace
from latchproof.fuzz.drivers import Driver, driver_of, make_driver
from latchproof_spec.machines import sentence_of

QUIET_PASSES = 8
"""Passes in which nothing happens, after which nothing can run any more."""

AT_ONCE = 5
"""Most calls that are under way at once, unless a constructor argument that is asked for needs more."""

NOT_EARLY = 7
"""Calls that are made as usual for each that is made by a task that is cancelled already.

Were they as frequent, there would be fewer of the others together, and what these show would be found half as often.
"""

LARGEST = 4
"""Largest int that is given to the constructor or to a call, unless another is asked for."""


class SpecificationMachine(RuleBasedStateMachine):
    """What every derived machine has: a loop, an instance, calls under way, and a judge for each policy.

    `fired` gathers, over all examples, the rules of the specification that were fired; `examples` and `calls` count.
    With a `claim` only its failure fails an example; `broken` are the claims at whose failure examples ended.
    `failure` is the failing run that was made last: after Hypothesis is done, the smallest one that it found.
    """

    target: Target
    host: str
    policies: tuple[Any, ...]
    claim: str | None
    strict: bool
    fired: set[str]
    at_once: int
    examples: int
    calls: int
    broken: set[str]
    failure: Failure | None = None

    def __init__(self) -> None:
        super().__init__()
        self._logging = logging.root.manager.disable
        logging.disable(logging.CRITICAL)
        self._driver: Driver = make_driver(self.host)
        self._schedule: list[str] = []
        self._judges: list[Judge] = []
        """None until the instance is made; so are the record and the calls."""
        self._record: Record
        self._calls: Calls
        type(self).examples += 1

    def make(self, argument: int) -> None:
        """Make the instance."""
        instance = self.target.make(argument)
        self._judges = make_judges(self.target, self.policies, argument, strict=self.strict)
        self._record = Record(self.target, self._judges, argument, self._moment)
        self._driver.host_fault = self._record.host_fault
        self._calls = Calls(self._driver, self._record, lambda calls, number: None, Exception)
        self._calls.instance = instance

    def _moment(self) -> tuple[Sequence[str], int, int]:
        return self._schedule, self._schedule.count("run"), 0

    def call(self, operation: str, arguments: dict[str, Any], *, cancelled: bool = False) -> None:
        """Make a task that makes a call, and before that is cancelled if that is asked for."""
        found = next(one for one in self.target.operations if one.name == operation)
        call = self.target.call(found, tuple(arguments.values()))
        self._schedule.append(f"{'early' if cancelled else 'call'} {call}")
        self._calls.make(call, cancelled=cancelled)

    @precondition(lambda self: self._judges)
    @rule()
    def run_pass(self) -> None:
        """Let every task that is ready run once."""
        self._schedule += self._driver.run_pass()
        while self._driver.strays:
            self._record.stray(self._driver.strays.pop(0))
        self._record.end_step(self._calls.instance)
        self.judge()

    @property
    def _cancellable(self) -> set[int]:
        return set(self._calls.under_way) - self._calls.requested if self._judges else set()

    @precondition(lambda self: self._cancellable)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """Request the cancellation of a call that has begun and not ended."""
        number = data.draw(st.sampled_from(sorted(self._cancellable)))
        self._schedule.append(f"cancel {number + 1}")
        self._calls.cancel(number)

    @precondition(lambda self: self._judges and self._calls.made > 0)
    @rule()
    def rest(self) -> None:
        """Run until nothing can run any more."""
        quiet = 0
        while quiet < QUIET_PASSES:
            before = self._happened()
            self.run_pass()
            quiet = quiet + 1 if self._happened() == before else 0
        self._record.take(Rest())
        self.judge()

    def _happened(self) -> int:
        return sum(not isinstance(event, Observe) for event in self._record.history)

    def judge(self) -> None:
        """Raise AssertionError if no policy allows the history any more."""
        failures = self._failures()
        if len(failures) < len(self.policies):
            return
        failure = failures[self.policies[0].name]
        claim = failure.finding.claim
        type(self).broken.add(claim)
        if self.claim in (None, claim):
            # the words of a pass are known only at its end
            size = (*failure.size[:3], self._schedule.count("run"))
            type(self).failure = replace(failure, schedule=tuple(self._schedule), size=size)
            raise AssertionError(self._explain(failure))

    def _failures(self) -> dict[str, Failure]:
        """A failure under each policy, by the policy's name: that of the claim, if there is one, or the first."""
        failures = self._record.failures if self._judges else []
        asked = {policy: failure for policy, failure in failures if failure.finding.claim == self.claim}
        return dict(reversed(failures)) | asked

    def _explain(self, failure: Failure) -> str:
        finding = failure.finding
        said = sentence_of(finding.claim, self.target.machine.name, self.policies[0].name)
        happened = "\n".join(f"  {event}" for event in self._record.history if not isinstance(event, Observe))
        return (
            f"{self.target.name} breaks {finding.claim} on {self.host}: {said}\n"
            f"seen: {finding.seen}\nallowed: {' or '.join(finding.allowed) or 'nothing of the kind'}\n{happened}"
        )

    def teardown(self) -> None:
        """Run to rest, then close the loop."""
        try:
            if self._judges and self._calls.made and len(self._failures()) < len(self.policies):
                self.rest()
        finally:
            if self._judges:
                self._record.stop()
                type(self).calls += self._calls.begun
            self._driver.close()
            for judge in self._judges:
                type(self).fired |= judge.fired
            logging.disable(self._logging)


def trace_of(machine: type[SpecificationMachine]) -> Trace | None:
    """Return the canonical trace of what a machine found; None if it found nothing.

    On a host that can be run one step at a time the run is repeated so, and the trace is what that shows, which
    `latchproof replay` repeats. On another host, or if that shows nothing, the trace is what Hypothesis saw, one pass
    of the loop at a time.
    """
    if machine.failure is None:
        return None
    failure, policy = machine.failure, machine.policies[0].name
    if machine.host in STEPPED:
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
    return make_trace(failure, machine.target, policy, strict=machine.strict, host=machine.host)


def state_machine(
    target: Target | Callable[[int], Any],
    *,
    kind: str | None = None,
    rename: Mapping[str, str] | None = None,
    ignore: Sequence[str] = (),
    host: str = "asyncio",
    policy: str | None = None,
    claim: str | None = None,
    strict: bool = False,
    largest: int = LARGEST,
    parties: int | Sequence[int] | None = None,
    count: int | Sequence[int] | None = None,
) -> type[SpecificationMachine]:
    """Return a Hypothesis state machine for a class, made from the specification.

    `target` is a class, or a factory that takes the constructor's argument; `kind` names the machine of the
    specification, where that cannot be told, and `rename` maps the names that the class has to those that the
    specification has for them. `host` is the name of a host, such as "trio". Without a `policy`, a history is allowed
    if any named policy allows it throughout. With a `claim` only that one can fail; an example in which another does
    ends there, and the class has it in `broken`. `strict` is the form that our own classes keep: an operation takes
    effect in its first step, a cancellation at its request. `largest` bounds the constructor's argument and every int.
    What `ignore` names is not read. `parties` of a barrier, or `count` of a latch, are what the constructor is given in
    place of numbers up to `largest`.

    Put `TestMyBarrier = state_machine(MyBarrier).TestCase` in a test module, and pytest runs it.

    Raises TargetError if the target cannot be driven, or there is no such policy, claim or host.
    """
    found = target if isinstance(target, Target) else adapt(target, kind=kind, rename=rename)
    found = found.ignoring([ignore] if isinstance(ignore, str) else ignore)
    machine = found.machine
    require_claim(claim, machine)
    policies = machine.usual_policies if policy is None else (found.policy(policy),)
    arguments = arguments_asked_for(machine, {"parties": parties, "count": count})
    driver = make_driver(host)  # a host that is not installed is reported at once, not in the middle of a test
    driver.close()
    found = implemented(found, driver_of(host).stepped_as).under(policies)

    drawn = st.integers(machine.smallest, largest) if arguments is None else st.sampled_from(arguments)
    members: dict[str, Any] = {
        "target": found,
        "host": host,
        "policies": policies,
        "claim": claim,
        "strict": strict,
        "fired": set(),
        "broken": set(),
        "at_once": max(AT_ONCE, *(machine.needed_to_release(one, ())[1] for one in arguments or (machine.smallest,))),
        "examples": 0,
        "calls": 0,
        "make_instance": initialize(argument=drawn)(SpecificationMachine.make),
    }
    for operation in found.operations:
        strategies = {
            name: st.booleans() if operation.parameters[name] is bool else st.integers(-1, largest)
            for name in found.parameters[operation.name]
        }
        if operation.waits and machine.withdraws_early and driver.cancels_running:
            strategies["cancelled"] = st.sampled_from([False] * NOT_EARLY + [True])
        members[f"call_{operation.name}"] = _rule_for(operation.name, strategies)
    return type(f"{found.name.rpartition(':')[2]}On{host.title()}", (SpecificationMachine,), members)


def _rule_for(operation: str, strategies: dict[str, Any]) -> Any:
    def call(self: SpecificationMachine, *, cancelled: bool = False, **arguments: Any) -> None:
        self.call(operation, arguments, cancelled=cancelled)

    call.__name__ = f"call_{operation}"
    has_room = precondition(lambda self: not self._judges or self._calls.at_once < self.at_once)
    derive: Any = rule(**strategies)
    return has_room(derive(call))
