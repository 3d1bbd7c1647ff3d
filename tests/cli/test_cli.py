"""The command line: what it prints, and 0, 1, 2 or 3."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import re
import subprocess
import sys
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import latchproof
from latchproof.check.notation import compact
from latchproof.check.record import NondeterminismError
from latchproof.cli.main import main, make_parser
from latchproof.explore import fairness
from latchproof.explore import states as exploring
from latchproof.mutants.generate import mutants
from latchproof.prove import obligations as proving
from latchproof.prove import smtlib
from latchproof.prove.classes.cases import Case
from latchproof.prove.goals import Obligation
from latchproof.prove.language import comparison
from latchproof.show.explorations import print_first_violation
from latchproof.show.formats import FORMATS, OF_TRACES
from latchproof_spec import machines
from latchproof_spec.barrier.machine import BARRIER
from latchproof_spec.latch.machine import LATCH
from latchproof_spec.machines import claim_of
from tests.explore.faults import faulty
from tests.prove.once import specification_checked_once

SAMPLES = "tests.check.samples"

GOLDEN = """\
latchproof check asyncio:Barrier: a barrier, on asyncio, judged by cpython

C5 is broken: A generation is given exactly the indices 0..parties-1, each once, in order of arrival; if calls are told only whether they lead, exactly one does.

  seen:     call 3: wait() returned 1
  run:      asyncio:Barrier(3) on asyncio, policy cpython: 4 calls, 1 cancellation, N steps of the event loop

  step  call 1          call 2     call 3     call 4     state
     1  wait()                                           1 waiting, whole
     2  |               wait()                           2 waiting, whole
        is cancelled    |
     3  ends cancelled  |                                1 waiting, whole
     4                  |          wait()                2 waiting, whole
     5                  |          |          wait()
     5                  |          |          returns 2  0 waiting, whole
     6                  returns 1  |
     7                             returns 1             <- not allowed

  source:   locks.py:NNN  calls 1, 2, 3 wait; call 1 ends cancelled
            locks.py:NNN  calls 4, 2, 3 return
  allowed:  to return one of 0..2 that its generation has not given yet (rule B2a)
  schedule: call wait(); run; call wait(); run; cancel 1; run; call wait(); run; call wait(); run
  again:    latchproof replay '3:w.w.-1.w.w.' asyncio:Barrier --policy cpython

bounds    parties 1, 2, 3: 4 calls, 3 at once, 1 cancellation, all operations
          parties 4: 5 calls, 4 at once, 1 cancellation, wait only
          parties 5: 6 calls, 5 at once, 1 cancellation, wait only
          parties 2: 8 calls, 2 at once, 1 cancellation, wait only, again in the same task
          parties 3: 6 calls, 3 at once, 1 cancellation, wait only
          parties 2, 3: 3 calls, 3 at once, 2 cancellations, wait only, again in the same task
          parties 2: 4 calls, 2 at once, 1 cancellation, all operations, again in the same task
          parties 1, 2: 3 calls, 2 at once, 1 cancellation (even before a call), all operations
          parties 2: 3 calls, 2 at once, 1 cancellation, all operations, again in the same task, also in an except block
          parties 2: 2 calls, 2 at once, 0 cancellations, all operations; and 2 calls on a second instance
          each step takes at most 2 s of CPU time and 5 s of blocking
not tried: parties above 5; more than 8 calls, 5 at once or 2 cancellations; what no line of the bounds has together
not driven: async with
not testable from outside: C4 (what a refused call has changed shows in what is read, as C16, or in what later calls do)
ran       N schedules on asyncio, N steps, N s
pruned    N runs, stopped early at a state or order already explored; what was run covers at least N schedules
fired     rules B1, B2a, B3, B4, B5, B5e, B6, B7
exercised C5, C6, C7, C8, C9, C10, C11, C13, C14, C15, C16
verdict   asyncio:Barrier breaks C5 under the policy cpython
"""  # noqa: E501


def without_numbers(text: str) -> str:
    """Replace how much was run, how long that took, and what differs between versions of Python."""
    text = re.sub(r"^(ran|pruned) .*$", lambda line: re.sub(r"\d[\d,.]*", "N", line[0]), text, flags=re.MULTILINE)
    text = re.sub(r"^ .*, with eager tasks\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"eager tasks \(.*?\); ", "", text)
    text = re.sub(r"(locks\.py):\d+", r"\1:NNN", text)
    text = re.sub(r"\d+ steps of the event loop", "N steps of the event loop", text)
    return re.sub(r"\.+'", ".'", re.sub(r"(; run)+", "; run", text))


def test_check_prints_the_counterexample(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "asyncio:Barrier", "--policy", "cpython"]) == 1
    assert without_numbers(capsys.readouterr().out) == GOLDEN


def in_a_process(*arguments: str, module: bool = True) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "latchproof"] if module else [str(Path(sys.executable).parent / "latchproof")]
    return subprocess.run([*command, *arguments], capture_output=True, text=True, check=False, encoding="utf-8")


def test_python_dash_m_latchproof_is_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("check", "asyncio:Barrier", "--policy", "cpython", "--parties", "3", "--calls", "4", "--tasks", "3")
    assert main(asked) == 1
    expected = without_numbers(capsys.readouterr().out)
    assert "asyncio:Barrier(3) on asyncio, policy cpython" in expected
    done = in_a_process(*asked)
    assert (done.returncode, without_numbers(done.stdout), done.stderr) == (1, expected, "")


def test_a_target_that_is_not_there_is_one_line_on_stderr() -> None:
    done = in_a_process("check", "no_such_module:Barrier")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("latchproof: there is no module 'no_such_module'")
    assert "Traceback" not in done.stderr


FINALIZED = """
import os

