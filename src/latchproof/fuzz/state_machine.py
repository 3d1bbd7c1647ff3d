"""Hypothesis state machines made from the specification.

A state machine is derived, not written: the specification's operations become its rules, with a strategy for each of
their parameters, the specification's functions are its model, and that a history breaks no claim is its invariant.
Calls are made on a real event loop, may be cancelled, and interleave as the loop has it. How calls are played is
that of `latchproof.check.harness`, and how they are observed and judged that of `latchproof.check.record`; here
Hypothesis decides what happens when.

>>> from hypothesis.stateful import run_state_machine_as_test
>>> from hypothesis import settings
>>> from latchproof import CountdownLatch
>>> machine = state_machine(CountdownLatch, host="asyncio", strict=True)
>>> run_state_machine_as_test(machine, settings=settings(max_examples=5, database=None))
"""

import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, wraps
from typing import Any, NoReturn

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from latchproof.check.bounds import ANY, arguments_asked_for
from latchproof.check.checker import require_claim
from latchproof.check.history import Failure
from latchproof.check.importing import name_of
from latchproof.check.loops import STEPPED
from latchproof.check.probe import implemented
from latchproof.check.record import NondeterminismError
from latchproof.check.replaying import replay
from latchproof.check.sandbox.watch import UNINTERRUPTED, USUAL_LIMITS, StepLimits, StuckError
from latchproof.check.target import Target, TargetError, adapt
from latchproof.check.trace import Trace, make_trace
from latchproof.check.verdict import PolicyVerdict, most_telling
from latchproof.fuzz.drivers import driver_of, make_driver
from latchproof.fuzz.example import QUIET_PASSES, Example
from latchproof_spec.model import Model

AT_ONCE = 5
"""Most calls that are under way at once, unless a constructor argument that is asked for needs more."""

NOT_EARLY = 7
"""Calls that are made as usual for each that is made by a task that is cancelled already.

Were they as frequent, there would be fewer of the others together, and what these show would be found half as often.
"""

LARGEST = 4
"""Largest int that is given to the constructor or to a call, unless another is asked for."""


class EndlessStepError(BaseException):
    """What the target does, did not end, twice. It is not an Exception: Hypothesis stops, and does not shrink it.

    Each example with such a step takes as long as the limits of a step allow.
    """


class CounterexampleError(AssertionError):
    """A run that no policy allows.

    It is drawn only when its text is asked for: to find a short one, Hypothesis makes many.
    """

    is_shown_alone = True
    """Whether the pytest plugin shows its text without a traceback."""

    def __init__(self, machine: "type[SpecificationMachine]", failure: Failure, policy: str) -> None:
        super().__init__(failure.finding.claim)
        self._machine, self._failure, self._policy = machine, failure, policy

    @cached_property
    def trace(self) -> Trace:
        """The canonical trace of the run."""
        return _trace(self._machine, self._failure, self._policy)

    @property
    def in_short(self) -> str:
        """What was found, as Hypothesis saw it: without repeating the run to draw it."""
        finding, machine = self._failure.finding, self._machine
        return f"{machine.target.name} breaks {finding.claim} on {machine.host}: {finding.seen}"

    @cached_property
    def _text(self) -> str:
        return f"{self.trace.target} {self.trace.fault} on {self.trace.host}\n\n{self._machine.drawn(self.trace)}"

    def __str__(self) -> str:
        return self._text.rstrip()


def _in_short(trace: Trace) -> str:
    """Return what was seen, what is allowed, and the command that shows the run."""
    again = [f"again: {trace.again}"] if trace.is_stepwise else []
    return "\n".join([f"seen: {trace.seen}", f"allowed: {' or '.join(trace.allowed)}", *again])


class _TestCase:
    """Hypothesis's TestCase of a machine, which fails where a step does not end, as with any other failure."""

    def __get__(self, machine: object, kind: type[RuleBasedStateMachine]) -> Any:
        base: Any = kind._to_test_case()  # the same each time
        run_test = base.runTest
        if not hasattr(run_test, "__wrapped__"):

            @wraps(run_test)
            def run(case: Any) -> None:
                try:
                    run_test(case)
                except EndlessStepError as error:
                    raise AssertionError(str(error)) from None

            base.runTest = run
        return base


