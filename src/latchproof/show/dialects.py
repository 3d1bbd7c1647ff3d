"""How a standalone test is written for each host: its imports, its frame, and how it makes each choice of a schedule.

A host is a `Dialect` here, and a line in `DIALECTS`. What of a trace is written in it belongs to `repro`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Dialect:
    """How a program is written for a host: what it imports, its frame, and how it makes each choice of a schedule.

    `frame` has places for what `made` the object, and the `body`. `words` says how each word of a schedule is
    written, and `turn` how every ready task is run once. `gate` makes what a task waits for before it calls again, and
    `recover` lets it, after its call was cancelled, if each call is made in a `scope` where there is one. Where they
    are empty, no program does so; nor with eager tasks, which `eager` turns on, after which `plain_task` makes one that
    is not. `time` lets `seconds` pass at once, where that can be. `errors` makes what a call may raise in whose except
    block another is made.
    """

    imports: str
    cancelled: str
    frame: str
    task: str
    cancel: str
    words: dict[str, str]
    turn: str
    gate: str = ""
    recover: str = ""
    eager: str = ""
    plain_task: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
    scope: str = ""
    time: str = ""


CALL = """\
try:
    value = method(*arguments)
    if inspect.isawaitable(value):
        value = await value
except {cancelled}:
    ended[number] = "cancelled"
    {after}
except Exception as error:
    ended[number] = f"raised {{type(error).__name__}}"
else:
    ended[number] = value
"""

IN_EXCEPT = """\
async def in_except(error, method, *arguments):
    try:
        raise error
    except type(error):
        value = method(*arguments)
        return await value if inspect.isawaitable(value) else value
"""

ASYNCIO_ERRORS = {
    "CancelledError": "asyncio.CancelledError()",
    "BrokenBarrierError": "asyncio.BrokenBarrierError()",
}
"""How a program makes what a call may raise."""

ASYNCIO = Dialect(
    imports="import asyncio\nimport inspect",
    cancelled="asyncio.CancelledError",
    frame="""\
async def scenario():
    it = {made}
{body}
    for task in asyncio.all_tasks() - {{asyncio.current_task()}}:
        task.cancel()

asyncio.run(scenario())
""",
    task="{name} = asyncio.create_task(calls({todo}))",
    cancel="{name}.cancel()",
    words={"run": "await asyncio.sleep(0)", "pass": "await asyncio.sleep(0)"},
    turn="await asyncio.sleep(0)",
    gate="asyncio.Event()",
    recover="asyncio.current_task().uncancel()",
    eager="asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)",
    plain_task="{name} = asyncio.Task(calls({todo}), loop=asyncio.get_running_loop())",
    errors=ASYNCIO_ERRORS,
    time="loop = asyncio.get_running_loop()\nloop.time = lambda before=loop.time: before() + {seconds}  # they pass",
)

ASYNCIO_BY_STEPS = Dialect(
    imports="import asyncio\nimport inspect",
    cancelled="asyncio.CancelledError",
    frame="""\
loop = asyncio.SelectorEventLoop()

def step():  # one callback of the event loop
    if loop._ready:
        loop._ready.popleft()._run()

asyncio._set_running_loop(loop)
try:
    it = {made}
{body}
finally:
    for task in asyncio.all_tasks(loop):
        task.cancel()
    while loop._ready:
        step()
    asyncio._set_running_loop(None)
    loop.close()
""",
    task="{name} = loop.create_task(calls({todo}))",
    cancel="{name}.cancel()",
    words={"run": "step()"},
    turn="step()",
    gate="asyncio.Event()",
    recover="asyncio.current_task().uncancel()",
    errors=ASYNCIO_ERRORS,
)

TRIO = Dialect(
    imports="import contextlib\nimport importlib\nimport inspect\nimport random\n\nimport sniffio\nimport trio",
    cancelled="trio.Cancelled",
    frame="""\
core = importlib.import_module("trio._core._run")
nursery = it = None

async def main():
    nonlocal it, nursery
    async with trio.open_nursery() as nursery:
        it = {made}
        await trio.sleep_forever()

async def within(scope, *todo):
    with scope:
        await calls(*todo)

class Coin(random.Random):  # trio tosses a coin for the order of each pass; here it falls as the test says
    side = 0.0

    def random(self):
        return self.side

def one_pass(side=0.0):
    coin.side = side
    loop.send(runner.io_manager.get_events(0))

coin, core._r, before = Coin(), None, core._r
core._r, sniffio.thread_local.name = coin, "trio"
core._ALLOW_DETERMINISTIC_SCHEDULING = False  # which Hypothesis turns on where it is installed
runner = core.setup_runner(None, [], False, True)
loop = core.unrolled_run(runner, main, (), host_uses_signal_set_wakeup_fd=True)
try:
    loop.send(None)
    while it is None:
        one_pass()
{body}
finally:
    nursery.cancel_scope.cancel()
    with contextlib.suppress(StopIteration):
        while True:
            one_pass()
    core._r, sniffio.thread_local.name = before, None
""",
    task="{name} = trio.CancelScope()\nnursery.start_soon(within, {name}, {todo})",
    cancel="{name}.cancel()",
    words={"pass": "one_pass()", "pass reversed": "one_pass(1.0)"},
    turn="one_pass()",
    gate="trio.Event()",
    recover="pass",
    scope="with trio.CancelScope() as scopes[number]:",
)

FLOWNO = Dialect(
    imports="import inspect\n\nfrom flowno.core.event_loop.event_loop import EventLoop\n"
    "from flowno.core.event_loop.primitives import sleep\nfrom flowno.core.event_loop.tasks import TaskCancelled",
    cancelled="TaskCancelled",
    frame="""\
loop = EventLoop()

async def scenario():
    it = {made}
{body}

loop.run_until_complete(scenario(), join=True, wait_for_spawned_tasks=False)
""",
    task="{name} = calls({todo})\nloop.tasks.append(({name}, None, None))  # as create_task does, where there is one",
    cancel="loop.cancel({name})",
    words={"run": "await sleep(0)", "pass": "await sleep(0)"},
    turn="await sleep(0)",
)

DIALECTS = {
    "asyncio": (ASYNCIO, ASYNCIO_BY_STEPS),
    "uvloop": (ASYNCIO,),
    "trio": (TRIO,),
    "flowno": (FLOWNO,),
}
"""The dialects of each host that has any, the most readable first."""
