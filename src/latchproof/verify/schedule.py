"""Runs a target's real code on asyncio under every schedule of a shape's programs: paths in a tree of choices.

The event loop is asyncio's own, with its tasks, futures and first-in first-out ready queue; but it makes one step (runs
one handle) when it is told to, and its clock is virtual. Between two steps a new
call may be made, by a task that joins the back of the ready queue; a call that has begun may be cancelled; and in the
very step in which a call ends, its task may go on to another. What the loop would not do is never tried.

A run is repeated from the start for every path: real code cannot be copied. What is not repeated is the judging of the
part that two runs share. A new call commutes with a step that makes nothing ready, so of the two orders one is tried:
that in which the call comes later, and the loop perhaps to rest before it. And a state that was met before, in no more
steps, is not gone on from again; one that is met again in the same run, with nothing but steps between, is rest too.
"""

from __future__ import annotations

import asyncio
import heapq
import inspect
import threading
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any, TypeVarTuple

from latchproof.verify.fingerprint import Fingerprinter, NoFingerprintError
from latchproof.verify.history import Begin, End, Event, Finding, Judge, Observe, Request, Rest, Stray
from latchproof.verify.scenario import Shape
from latchproof.verify.target import Call, Target

Given = TypeVarTuple("Given")

QUIET_STEPS = 6
"""After so many steps without progress it is looked for whether the same states come round again."""

STEPS_WITHOUT_PROGRESS = 60
"""So many steps in which no call begins or ends and no observation changes make a run that never rests."""


CLOSINGS = 4
"""So often is a coroutine told to close that goes on to await; the rest is left to the garbage collector."""

REST, TIME_PASSES = ("rest",), ("time passes",)


class NondeterminismError(Exception):
    """The target did not do the same again under the same schedule: threads, randomness, or the wall clock."""