class SpecificationMachine(RuleBasedStateMachine):
    """What every derived machine has: an example, which has a loop and an instance, and what came of all examples.

    `fired` gathers, over all examples, the rules of the specification that were fired; `examples` and `calls` count.
    With a `claim` only its failure fails an example; `broken` are the claims at whose failure examples ended.
    `failure` is the failing run that was made last: after Hypothesis is done, the smallest one that it found. `blaming`
    is the policy by which it is shown, chosen as a check chooses, and `drawn` draws it. `slow` has a sentence for each
    step that did not end within the `limits`, but did when it was repeated.

    Raises EndlessStepError if a step does not end, even when it is repeated.
    """

    target: Target
    host: str
    policies: tuple[Any, ...]
    claim: str | None
    strict: bool
    limits: StepLimits
    fired: set[str]
    at_once: int
    examples: int
    calls: int
    broken: set[str]
    slow: list[str]
    failure: Failure | None = None
    blaming: str = ""
    drawn: Callable[[Trace], str] = staticmethod(_in_short)
    TestCase = _TestCase()

    def __init__(self) -> None:
        super().__init__()
        self._logging = logging.root.manager.disable
        logging.disable(logging.CRITICAL)
        self._example: Example | None = None
        """None until the instance is made."""
        type(self).examples += 1

    def make(self, argument: int) -> None:
        """Make the instance."""
        self._example = Example(self.target, self.host, self.policies, argument, self.limits, strict=self.strict)
        self._example.make()
        if not self._example.interrupts_blocked:
            warnings.warn(UNINTERRUPTED, stacklevel=2)
        self.judge()

    @property
    def example(self) -> Example:
        """The example, once its instance is made."""
        assert self._example is not None
        return self._example

    def call(self, operation: str, arguments: dict[str, Any], *, cancelled: bool = False) -> None:
        """Make a task that makes a call, and before that is cancelled if that is asked for."""
        found = next(one for one in self.target.operations if one.name == operation)
        self.example.call(self.target.call(found, tuple(arguments.values())), cancelled=cancelled)

    def give_back(self, operation: str, arguments: dict[str, Any], data: st.DataObject) -> None:
        """Have a task that holds something give it back, if there is one that holds what these arguments give back."""
        found = next(one for one in self.target.operations if one.name == operation)
        call = self.target.call(found, tuple(arguments.values()))
        if able := self.example.able_to(call):
            self.example.call_again(call, data.draw(st.sampled_from(able)))

    @precondition(lambda self: self._example is not None)
    @rule()
    def run_pass(self) -> None:
        """Let every task that is ready run once."""
        self.example.run_pass()
        self.judge()

    @property
    def _cancellable(self) -> set[int]:
        return set() if self._example is None else self._example.cancellable

    @precondition(lambda self: self._cancellable)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """Request the cancellation of a call that has begun and not ended."""
        self.example.cancel(data.draw(st.sampled_from(sorted(self._cancellable))))
        self.judge()

    @precondition(lambda self: self._example is not None and self._example.calls.made > 0)
    @rule()
    def rest(self) -> None:
        """Run until nothing can run any more."""
        quiet = 0
        while quiet < QUIET_PASSES:
            before = self.example.events
            self.run_pass()
            quiet = 0 if self.example.has_happened_since(before) else quiet + 1
        self.example.rest()
        self.judge()

    def judge(self) -> None:
        """Raise CounterexampleError if no policy allows the history, or EndlessStepError if a step does not end."""
        if self.example.stuck is not None:
            self._repeat()
        if (failure := self._failure()) is not None:
            raise CounterexampleError(type(self), failure, self.blaming)

    def _failure(self) -> Failure | None:
        """Return the failure of the example, if no policy allows the history and it is one of the claim; note it."""
        failures = self._failures()
        if not all(failures.values()):
            return None
        blamed = _blamed(failures, self.claim)
        failure = _smallest(blamed, self.claim)
        claim = failure.finding.claim
        type(self).broken.add(claim)
        if self.claim not in (None, claim):
            return None
        type(self).failure, type(self).blaming = failure, blamed.policy
        return failure

    def _failures(self) -> dict[str, dict[str, Failure]]:
        """Return what is broken under each policy, by the policy's name."""
        found: dict[str, dict[str, Failure]] = {policy.name: {} for policy in self.policies}
        for policy, failure in [] if self._example is None else self._example.record.failures:
            found[policy].setdefault(failure.finding.claim, failure)
        return found

    def teardown(self) -> None:
        """Run to rest, then close the loop."""
        example = self._example
        try:
            may_rest = example is not None and example.calls.made and example.stuck is None
            if may_rest and not all(self._failures().values()):
                self.rest()
        finally:
            try:
                if self._example is not None:
                    self._close()
            finally:
                logging.disable(self._logging)

    # ------------------------------------------------------------------------------------------- what does not end

    def _repeat(self) -> None:
        """Repeat what did not end: raise EndlessStepError if it does not end again, and else continue from there."""
        once = self.example
        once.close()
        self._example = once.repeated()
        if self._example.stuck is None:
            self._note_slow(once)
        else:
            self._failure()
            self._stop(once)

    def _close(self) -> None:
        """Close the loop. If that does not end, repeat the example and have its calls cancelled by its last step."""
        once = self.example
        was_stuck = once.stuck is not None
        type(self).calls += once.calls.begun
        for judge in once.judges:
            type(self).fired |= judge.fired
        once.close()
        if was_stuck or once.stuck is None:
            return
        if self._failure() is None:
            self._example = once.repeated()
            try:
                for number in sorted(self._cancellable):
                    self.example.cancel(number)
                    self.judge()
                self.rest()
            finally:
                self.example.close()
            if self.example.stuck is None:
                self._note_slow(once)
                return
        self._stop(once)

    def _note_slow(self, once: Example) -> None:
        type(self).slow.append(f"{once.stuck}; under the same schedule it ended another time")

    def _stop(self, once: Example) -> NoReturn:
        """Have Hypothesis stop, with the failure if there is one."""
        if self.failure is not None:
            raise EndlessStepError(CounterexampleError(type(self), self.failure, self.blaming))
        about = "" if self.claim is None else f" about {self.claim}"
        raise EndlessStepError(f"{once.stuck}; nothing is concluded{about}")