class Latch:
    \"\"\"It is right, ends the interpreter when it is dropped, and one of its kind is kept until the end.\"\"\"

    def __init__(self, count):
        self.count = count

    def count_down(self):
        self.count = max(0, self.count - 1)

    async def wait(self):
        pass

    def __del__(self):
        os._exit(1)

kept = Latch(1)
"""


def test_the_exit_code_is_the_commands_whatever_a_finalizer_does(tmp_path: Path) -> None:
    (tmp_path / "finalized.py").write_text(FINALIZED, encoding="utf-8")
    done = in_a_process("replay", "1:c.w.", f"{tmp_path}/finalized.py:Latch")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "the specification allows this run")


@pytest.mark.parametrize("command", ["verify", "check", "fuzz", "prove", "explore", "export"])
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main([command, "--help"])
    assert exit_.value.code == 0
    assert f"usage: latchproof {command}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["nothing"],
        ["check"],
        ["check", "asyncio:Barrier", "--tasks", "0"],
        ["check", "asyncio:Barrier", "--calls", "0"],
        ["check", "asyncio:Barrier", "--calls", "-1"],
        ["check", "asyncio:Barrier", "--cancels", "-1"],
        ["check", "asyncio:Barrier", "--schedules", "0"],
        ["check", "asyncio:Barrier", "--schedules", "many"],
        ["check", "asyncio:Barrier", "--seed", "abc"],
        ["export", "latch", "--format", "tla", "--argument", "many"],
        ["fuzz", "asyncio:Barrier", "--examples", "0"],
        ["prove", "--kind", "semaphore"],
        ["explore", "--machine", "semaphore"],
        ["explore", "--tasks", "0"],
        ["explore", "--upto", "0"],
        ["export", "latch"],
        ["export", "latch", "--format", "pdf"],
    ],
)
def test_usage_errors_exit_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert "usage: latchproof" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--count", "2"], "a barrier is made with its parties, not with count; choose the parties"),
        (["--parties", "2", "0"], "a barrier's parties must be 1 or more, not 0"),
        (["--parties", "-3"], "a barrier's parties must be 1 or more, not -3"),
        (["--parties", "two"], "'two' is not a whole number"),
    ],
)
@pytest.mark.parametrize("command", ["check", "fuzz"])
def test_a_constructor_argument_that_does_not_fit_is_refused(
    command: str, options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code: object = main([command, "latchproof:Barrier", *options])
    except SystemExit as exit_:  # what the parser refuses
        code = exit_.code
    assert code == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert "ran " not in captured.out


def test_the_constructor_argument_is_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["latchproof:Barrier", "--policy", "latchproof", "--parties", "1", "2"]
    few = ["--calls", "2", "--cancels", "0"]
    assert main(["check", *arguments, *few]) == 0
    assert lines_of(capsys.readouterr().out, "bounds")[0].startswith("parties 1, 2: 2 calls")
    assert main(["check", *arguments, *few, "--estimate"]) == 3
    assert "parties 2: 2" in capsys.readouterr().out
    assert main(["fuzz", *arguments, "--examples", "5"]) == 0


@pytest.mark.parametrize("option", ["--seed", "--calls"])
def test_what_is_not_a_whole_number_is_called_so(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["check", "asyncio:Barrier", option, "abc"])
    assert capsys.readouterr().err.endswith(f"argument {option}: 'abc' is not a whole number\n")


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--version"])
    assert exit_.value.code == 0
    assert capsys.readouterr().out == f"latchproof {latchproof.__version__}\n"
    assert latchproof.__version__ == importlib.metadata.version("latchproof")


def test_without_a_command_there_is_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "Is my class right?" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["prove", "latsch"], "invalid choice: 'latsch'"),
        (["explore", "latch", "barrier"], "unrecognized arguments: barrier"),
        (["explore", "latch", "--kind", "barrier"], "latch and barrier are two; name one of them"),
        (["export", "latch", "--machine", "barrier", "--format", "tla"], "latch and barrier are two"),
        (["check", "asyncio:Lock", "--pollicy", "fifo"], "unrecognized arguments: --pollicy fifo"),
    ],
)
def test_a_wrong_word_prints_the_usage_of_its_command(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith(f"usage: latchproof {arguments[0]} ")
    assert message in said


@pytest.mark.parametrize("line", ["latch", "--machine latch", "--kind latch", "latch --kind latch"])
def test_a_machine_is_named_alone_or_by_an_option(line: str) -> None:
    parse, words = make_parser().parse_args, line.split()
    assert [parse([name, *words]).kind for name in ("prove", "explore")] == ["latch", "latch"]
    assert parse(["export", "--format", "tla", *words]).what == "latch"
    assert (parse(["prove"]).kind, parse(["export", "--format", "tla"]).what) == (None, None)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("no_such_module:Barrier", "there is no module 'no_such_module'"),
        ("asyncio:Barier", "did you mean Barrier"),
        (f"{SAMPLES}:Stranger", "is neither a latch"),
        (f"{SAMPLES}:Waiter", "say what to check it as: --kind latch or --kind barrier"),
        (f"{SAMPLES}:Demanding", "name a factory function"),
        ("nowhere.py:Barrier", "there is no file nowhere.py"),
        (".:Barrier", "'.' is relative; write the module's full name, or path/to/file.py:CLASS"),
        ("..mine:Barrier", "'..mine' is relative"),
    ],
)
@pytest.mark.parametrize("command", ["check", "fuzz"])
def test_what_cannot_be_driven_exits_with_2(
    command: str, target: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, target]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("latchproof: ")
    assert err.count("\n") == 1
    assert message in err


def test_a_module_has_too_many_classes_to_fuzz(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fuzz", "asyncio"]) == 2
    assert "write MODULE:CLASS" in capsys.readouterr().err


@pytest.mark.parametrize(("kind", "message"), [("semaphore", "has no method acquire()"), ("door", "there is no kind")])
def test_a_kind_that_it_is_not_exits_with_2(kind: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "asyncio:Barrier", "--kind", kind]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("command", ["check", "fuzz"])
def test_an_unknown_policy_or_host_exits_with_2(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "asyncio:Barrier", "--policy", "ruby"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "there is no policy 'ruby' for a barrier; there are latchproof, cpython" in err
    assert main([command, "asyncio:Barrier", "--host", "curio"]) == 2
    assert "curio" in capsys.readouterr().err


def test_check_refuses_a_claim_before_it_begins(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "asyncio:Barrier", "--claim", "C1"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "there is no claim 'C1' about a barrier" in err


def test_a_seed_is_refused_where_nothing_is_chosen_at_random(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "asyncio:Barrier", "--seed", "3"]) == 2
    assert "--seed is for schedules chosen at random: add --scheduler random or pct" in capsys.readouterr().err
    assert main(["check", "asyncio:Barrier", "--seed", "3", "--estimate", "--calls", "1", "--tasks", "1"]) == 3


def test_check_says_what_drives_other_hosts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "asyncio:Barrier", "--host", "uvloop"]) == 2
    assert "'uvloop' is not a host that can be run one step at a time" in capsys.readouterr().err


def test_check_on_another_host(capsys: pytest.CaptureFixture[str]) -> None:
    target = f"{SAMPLES.replace('samples', 'trio_samples')}:StayingBarrier"
    arguments = ["--host", "trio", "--policy", "cpython", "--tasks", "2", "--calls", "2"]
    assert main(["check", target, *arguments]) == 1
    out = capsys.readouterr().out
    assert "a barrier, on trio, judged by cpython" in out
    again = re.search(r"again:    latchproof replay '(.*)' (.*)\n", out)
    assert again is not None
    assert again[1].startswith("2:w|.")
    assert again[2] == f"{target} --host trio --policy cpython"
    assert main(["replay", again[1], target, "--host", "trio", "--policy", "cpython"]) == 1


def test_replay_repeats_what_check_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = tmp_path / "found.json"
    bounds = ("--parties", "3", "--calls", "4", "--tasks", "3")
    assert main(["check", "asyncio:Barrier", "--policy", "cpython", *bounds, "--json", str(found)]) == 1
    capsys.readouterr()
    assert main(["replay", str(found), "asyncio:Barrier"]) == 1
    by_file = capsys.readouterr().out
    string = json.loads(found.read_text())["traces"][0]["schedule"]
    notation = compact(3, string)
    assert main(["replay", notation, "asyncio:Barrier", "--policy", "cpython"]) == 1
    assert capsys.readouterr().out == by_file
    assert "call 4 returns 2" in by_file
    assert "2 waiting, whole; call 2: to stay parked; call 3: to stay parked" in by_file
    assert "C5 is broken" in by_file


EARLY = "tests.zoo.cyclic:Heedless"


def test_a_call_in_a_cancelled_task_is_shown_and_repeated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = tmp_path / "found.json"
    assert main(["check", EARLY, "--policy", "java", "--calls", "1", "--claim", "C6", "--json", str(found)]) == 1
    printed = capsys.readouterr().out
    assert "policy java: 1 call, 1 cancellation, 1 step of the event loop" in printed
    assert "   1  wait() in a cancelled task\n" in printed
    assert f"latchproof replay '1:!w.' {EARLY} --policy java" in printed
    assert main(["replay", "1:!w.", EARLY, "--policy", "java"]) == 1
    assert main(["replay", "1:!w.", EARLY, "--policy", "aiologic"]) == 0
    capsys.readouterr()
    (trace,) = json.loads(found.read_text())["traces"]
    begin = {"kind": "begin", "call": 1, "operation": "wait", "arguments": [], "cancelled": True}
    assert [event for event in trace["events"] if event["kind"] == "begin"] == [begin]
    assert main(["replay", str(found), EARLY]) == 1
    assert main(["export", str(found), "--format", "itf"]) == 0
    assert "wait() in a cancelled task" in capsys.readouterr().out


def test_a_cancelled_task_makes_a_call_where_a_running_task_can_be_cancelled(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["replay", "1:!w.", "latchproof:Barrier", "--host", "flowno"]) == 2
    assert "choice 1 of the schedule is 'early wait()', but the options there are: call wait()" in (
        capsys.readouterr().err.replace("\n", " ")
    )


def test_another_name_of_a_policy_is_accepted_and_said_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found, faulty = tmp_path / "found.json", "tests.zoo.faulty:NegativeLatch"
    said = "java is another name of the policy keeps of a latch"
    assert main(["check", faulty, "--policy", "java", "--calls", "1", "--json", str(found)]) == 1
    printed = capsys.readouterr().out
    assert printed.count("java") == printed.count(said) == 1
    assert "judged by keeps" in printed
    data = json.loads(found.read_text())
    assert data["reported_policy"] == data["traces"][0]["policy"] == "keeps"
    # a file that was written before the policy had its name
    data["traces"][0]["policy"] = "lenient"
    found.write_text(json.dumps(data))
    assert main(["replay", str(found), faulty]) == 1
    assert "judged by keeps" in capsys.readouterr().out
    assert main(["replay", "0:c.", faulty, "--policy", "cpython"]) == 1
    assert capsys.readouterr().out.startswith("cpython is another name of the policy keeps of a latch\n")
    assert main(["explore", "--kind", "latch", "--policy", "java", "--tasks", "2", "--upto", "1"]) in (0, 3)
    assert capsys.readouterr().out.startswith(said)


def test_replay_of_what_is_allowed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "2:w.w..", "latchproof:Barrier"]) == 0
    assert "the specification allows this run" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["2:w.-2", "latchproof:Barrier"], "choice 3 of the schedule is 'cancel 2', but the options there are: "),
        (["2:x", "latchproof:Barrier"], "'x' in the schedule means nothing for a barrier"),
        (["nowhere.json", "latchproof:Barrier"], "nowhere.json cannot be read"),
        (["2:w.", "latchproof:Barrier", "--policy", "soft"], "there is no policy 'soft' for a barrier"),
        (["2:w.", "latchproof:Barrier", "--host", "curio"], "'curio' is not a host"),
        (["0:w", "asyncio:Barrier"], "the schedule makes a barrier of 0: a barrier's parties must be 1 or more, not 0"),
    ],
)
def test_replay_says_what_is_wrong(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_replay_of_what_does_not_do_the_same_again_is_inconclusive(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def differs(*arguments: object, **options: object) -> None:
        raise NondeterminismError("something else happened under the same schedule")

    monkeypatch.setattr("latchproof.check.replaying.replay", differs)
    assert main(["replay", "2:w.w..", "latchproof:Barrier"]) == 3
    assert "inconclusive: something else happened under the same schedule" in capsys.readouterr().out


def test_replay_of_what_never_ends_ends(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "1:w.", f"{SAMPLES}:SpinningLatch", "--step-cpu", "0.1"]) == 1
    out, err = capsys.readouterr()
    assert "seen:     call 1: a step did not end within 0.1 s of CPU time, at samples.py:" in out
    assert err == ""


@pytest.mark.parametrize("wrong", ["0", "-1", "nan", "inf", "soon"])
def test_a_limit_of_a_step_is_a_number_of_seconds(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    for option in ("--step-cpu", "--step-block"):
        with pytest.raises(SystemExit) as exit_:
            main(["check", "asyncio:Barrier", option, wrong])
        assert exit_.value.code == 2
        assert "is not a number of seconds" in capsys.readouterr().err


@pytest.mark.parametrize("scheduler", ["random", "pct"])
def test_check_by_another_scheduler(scheduler: str, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--scheduler", scheduler, "--schedules", "300", "--seed", "5", "--policy", "latchproof"]
    assert main(["check", "latchproof:Barrier", *options]) == 0
    out = capsys.readouterr().out
    assert f"sampled   at random: {scheduler}, seed 5; other schedules were not tried" in out
    assert "no counterexample was found against latchproof:Barrier in these schedules, under the policy" in out


@pytest.mark.parametrize(
    ("command", "package", "extra"),
    [
        (["check", "asyncio:Barrier"], "rich", "check"),
        (["replay", "2:w.", "asyncio:Barrier"], "rich", "check"),
        (["explore"], "rich", "check"),
        (["fuzz", "asyncio:Barrier"], "hypothesis", "fuzz"),
        (["fuzz", "asyncio:Barrier"], "rich", "fuzz"),
        (["prove"], "z3", "verify"),
        (["export", "latch", "--format", "tla"], "z3", "verify"),
        *(([*command, "--quick"], package, "verify")
          for command in (["verify"], ["mutants"], ["report", "--html", "report.html"])
          for package in ("rich", "z3", "hypothesis", "crosshair")),
    ],
)  # fmt: skip
def test_without_an_extra_it_says_which_to_install(
    command: list[str],
    package: str,
    extra: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr("latchproof.check.extras.find_spec", lambda name: None if name == package else find(name))
    assert main(command) == 2
    message = f'this command needs {package}: pip install "latchproof[{extra}]"'
    assert capsys.readouterr() == ("", f"latchproof: {message}\n")


def test_an_interrupted_command_is_inconclusive(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("latchproof.check.checker.check", interrupted)
    assert main(["check", "asyncio:Barrier"]) == 3
    assert "interrupted; nothing is concluded" in capsys.readouterr().err


def test_a_command_that_itself_fails_has_found_no_counterexample(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(*arguments: object, **options: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("latchproof.check.checker.check", failing)
    assert main(["check", "asyncio:Barrier"]) == 3
    err = capsys.readouterr().err
    assert "ZeroDivisionError: ours" in err
    assert err.splitlines()[-1].startswith(
        "latchproof: the command itself failed, with the error above; nothing is concluded"
    )


@pytest.mark.parametrize(
    "command", ["explore --kind latch --tasks 1 --upto 1 --fair-tasks 1", "export barrier --format promela"]
)
def test_where_no_one_reads_the_output_nothing_is_concluded(command: str) -> None:
    shell = f"{sys.executable} -m latchproof {command} | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (3, "")


QUICK = ["--calls", "2", "--tasks", "2"]


@pytest.mark.parametrize(
    "command",
    [
        *(["check", "asyncio:Barrier", *QUICK, f"--{one.option}"] for one in FORMATS),
        *(["fuzz", "asyncio:Barrier", f"--{one.option}"] for one in OF_TRACES),
        ["verify", "--quick", "--json"],
        ["report", "--quick", "--html"],
        ["mutants", "--quick", "--json"],
    ],
)
def test_a_file_that_cannot_be_written_is_said_before_anything_is_done(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = tmp_path / "nowhere" / "file"
    assert main([*command, str(nowhere)]) == 2
    there_is_none = f"{nowhere} cannot be written: there is no folder {nowhere.parent}; make it first"
    assert capsys.readouterr() == ("", f"latchproof: {command[-1]}: {there_is_none}\n")
    assert main([*command, str(tmp_path)]) == 2
    assert f"{command[-1]}: {tmp_path} is a folder; name a file in it" in capsys.readouterr().err


def test_a_file_that_may_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)  # who runs this may be allowed everything
    assert main(["check", "asyncio:Barrier", "--json", str(tmp_path / "found.json")]) == 2
    assert "found.json cannot be written: permission denied; name another file" in capsys.readouterr().err


def test_a_file_that_cannot_be_written_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    command = ["check", "latchproof:Barrier", "--policy", "latchproof", *QUICK, "--json", str(tmp_path / "found.json")]
    assert main(command) == 0  # the verdict is known
    out, err = capsys.readouterr()
    assert lines_of(out, "verdict")
    assert err.endswith("found.json cannot be written: No space left on device\n")


# --------------------------------------------------------------------------------------------------- check


def lines_of(text: str, label: str) -> list[str]:
    return [line[10:] for line in text.splitlines() if line.startswith(f"{label} ")]


def test_check_of_our_own_barrier_conforms(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "latchproof:Barrier", "--policy", "latchproof", "--strict", "--calls", "3"]) == 0
    out = capsys.readouterr().out
    assert lines_of(out, "verdict") == [
        "latchproof:Barrier conforms to the policy latchproof, within these bounds; nothing is said beyond them"
    ]
    assert lines_of(out, "bounds") == [
        "parties 1, 2, 3: 3 calls, 3 at once, 1 cancellation (even before a call), all operations, "
        "again in the same task"
    ]
    assert lines_of(out, "policy") == []
    assert lines_of(out, "absent") == []


def test_check_without_a_policy_says_which_are_satisfied(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "latchproof:CountdownLatch", "--calls", "3", "--tasks", "2"]) == 0
    out = capsys.readouterr().out
    assert "judged by every named policy" in out.splitlines()[0]
    assert [line.split(":")[0] for line in lines_of(out, "policy")] == [policy.name for policy in LATCH.policies]
    assert lines_of(out, "policy")[0] == "latchproof: satisfied"
    assert "aiologic: breaks C10; judged no further" in lines_of(out, "policy")


def test_check_of_a_faulty_class_says_what_most_policies_break(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", f"{SAMPLES}:GreedyBarrier", "--calls", "2"]) == 1
    out = capsys.readouterr().out
    (verdict,) = lines_of(out, "verdict")
    assert verdict.startswith(f"{SAMPLES}:GreedyBarrier breaks C")
    assert verdict.endswith(" (no policy is satisfied; 5 of 5 break C6)")
    assert lines_of(out, "absent") == ["abort, reset, n_waiting, broken: not exercised"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--schedules", "3"], "stopped after 3 schedules of parties 1, 2, 3: 4 calls"),
        (["--calls", "1", "--cancels", "0"], "never had a chance to fail"),
    ],
)
def test_a_check_that_checks_too_little_is_inconclusive(
    options: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "latchproof:Barrier", "--policy", "latchproof", *options]) == 3
    out = capsys.readouterr().out
    assert any(reason in line for line in out.splitlines() if line.startswith("inconclusive because: "))
    assert not any(reason in line for line in lines_of(out, "note"))
    (verdict,) = lines_of(out, "verdict")
    assert verdict == (
        "inconclusive: no counterexample was found against latchproof:Barrier, but see above why that is not enough"
    )


def test_a_class_that_does_not_do_the_same_again_is_inconclusive(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", f"{SAMPLES}:MoodyLatch", "--calls", "3", "--policy", "latchproof"]) == 3
    reasons = [line for line in capsys.readouterr().out.splitlines() if line.startswith("inconclusive because: ")]
    assert any("under the same schedule" in line for line in reasons)


# ---------------------------------------------------------------------------------------------------- fuzz


def test_fuzz_of_our_own_latch_finds_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fuzz", "latchproof:CountdownLatch", "--strict", "--policy", "latchproof", "--examples", "50"]) == 0
    first, out = capsys.readouterr().out.split("\n", 1)
    assert first.startswith(
        "latchproof fuzz latchproof:CountdownLatch: a latch, on asyncio, judged by latchproof; about 50 "
    )
    assert re.match(
        r"latchproof:CountdownLatch on asyncio: [\d,]+ examples, [\d,]+ calls, nothing found; rules fired: L", out
    )


def test_fuzz_says_what_it_does_before_it_is_done(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []
    monkeypatch.setattr(
        "hypothesis.stateful.run_state_machine_as_test",
        lambda machine, settings: said.append(capsys.readouterr().out),
    )
    main(["fuzz", "latchproof:Barrier", "--claim", "C5"])
    assert said == [
        "latchproof fuzz latchproof:Barrier: a barrier, on asyncio, judged by every named policy, claim C5 only; "
        "about 1,000 examples, starting with the failures of earlier runs in .hypothesis; each step takes at most 2 s "
        "of CPU time and 5 s of blocking (C code that keeps the interpreter is not interrupted)\n"
    ]


def test_fuzz_of_a_faulty_class_shows_the_history(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fuzz", f"{SAMPLES}:GreedyBarrier", "--examples", "100"]) == 1
    out = capsys.readouterr().out
    assert f"C6 is broken: {claim_of('C6').sentence}" in out
    assert re.search(r"seen:     call \d: wait\(\) returned 0$", out, flags=re.MULTILINE)
    assert re.search(rf"again:    latchproof replay '\d:w[w.]*' {SAMPLES}:GreedyBarrier", out)
    assert "Failing test case" in out or "Falsifying example" in out


def test_fuzz_that_calls_nothing_is_inconclusive(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("hypothesis.stateful.run_state_machine_as_test", lambda machine, settings: None)
    assert main(["fuzz", "latchproof:Barrier"]) == 3
    assert "rules fired: none" in capsys.readouterr().out


def test_fuzz_of_what_cannot_be_made_is_inconclusive(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fuzz", f"{SAMPLES}:PickyLatch", "--policy", "latchproof", "--examples", "50"]) == 3
    out, err = capsys.readouterr()
    assert "inconclusive: an example ended in ValueError: what for?; the target's constructor raised it, or" in out
    assert "raise ValueError" in err
    assert "the command itself failed" not in err


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        ("C11", "inconclusive: examples that broke C3 ended early"),
        ("C10", "inconclusive: C10 was never exercised"),
        ("C3", "nothing found"),
    ],
)
def test_fuzz_by_one_claim_alone(claim: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    target = "tests.check.samples:HastyLatch" if claim == "C11" else "tests.check.samples:PlainLatch"
    # the first example of all is the shortest, in which hardly anything can happen
    examples = "1" if claim == "C10" else "30"
    code = main(["fuzz", target, "--policy", "latchproof", "--claim", claim, "--examples", examples])
    out = capsys.readouterr().out
    assert said in out
    assert code == (3 if "inconclusive" in out else 0)


# --------------------------------------------------------------------------------------------------- prove


CONFIRMED = find_spec("cvc5") is not None
REFINEMENT = "latchproof.prove.classes.refinement.refinement_in_process"


@pytest.fixture
def checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The specification is compared with a second interpreter once for all tests that are about something else."""
    monkeypatch.setattr(comparison, "check_specification", specification_checked_once)