class StepLoop(asyncio.BaseEventLoop):
    """asyncio's own event loop, but that it runs one handle when it is told to, and that its time is virtual."""

    _ready: deque[asyncio.Handle]
    _scheduled: list[asyncio.TimerHandle]
    _thread_id: int | None

    def __init__(self, on_error: Callable[[str], None]) -> None:
        super().__init__()
        self._now = 0.0
        self.time_was_read = False
        """Whether what time it is may be part of the target's state. To set a timer is not to read the time."""
        self._on_error = on_error
        self._thread_id = threading.get_ident()  # it counts as running from the start

    @property
    def now(self) -> float:
        """What time it is, for the harness."""
        return self._now

    def time(self) -> float:
        self.time_was_read = True
        return self._now

    def call_later(
        self, delay: float, callback: Callable[[*Given], object], *args: *Given, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        error = context.get("exception")
        # what is said of futures and tasks that are collected is said at a time that no schedule controls
        if error is not None and "never retrieved" not in context.get("message", ""):
            self._on_error(f"{type(error).__name__}: {error}")

    def _write_to_self(self) -> None:
        """There is no selector to wake."""

    @property
    def waiting(self) -> tuple[int, int]:
        """How many handles are ready, and how many timers are set."""
        return len(self._ready), len(self._scheduled)

    def can_run(self) -> bool:
        """Whether a handle is ready, or a timer will make one."""
        return bool(self._ready or self.has_timer())

    def has_timer(self) -> bool:
        """Whether a timer is set."""
        while self._scheduled and self._scheduled[0].cancelled():
            heapq.heappop(self._scheduled)
        return bool(self._scheduled)

    def run_one(self) -> bool:
        """Run the next handle; when none is ready, let time pass until the next timer. False if it was cancelled."""
        if not self._ready:
            self.let_time_pass()
        handle = self._ready.popleft()
        if handle.cancelled():
            return False
        handle._run()
        return True

    def let_time_pass(self) -> None:
        """Until the next timer."""
        self._now = max(self._now, self._scheduled[0].when())
        while self._scheduled and self._scheduled[0].when() <= self._now:
            self._ready.append(heapq.heappop(self._scheduled))

    @property
    def state(self) -> tuple[Any, ...]:
        """All that it does next depends on."""
        timers = [(timer.when() - self._now, timer) for timer in self._scheduled]
        return self._ready, timers, self._now if self.time_was_read else None

    def finish(self) -> None:
        """Close it, whatever is left to run."""
        self._thread_id = None
        self.close()


@dataclass
class _Choice:
    options: tuple[str, ...]
    taken: int
    snapshots: tuple[Any, ...]
    steps: int = 0
    fingerprint: bytes | None = None
    rested: bool = False
    quiet: bool = False
    """The first option is to run a handle, and that made nothing ready: calls made before it commute with it."""

    def advance(self) -> bool:
        """Go on to the next option; False if none is left. Calls that only a quiet step can follow are left out."""
        self.taken += 1
        if self.quiet and self.taken == 1 and not self.options[-1].startswith("cancel"):
            return False
        return self.taken < len(self.options)


@dataclass(frozen=True)
class Failure:
    """A run that ends in a finding: how it was made, what happened, and what was found.

    `schedule` is the list of choices, in words; `history` every event, the last of which is not allowed.
    """

    finding: Finding
    argument: int
    schedule: tuple[str, ...]
    history: tuple[Event, ...]
    size: tuple[int, int, int, int]


@dataclass
class Walk:
    """What came of walking one tree: how much was run, the rules fired, and the smallest failure for each claim.

    `fired` and `failures` are by the name of the policy. `pruned` counts the schedules that were broken off because
    they commute with another or come to a state that was met before, `restless` those that never came to rest.
    `no_fingerprint` says what kept states from being recognized.
    """

    schedules: int = 0
    steps: int = 0
    pruned: int = 0
    events: int = 0
    restless: int = 0
    complete: bool = True
    no_fingerprint: str | None = None
    fired: dict[str, set[str]] = field(default_factory=dict)
    failures: dict[str, dict[str, Failure]] = field(default_factory=dict)


class _PrunedError(Exception):
    """This order of two commuting choices is tried the other way round, or this state was met before."""


@dataclass
class _Met:
    """The states that were met, each with the fewest steps to it."""

    fingerprinter: Fingerprinter
    steps: dict[bytes, int] = field(default_factory=dict)
    failure: str | None = None


class Explorer:
    """Walks every schedule of every program of a shape, for one constructor argument, judging by several policies."""

    def __init__(
        self,
        target: Target,
        shape: Shape,
        argument: int,
        policies: Sequence[Any],
        *,
        strict: bool = False,
        prune: bool = True,
        merge: bool = True,
    ) -> None:
        self._prune = prune
        self._merge = merge
        self._met: _Met | None = None
        self._target = target
        self._shape = shape
        self._argument = argument
        self._judges = [Judge(target.machine, policy, argument, strict=strict) for policy in policies]
        self._calls = {call: str(call) for call in shape.choices(target)}
        self._stack: list[_Choice] = []
        self._walk = Walk(failures={policy.name: {} for policy in policies})

    def walk(
        self,
        *,
        at_most: int | None = None,
        on_run: Callable[[Walk], None] | None = None,
        on_history: Callable[[tuple[Event, ...]], None] | None = None,
    ) -> Walk:
        """Run every schedule, or the first `at_most`. `on_run` is told after each run how far the walk has come.

        `on_history` is given the history of every run that was not broken off; every state is gone on from then, also
        one that was met before. Raises NondeterminismError if the target does not do the same again under the same
        schedule.
        """
        if self._merge and on_history is None:
            self._met = _Met(_fingerprinter(self._calls))
        start = [judge.snapshot() for judge in self._judges]
        while True:
            if not self._stack:
                for judge, snapshot in zip(self._judges, start, strict=True):
                    judge.restore(snapshot)
            self._run(on_history)
            self._walk.schedules += 1
            if on_run is not None:
                on_run(self._walk)
            while self._stack and not self._stack[-1].advance():
                self._stack.pop()
            if not self._stack:
                break
            if at_most is not None and self._walk.schedules >= at_most:
                self._walk.complete = False
                break
        return self.so_far

    @property
    def so_far(self) -> Walk:
        """How far the walk has come."""
        self._walk.fired = {judge.policy.name: set(judge.fired) for judge in self._judges}
        self._walk.no_fingerprint = self._met.failure if self._met is not None else None
        return self._walk

    def _run(self, on_history: Callable[[tuple[Event, ...]], None] | None) -> None:
        run = _Run(
            self._target, self._shape, self._argument, self._calls, self._judges, self._stack, self._prune, self._met
        )
        try:
            run.play()
            if on_history is not None:
                on_history(tuple(run.history))
        except _PrunedError:
            self._walk.pruned += 1
        finally:
            run.tear_down()
        self._walk.steps += run.steps
        self._walk.events += len(run.history)
        self._walk.restless += run.restless
        for policy, failure in run.failures:
            known = self._walk.failures[policy].get(failure.finding.claim)
            if known is None or failure.size < known.size:
                self._walk.failures[policy][failure.finding.claim] = failure


class _Run:
    """One run: a fresh instance on a fresh loop, driven by the choices on the stack, and by first choices beyond it."""

    def __init__(
        self,
        target: Target,
        shape: Shape,
        argument: int,
        calls: dict[Call, str],
        judges: list[Judge],
        stack: list[_Choice],
        prune: bool,
        met: _Met | None,
    ) -> None:
        self._prune = prune
        self._met = met
        self._passed: dict[bytes, float] = {}
        """The states met since the last choice that was not to run a handle, and what time it was."""
        self._target = target
        self._shape = shape
        self._calls = calls
        self._judges = judges
        self._stack = stack
        self._position = 0
        self._repeating = len(stack)
        self._argument = argument
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._all_tasks: list[asyncio.Task[Any]] = []
        self._births: set[asyncio.Task[None]] = set()
        self._newborn: asyncio.Task[None] | None = None
        self._front_is_quiet = False
        self._latest: _Choice | None = None
        self._fingerprint: bytes | None = None
        self._begun = 0
        self._made = 0
        self._cancelled = 0
        self._observed: object = None
        self._progress = 0
        self._over = False
        self.loop = StepLoop(self._stray)
        self.loop.set_task_factory(self._make_task)
        self.steps = 0
        self.restless = 0
        self.history: list[Event] = []
        self.schedule: list[str] = []
        self.failures: list[tuple[str, Failure]] = []
        self._settled = False

    def play(self) -> None:
        """Run until nothing is left to choose, or the history is not allowed any more."""
        running = events._get_running_loop()
        events._set_running_loop(self.loop)
        try:
            self._instance = self._target.make(self._argument)
            rested = False
            while not self._settled:
                can_run = self.loop.can_run()
                if not can_run and not rested:
                    self._rest()
                    rested = True
                    continue
                options = self._options(can_run and not rested)
                if not options:
                    return
                if len(options) > 1 or self._progress > QUIET_STEPS:
                    round_trip = self._comes_round(rested)
                    if round_trip == REST:
                        self._rest()
                        rested = True
                    if round_trip == TIME_PASSES:
                        self.loop.let_time_pass()
                    if round_trip:
                        continue
                chosen = self._choose(tuple(options))
                rested = False
                action = options[chosen]
                if action == "run":
                    self._step()
                    if self._progress > STEPS_WITHOUT_PROGRESS:
                        self.restless = 1
                        return
                else:
                    self._progress = 0
                    self._passed.clear()
                    act, detail = self._actions[action]
                    act(detail)
        finally:
            events._set_running_loop(running)

    def _rest(self) -> None:
        """Nothing can run, or only what goes round in circles; what is observed then is observed at rest."""
        self._passed.clear()
        self._take(Rest())
        self._observe()

    def _comes_round(self, rested: bool) -> tuple[str, ...] | None:
        """What happens if this state was met before in this run, with nothing but steps since; None if it was not.

        That is rest. But if no time passed in between, and a timer is set, then first the timer is due.

        Raises _PrunedError if the state was met before in another run, in no more steps.
        """
        if self._met is None:
            return None
        now = self.loop.now
        if self._position < len(self._stack):
            choice = self._stack[self._position]
            if choice.steps != self.steps:
                return None
            if choice.options in (REST, TIME_PASSES) and choice.rested == rested:
                self._position += 1
                return choice.options
            if choice.fingerprint is not None:
                self._passed.setdefault(choice.fingerprint, now)
            return None
        self._fingerprint = fingerprint = self._fingerprint_of_now(self._met, rested)
        if fingerprint is None:
            return None
        if fingerprint in self._passed:
            outcome = TIME_PASSES if self._passed[fingerprint] == now and self.loop.has_timer() else REST
            self._stack.append(_Choice(outcome, 0, (), self.steps, rested=rested))
            self._position += 1
            return outcome
        self._passed[fingerprint] = now
        if self._met.steps.get(fingerprint, self.steps + 1) <= self.steps:
            raise _PrunedError
        self._met.steps[fingerprint] = self.steps
        return None

    def _fingerprint_of_now(self, met: _Met, rested: bool) -> bytes | None:
        if met.failure is not None:
            return None
        ranks = {call: rank for rank, call in enumerate(sorted(self._tasks))}
        self.ranks = ranks
        budgets = (self._made, self._begun, self._cancelled, self._newborn is not None, self._front_is_quiet, rested)
        judged = tuple(judge.state(ranks) for judge in self._judges)
        tasks = [self._tasks[call] for call in ranks]
        try:
            return met.fingerprinter.of(self._instance, tasks, self.loop.state, besides=(budgets, judged))
        except NoFingerprintError as error:
            met.failure = str(error)
            return None

    def _options(self, can_run: bool) -> list[str]:
        options = ["run"] if can_run and not self._front_is_quiet else []
        self._actions: dict[str, tuple[Callable[[Any], None], Any]] = {}
        under_way = self._made - self._begun + len(self._tasks)
        if self._made < self._shape.calls and under_way < self._shape.at_once:
            for call, name in self._calls.items():
                self._actions[f"call {name}"] = (self._spawn, call)
        if self._cancelled < self._shape.cancellations:
            for number in self._tasks:
                self._actions[f"cancel {number + 1}"] = (self._cancel, number)
        return [*options, *self._actions]

    def _choose(self, options: tuple[str, ...]) -> int:
        self._latest = None
        if len(options) == 1:
            self._fingerprint = None
            self.schedule.append(options[0])
            return 0
        if self._position < len(self._stack):
            choice = self._stack[self._position]
            if choice.options != options:
                raise NondeterminismError(
                    f"under the same schedule there was the choice {choice.options} once, and {options} another time"
                )
            if self._position == self._repeating - 1:
                for judge, snapshot in zip(self._judges, choice.snapshots, strict=True):
                    judge.restore(snapshot)
        else:
            snapshots = tuple(judge.snapshot() for judge in self._judges)
            choice = _Choice(options, 0, snapshots, self.steps, self._fingerprint)
            self._stack.append(choice)
        self._fingerprint = None
        self._latest = choice
        self._position += 1
        self.schedule.append(options[choice.taken])
        return choice.taken

    def _step(self) -> None:
        newborn, self._newborn = self._newborn, None
        ready, timers = self.loop.waiting
        choice = self._latest
        self.steps += 1
        self._progress += 1
        if self.loop.run_one() and not self._settled:
            self._observe()
        made_nothing_ready = self.loop.waiting == (ready - 1, timers)
        if self._prune and made_nothing_ready:
            if newborn is not None and newborn not in self._births:
                raise _PrunedError
            if choice is not None and choice is self._latest:
                choice.quiet = True

    def _observe(self) -> None:
        if not self._target.observations:
            return
        try:
            values = self._target.observe(self._instance)
        except Exception as error:
            self._take(Stray(f"an observation raised {type(error).__name__}: {error}"))
            return
        if values != self._observed:
            self._observed = values
            self._progress = 0
        self._take(Observe(values))

    def _spawn(self, call: Call) -> None:
        self._made += 1
        self._newborn = self.loop.create_task(self._play_task(call))
        self._front_is_quiet |= self._latest is not None and self._latest.quiet

    def _make_task(self, loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
        """Tasks that the target makes are noted too, so that none is left suspended."""
        task: asyncio.Task[Any] = asyncio.Task(coroutine, loop=loop, **options)
        self._all_tasks.append(task)
        return task

    def _cancel(self, number: int) -> None:
        self._newborn = None
        self._front_is_quiet = False
        self._cancelled += 1
        self._take(Request(number))
        self._tasks[number].cancel()

    async def _play_task(self, call: Call | None) -> None:
        """A task that makes a call, and in the step in which it returns perhaps another."""
        while call is not None:
            number = self._begun
            self._begun += 1
            task = asyncio.current_task(self.loop)
            assert task is not None
            self._tasks[number] = task
            self._births.add(task)
            self._take(Begin(number, call.operation.name, call.arguments))
            end = await self._play_call(number, call)
            if self._over:
                return
            del self._tasks[number]
            self._take(end)
            if end.how == "cancelled" or self._settled:
                return
            call = self._next_call()

    async def _play_call(self, number: int, call: Call) -> End:
        try:
            value = getattr(self._instance, call.operation.name)(*call.arguments)
            if inspect.isawaitable(value):
                value = await value
        except asyncio.CancelledError:
            return End(number, "cancelled")
        except GeneratorExit:
            raise
        except BaseException as error:
            return End(number, "raised", error=error)
        return End(number, "returned", value)

    def _next_call(self) -> Call | None:
        """Whether the task goes on to another call in the same step; that matters only if others are ready to run."""
        if self._made >= self._shape.calls or not self.loop.waiting[0]:
            return None
        chosen = self._choose(("return", *(f"then {name}" for name in self._calls.values())))
        if chosen == 0:
            return None
        self._made += 1
        return tuple(self._calls)[chosen - 1]

    def _take(self, event: Event) -> None:
        """Note an event, and judge it unless it stands in the part of the history that was judged before."""
        if self._over or self._settled:
            return
        self._progress = 0 if isinstance(event, Begin | End) else self._progress
        self.history.append(event)
        if self._position >= self._repeating:
            for judge in self._judges:
                if (finding := judge.step(event)) is not None:
                    self.failures.append((judge.policy.name, self._failure(finding)))
            self._settled = all(judge.finding is not None for judge in self._judges)

    def _failure(self, finding: Finding) -> Failure:
        calls = sum(1 for event in self.history if isinstance(event, Begin))
        requests = sum(1 for event in self.history if isinstance(event, Request))
        size = (calls, requests, self._argument, self.steps)
        return Failure(finding, self._argument, tuple(self.schedule), tuple(self.history), size)

    def _stray(self, error: str) -> None:
        self._take(Stray(error))

    def tear_down(self) -> None:
        """Close what is still suspended; nothing that it does then is part of the history."""
        self._over = True
        for task in self._all_tasks:
            coroutine = task.get_coro()
            if task.done() or not isinstance(coroutine, Coroutine):
                continue
            for _ in range(CLOSINGS):
                try:
                    coroutine.close()
                except Exception:  # it awaits in its clean-up, or clean-up fails in a state that no run leads to
                    continue
                break
        self.loop.finish()


def _fingerprinter(calls: dict[Call, str]) -> Fingerprinter:
    """One that knows the harness's own frames: of those it matters which call they make, and how far they are."""
    numbers = {call: number for number, call in enumerate(calls)}

    def name(bound: dict[str, Any]) -> tuple[Any, ...]:
        run: _Run = bound["self"]
        return numbers[bound["call"]], run.ranks.get(bound.get("number", -1))

    return Fingerprinter((StepLoop,), {_Run._play_task.__code__: name, _Run._play_call.__code__: name})