def trace_of(machine: type[SpecificationMachine]) -> Trace | None:
    """Return the canonical trace of what a machine found; None if it found nothing.

    On a host that can be run one step at a time the run is repeated so, and the trace is what that shows, which
    `latchproof replay` repeats. On another host, or if that shows nothing, the trace is what Hypothesis saw, one pass
    of the loop at a time.
    """
    return None if machine.failure is None else _trace(machine, machine.failure, machine.blaming)


def _trace(machine: type[SpecificationMachine], failure: Failure, policy: str) -> Trace:
    if machine.host in STEPPED:
        try:
            repeated = {one.name: _repeated(machine, failure, one.name) for one in machine.policies}
        except (NondeterminismError, TargetError, StuckError):
            repeated = {}
        if repeated and all(repeated.values()):
            blamed = _blamed(repeated, machine.claim)
            if machine.claim is None or machine.claim in blamed.failures:
                policy, failure = blamed.policy, _smallest(blamed, machine.claim)
    return make_trace(failure, machine.target, policy, strict=machine.strict, host=machine.host)


def _repeated(machine: type[SpecificationMachine], failure: Failure, policy: str) -> dict[str, Failure]:
    """Repeat a run one step at a time; return what it breaks under a policy."""
    explorer = replay(
        machine.target,
        failure.schedule,
        argument=failure.argument,
        policies=[policy],
        host=machine.host,
        strict=machine.strict,
        limits=machine.limits,
    )
    return explorer.so_far.failures[policy]


def _blamed(failures: Mapping[str, dict[str, Failure]], claim: str | None) -> PolicyVerdict:
    """Return what is broken under the policy that a check would show."""
    return most_telling([PolicyVerdict(policy, found, (), (), ()) for policy, found in failures.items()], claim)


def _smallest(blamed: PolicyVerdict, claim: str | None) -> Failure:
    """Return the failure of the claim, if it is asked for and broken, or else the smallest."""
    return blamed.failures.get(claim or "") or min(blamed.failures.values(), key=lambda one: one.rank)