@pytest.mark.usefixtures("checked_once")
def test_a_class_that_decides_otherwise_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    differs = [Case("latch", "wait", "anywhere", "L8", "refuted", "it returns, for count = 1")]
    good = Obligation("good", ("C1",), "latch", "java", "wait", "L7", "proved", "", "")
    monkeypatch.setattr(proving, "prove_whole", lambda machines, is_wanted: [good])
    monkeypatch.setattr(REFINEMENT, lambda machines: nullcontext(lambda: differs))
    assert main(["prove", "--kind", "latch"]) == 1
    out = capsys.readouterr().out
    assert "(our classes refine the rules)" in out
    assert "fails 0 of 1 case\n" in out
    assert "refuted: latch: wait, L8: anywhere: it returns, for count = 1" in out


def test_prove_proves_everything_and_verbosely_has_a_line_for_each_obligation(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Where the second solver is not installed nothing is proved, and the command says why."""
    assert main(["prove", "--kind", "barrier", "--verbose"]) == (0 if CONFIRMED else 3)
    out = capsys.readouterr().out
    answers, status = ("z3:unsat cvc5:unsat", "proved  ") if CONFIRMED else ("z3:unsat", "unconfirmed")
    assert f"{status} C7       barrier latchproof withdraw B4: a withdrawal takes back itself [{answers}]" in out
    assert f"{status} -        barrier latchproof wait all: the paths are disjoint [{answers}]" in out
    lines = [line for line in out.splitlines() if line.endswith(" obligations")]
    assert [line.split()[0] for line in lines[:-1]] == [f"C{number}" for number in range(4, 17) if number != 12]
    assert re.match(rf"\(soundness of the proofs\) +{'holds' if CONFIRMED else 'inconclusive'} ", lines[-1])
    for line in lines:
        proved, total = re.findall(r"([\d,]+) of ([\d,]+) obligations", line)[0]
        assert proved == (total if CONFIRMED else "0")
    assert re.search(r"\(our classes refine the rules\) +holds (\d+) of \1 cases", out)
    last = " ".join(out.split())
    assert " different queries, each put to z3 " in last
    assert ("and cvc5 " if CONFIRMED else "cvc5 is not installed") in last


@pytest.mark.usefixtures("checked_once")
def test_prove_is_asked_about_one_rule_and_one_claim(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "--claim", "C7", "--rule", "B4", "--verbose"]) == (0 if CONFIRMED else 3)
    out = capsys.readouterr().out
    assert f"B4, of withdraw: {next(rule.sentence for rule in BARRIER.rules if rule.id == 'B4')}" in out
    about = re.findall(r"^(?:proved|unconfirmed) +(\S+) +barrier \S+ withdraw B4: ", out, flags=re.MULTILINE)
    assert about
    assert all(claims == "-" or "C7" in claims.split(",") for claims in about)
    assert len(about) == len([line for line in out.splitlines() if ": " in line and line.endswith("]")])
    rows = [line.split()[0] for line in out.splitlines() if re.search(r" of \d+ (obligation|case)s?$", line)]
    assert rows == ["C7", "(soundness", "(our"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["prove", "--claim", "C99"], "there is no claim 'C99'"),
        (["prove", "--claim", "C5", "--machine", "latch"], "C5 is not about the latch"),
        (["prove", "--rule", "L99"], "there is no rule 'L99'"),
        (
            ["prove", "--rule", "L9", "--claim", "C5"],
            "of the latch, and --kind or --claim leaves only the barrier",
        ),
        (
            ["prove", "--rule", "B1", "--claim", "C1"],
            "of the barrier, and --kind or --claim leaves only the latch",
        ),
        (["prove", "--rule", "B1", "--machine", "latch"], "leaves only the latch; leave one of them out"),
        (["explore", "--claim", "C99"], "there is no claim 'C99'"),
    ],
)
def test_a_claim_or_a_rule_that_there_is_not(command: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command) == 2
    assert said in capsys.readouterr().err


def test_explore_judges_one_claim(capsys: pytest.CaptureFixture[str]) -> None:
    few = ["--policy", "latchproof", "--tasks", "2", "--fair-tasks", "2", "--upto", "2"]
    assert main(["explore", "--claim", "C5", *few]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^C5 was judged [1-9]\d* times$", out, flags=re.MULTILINE)
    assert "latch(" not in out
    assert main(["explore", "--claim", "C12", *few]) == 0
    out = capsys.readouterr().out
    assert "C12, latch(" in out
    assert "C13" not in out


@pytest.mark.usefixtures("checked_once")
@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--rule", "L4t"], "no obligation is about L4t: no whole number fires it"),
        (["--rule", "B0t"], "no obligation is about B0t: no whole number fires it"),
        (["--rule", "B6", "--claim", "C5"], "no obligation is about C5 and B6"),
    ],
)
def test_prove_says_why_there_is_nothing_to_prove(
    asked: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(proving, "prove_whole", lambda machines, is_wanted: [])
    monkeypatch.setattr(REFINEMENT, lambda machines: nullcontext(list))
    assert main(["prove", *asked]) == 3
    assert capsys.readouterr().out.startswith(said)


@pytest.mark.usefixtures("checked_once")
@pytest.mark.parametrize(("status", "code"), [("refuted", 1), ("unknown", 3), ("disputed", 1)])
def test_prove_says_what_is_not_proved(
    status: Any, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good = Obligation("good", ("C1",), "latch", "java", "wait", "L7", "proved", "", "")
    bad = Obligation("bad", ("C2",), "latch", "java", "wait", "L8", status, "[count = 3]", "")
    monkeypatch.setattr(proving, "prove_whole", lambda machines, is_wanted: [good, bad])
    monkeypatch.setattr(REFINEMENT, lambda machines: nullcontext(list))
    assert main(["prove", "--kind", "latch"]) == code
    out = capsys.readouterr().out
    assert f"{status}: latch java wait L8: bad: [count = 3]" in out
    assert re.search(r"^C1 +holds 1 of 1 obligation$", out, flags=re.MULTILINE)
    assert re.search(r"^C2 +fails 0 of 1 obligation$", out, flags=re.MULTILINE)


@pytest.mark.usefixtures("checked_once")
def test_prove_without_a_second_solver_is_inconclusive(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(smtlib, "find_spec", lambda name: None)
    assert main(["prove", "--kind", "latch"]) == 3
    out = " ".join(capsys.readouterr().out.split())
    assert "C2 inconclusive 0 of " in out
    assert "alone (cvc5 is not installed, so there is no second solver" in out


# ------------------------------------------------------------------------------------------------- explore


def test_explore_explores_every_policy(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explore", "--kind", "barrier", "--tasks", "2", "3", "--upto", "2", "--fair-tasks", "2"]) == 0
    called, header, *lines = capsys.readouterr().out.splitlines()
    assert called == "barrier: wait, abort, reset; any number of calls by each task"
    assert header.split() == [
        "machine", "policy", "tasks", "orbits", "states", "steps", "depth", "at", "rest", "properties",
    ]  # fmt: skip
    explored = lines[: lines.index("")]
    assert len(explored) == len(BARRIER.policies) * 2 * 2
    row = ["barrier(2)", "latchproof", "3", "18", "65", "102", "5", "0", "holds"]
    assert row in [line.split() for line in explored]


def test_explore_checks_the_eventualities(capsys: pytest.CaptureFixture[str]) -> None:
    fair = ["--fair-tasks", "2", "3", "--policy", "latchproof"]
    assert main(["explore", "--kind", "barrier", "--tasks", "1", "--upto", "2", *fair]) == 0
    lines = capsys.readouterr().out.splitlines()
    table = [line.split() for line in lines[lines.index("") + 2 :]]
    assert table[:3] == [
        ["barrier(1)", "latchproof", "2", "C13", "2", "vacuous", "never", "owed"],
        ["barrier(1)", "latchproof", "2", "C14", "2", "vacuous", "never", "owed"],
        ["barrier(1)", "latchproof", "3", "C13", "2", "vacuous", "never", "owed"],
    ]
    assert ["barrier(2)", "latchproof", "3", "C14", "65", "holds", "fails,", "as", "it", "must"] in table
    said = "fails, as it must, without fairness to A, which need not continue then"
    at = lines.index(f"C14, barrier(2) latchproof: {said}:")
    assert lines[at + 1 : at + 4] == ["    A calls wait()", "    B calls abort()", "    for ever: B calls wait()"]


def test_explore_with_eventualities_that_are_never_owed_is_inconclusive(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explore", "--kind", "barrier", "--tasks", "2", "--upto", "1"]) == 3
    capsys.readouterr()


def test_explore_shows_the_fair_run_on_which_an_eventuality_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = faulty(LATCH, "count_down", "return 0, 0, L2", "return 0, 0, L1")
    monkeypatch.setattr(machines, "MACHINES", {"latch": wrong})
    assert main(["explore", "--kind", "latch", "--tasks", "2", "--upto", "1", "--policy", "latchproof"]) == 1
    lines = capsys.readouterr().out.splitlines()
    (name,) = (one.name for one in LATCH.eventualities)
    assert f"C12: {name} fails under weak fairness in 4 explorations" in lines
    live = [fairness.check_eventualities(wrong, wrong.policies[0], 1, tasks=2)]
    print_first_violation(Console(width=200), [], live)
    lines = capsys.readouterr().out.splitlines()
    assert lines[-4:] == [
        f"latch(1) latchproof: C12: {name} fails under weak fairness after:",
        "    A calls wait()", "    B calls count_down(exception_if_zero=False)", "    for ever: B calls wait()",
    ]  # fmt: skip


def test_explore_bounds_calls_and_operations(capsys: pytest.CaptureFixture[str]) -> None:
    bounds = ["--calls", "2", "--operations", "wait", "--policy", "latchproof"]
    assert main(["explore", "--kind", "barrier", "--tasks", "5", "--upto", "3", *bounds]) == 0
    out = capsys.readouterr().out
    row = ["barrier(3)", "latchproof", "5", "622", "40,973", "3,508", "17", "7", "holds"]
    assert row in [line.split() for line in out.splitlines()]
    assert "barrier: wait; at most 2 calls by each task" in out
    assert "not checked as eventualities: C13, C14; leave out" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--machine", "latch", "--policy", "no"], "there is no policy 'no'; there are latchproof, keeps"),
        (["--machine", "latch", "--operations", "abort"], "a latch has no operation 'abort'; it has wait, count_down"),
        (["--machine", "latch", "--tasks", "99", "--calls", "9"], "99 tasks with 9 calls each cannot be explored"),
    ],
)
def test_explore_refuses_what_cannot_be_explored(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explore", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_explore_of_the_latch_begins_with_an_open_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explore", "--kind", "latch", "--tasks", "1", "--upto", "1", "--fair-tasks", "2"]) == 0
    out = capsys.readouterr().out
    assert {line.split()[0] for line in out[: out.index("\n\n")].splitlines()[2:]} == {"latch(0)", "latch(1)"}


def test_explore_shows_the_run_that_breaks_a_property(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = faulty(BARRIER, "abort", "return 0, True, B6", "return parked, True, B6")
    monkeypatch.setattr(machines, "MACHINES", {"barrier": wrong})
    assert main(["explore", "--kind", "barrier", "--tasks", "2", "--upto", "2"]) == 1
    out = capsys.readouterr().out
    assert re.search(r"^property \"no task is parked when broken\" fails in \d+ explorations$", out, flags=re.MULTILINE)
    assert out.count(" fails after:\n    a task calls wait()\n") == 1  # the first run, once
    assert out.splitlines()[-2].startswith("    ")
    assert re.search(r"^barrier\(2\) +latchproof +2 +\d.* fails$", out, flags=re.MULTILINE)


def test_explore_that_stops_short_is_inconclusive(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    explore = exploring.explore
    monkeypatch.setattr(exploring, "explore", lambda *given, **options: explore(*given, **options, at_most=2))
    assert main(["explore", "--kind", "latch", "--tasks", "2", "--upto", "1"]) == 3
    assert "inconclusive" in capsys.readouterr().out


# ------------------------------------------------------------------------------------------------- mutants


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--only", "zzzz"], "no mutant's ID has 'zzzz' in it"),
        (["--only", "zzzz", "--quick"], "no mutant's ID has 'zzzz' in it"),
    ],
)
def test_mutants_that_there_are_not_say_nothing(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["mutants", *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err


def test_mutants_that_no_kind_can_judge_say_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    about_tasks = next(one.id for one in mutants(LATCH) if one.fault_in == "tasks")
    assert main(["mutants", "--quick", "--kinds", "called", "--only", about_tasks]) == 2
    assert "in its ID: leave out --kinds, or add scheduled" in capsys.readouterr().err


# -------------------------------------------------------------------------------------------------- export


@pytest.mark.parametrize("machine", ["latch", "barrier"])
def test_export_writes_the_review_document(machine: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", machine, "--format", "markdown"]) == 0
    written = Path(__file__).resolve().parents[2] / "spec" / f"{machine}.md"
    assert capsys.readouterr().out == written.read_text(encoding="utf-8")


def test_export_of_a_model_takes_bounds(capsys: pytest.CaptureFixture[str]) -> None:
    bounds = ["--tasks", "2", "--argument", "5", "--calls", "3", "--operations", "wait", "--policy", "java"]
    assert main(["export", "barrier", "--format", "cfg", *bounds]) == 0
    out = capsys.readouterr().out
    assert "    Tasks = {A, B}\n    Argument = 5\n    Calls = 3\n" in out
    assert main(["export", "barrier", "--format", "promela", *bounds]) == 0
    out = capsys.readouterr().out
    assert "#define TASKS 2\n" in out
    assert "#define parties 5\n" in out
    assert "inline B4b(t)" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["latch", "--format", "markdown", "--tasks", "3"], "--tasks: bounds are for models of latch and barrier"),
        (["latch", "--format", "tla", "--argument", "-1"], "a latch's count must be 0 or more, not -1"),
        (["latch", "--format", "tla", "--operations", "abort"], "a latch has no operation 'abort'"),
        (
            ["latch", "--format", "promela", "--policy", "no"],
            "no policy 'no' for a latch; there are latchproof, keeps",
        ),
        ([__file__, "--format", "promela"], "a trace has no promela form"),
        ([__file__, "--format", "itf", "--calls", "2"], "--calls: bounds are for models of latch and barrier"),
        (["foo", "--format", "markdown"], "'foo' is not a machine (latch, barrier), and there is no such file"),
        (["foo", "--format", "itf"], "'foo' is not a machine (latch, barrier), and there is no such file"),
        (["latch", "--format", "smt2", "--claim", "C1"], "--claim chooses a trace from a file"),
    ],
)
def test_export_refuses_what_no_model_has(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_export_writes_the_diagram(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "latch", "--format", "mermaid"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "stateDiagram-v2"


def test_export_writes_every_obligation(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "barrier", "--format", "smt2"]) == 0
    out = capsys.readouterr().out
    (rule,) = (one for one in BARRIER.rules if one.id == "B4")
    assert (
        f'; barrier withdraw B4, policy latchproof: "{rule.sentence}"\n;   C7: a withdrawal takes back itself alone\n'
    ) in out
    assert out.count("(check-sat) ; unsat") > 500
