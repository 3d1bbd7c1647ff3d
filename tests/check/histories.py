"""Histories as short texts, for tests of specifications.

0:acquire  1:put(2)  2:acquire@1     call 0 begins, call 1 with an argument, call 2 by task 1
0>  1>2  2>True                      call 0 returns None, call 1 returns 2, call 2 returns True
0!ValueError                         call 0 raises an error of a class of that name
0-  0x                               the cancellation of call 0 is requested; it ends cancelled
locked=True  qsize=1,full=False      what is read
rest                                 nothing can run
"""

from __future__ import annotations

import ast
import builtins
import re

from latchproof.check.history import Begin, End, Event, Finding, Observe, Request, Rest
from latchproof.check.judge import Judge
from latchproof.check.specification import Specification

_BEGIN = re.compile(r"(\d+):(\w+)(?:\(([^)]*)\))?(?:@(\d+))?")
_END = re.compile(r"(\d+)([>!x-])(.*)")


def events(text: str) -> list[Event]:
    """Return the events of a history."""
    return [_event(word) for word in text.split()]


def judge(specification: Specification, text: str) -> tuple[Finding, str] | None:
    """Return the first finding, and the word at which it is made; None if the history is allowed."""
    judge = Judge(specification)
    for word in text.split():
        if (finding := judge.step(_event(word))) is not None:
            return finding, word
    return None


def found(specification: Specification, text: str) -> str:
    """Return the name of the first finding and the word at which it is made; "" if the history is allowed."""
    result = judge(specification, text)
    return "" if result is None else f"{result[0].claim} at {result[1]}"


def error(name: str) -> Exception:
    """Return an error whose class has a name."""
    known = getattr(builtins, name, None)
    made = known or type(name, (Exception,), {})
    one: Exception = made()
    return one


def _event(word: str) -> Event:
    if word == "rest":
        return Rest()
    if "=" in word:
        pairs = (one.split("=") for one in word.split(","))
        return Observe(tuple((name, ast.literal_eval(value)) for name, value in pairs))
    if begin := _BEGIN.fullmatch(word):
        call, operation, arguments, task = begin.groups()
        return Begin(int(call), operation, ast.literal_eval(f"({arguments},)") if arguments else (), int(task or 0))
    end = _END.fullmatch(word)
    assert end is not None, word
    call, sign, rest = end.groups()
    if sign == "-":
        return Request(int(call))
    if sign == "x":
        return End(int(call), "cancelled")
    if sign == "!":
        return End(int(call), "raised", error=error(rest))
    return End(int(call), "returned", ast.literal_eval(rest) if rest else None)