def state_machine(
    target: Target | Callable[..., Any],
    *,
    kind: str | None = None,
    rename: Mapping[str, str] | None = None,
    ignore: Sequence[str] = (),
    host: str = "asyncio",
    policy: str | None = None,
    claim: str | None = None,
    strict: bool = False,
    largest: int = LARGEST,
    argument: int | Sequence[int] | None = None,
    parties: int | Sequence[int] | None = None,
    count: int | Sequence[int] | None = None,
    model: str | type[Model] | None = None,
    step_cpu: float = USUAL_LIMITS.cpu,
    step_block: float = USUAL_LIMITS.block,
) -> type[SpecificationMachine]:
    """Return a Hypothesis state machine for a class, made from the specification.

    `target` is a class, or a factory that takes the constructor's argument; `kind` names what it is, where that
    cannot be told, `model` is a model of your own to hold it against, and `rename` maps the names that the class
    has to those that the specification has for them. `host` is the name of a host, such as "trio". Without a
    `policy`, a history is allowed if any named policy allows it throughout. With a `claim` only that one can fail;
    an example in which another does ends there, and the class has it in `broken`. `strict` is the form that our own
    classes keep: an operation takes effect in its first step, a cancellation at its request. `largest` bounds the
    constructor's argument and every int. What `ignore` names is not read. `parties` of a barrier, `count` of a
    latch, or the `argument` of any kind are what the constructor is given in place of numbers up to `largest`.

    A step that uses `step_cpu` seconds of CPU time, or is blocked for `step_block` seconds, does not end. If it does
    not end when it is repeated either, that is a failure, and Hypothesis stops there: the run is not shrunk. uvloop
    does not show its steps: there the limits hold for all that runs in one pass before a call begins or ends. Outside
    of the main thread a step that is blocked is not interrupted, and nowhere is one in which C code keeps the
    interpreter.

    Put `TestMyBarrier = state_machine(MyBarrier).TestCase` in a test module, and pytest runs it. Where a step does not
    end, that raises AssertionError, and Hypothesis's `run_state_machine_as_test` raises `EndlessStepError`.

    Raises TargetError if the target cannot be driven, or there is no such policy, claim or host.
    """
    found = target if isinstance(target, Target) else adapt(target, name_of(target), kind, rename, model)
    found = found.ignoring([ignore] if isinstance(ignore, str) else ignore)
    checked_as = found.kind
    require_claim(claim, checked_as)
    policies = checked_as.usual_policies if policy is None else (found.policy(policy),)
    arguments = arguments_asked_for(checked_as, {ANY: argument, "parties": parties, "count": count})
    driver = make_driver(host)  # a host that is not installed is reported at once, not in the middle of a test
    driver.close()
    limits = StepLimits(step_cpu, step_block)
    found = implemented(found, driver_of(host).stepped_as, limits).under(policies)

    drawn = st.integers(checked_as.smallest, largest) if arguments is None else st.sampled_from(arguments)
    members: dict[str, Any] = {
        "target": found,
        "host": host,
        "policies": policies,
        "claim": claim,
        "strict": strict,
        "limits": limits,
        "fired": set(),
        "broken": set(),
        "slow": [],
        "at_once": max(
            AT_ONCE, *(checked_as.needed_to_release(one, ())[1] for one in arguments or (checked_as.smallest,))
        ),
        "examples": 0,
        "calls": 0,
        "make_instance": initialize(argument=drawn)(SpecificationMachine.make),
    }
    giving = {one.gives_back for one in found.operations}
    for operation in found.operations:
        strategies = {
            name: st.booleans() if operation.parameters[name] is bool else st.integers(-1, largest)
            for name in found.parameters[operation.name]
        }
        if operation.waits and checked_as.withdraws_early and driver.cancels_running:
            strategies["cancelled"] = st.sampled_from([False] * NOT_EARLY + [True])
        made = _giving_rule_for if operation.name in giving else _rule_for
        members[f"call_{operation.name}"] = made(operation.name, strategies)
    return type(f"{found.name.rpartition(':')[2]}On{host.title()}", (SpecificationMachine,), members)


def _rule_for(operation: str, strategies: dict[str, Any]) -> Any:
    def call(self: SpecificationMachine, *, cancelled: bool = False, **arguments: Any) -> None:
        self.call(operation, arguments, cancelled=cancelled)

    call.__name__ = f"call_{operation}"
    has_room = precondition(lambda self: self._example is None or self._example.calls.at_once < self.at_once)
    derive: Any = rule(**strategies)
    return has_room(derive(call))


def _giving_rule_for(operation: str, strategies: dict[str, Any]) -> Any:
    """Return the rule of an operation that gives back what a task holds; no other task calls it."""

    def call(self: SpecificationMachine, data: st.DataObject, **arguments: Any) -> None:
        self.give_back(operation, arguments, data)

    call.__name__ = f"call_{operation}"
    is_held = precondition(lambda self: self._example is not None and self._example.calls.idle)
    derive: Any = rule(data=st.data(), **strategies)
    return is_held(derive(call))
