"""A schedule as a short string, as `3:w.w.-1.w...`: the constructor's argument, then the choices.

`.` runs a step. A letter makes a call: the operation's initial, with its arguments if it has any (`w` is wait(), `s(2)`
is set_count(2)); where two operations have one initial, the second has the capital, and a third the next free letter of
its name. `>w` makes the call in the same step in which another ends, `!w` makes it in a task that is cancelled
already, `?w` in an except block, `>?w` in that for what the task's last call raised, `@w` on a second instance. `-1`
cancels call 1. `=` notes that the task whose call has just ended stays to call again, and `+1w` makes a call in the
task of call 1. `|` lets trio begin a pass, and `~` runs that pass in reverse. `_` notes that the same states repeat for
ever, `^` that time passes until a timer expires. `*`, at the start, makes tasks eager.
"""

import ast
import re
from collections.abc import Mapping, Sequence
from string import ascii_letters
from types import MappingProxyType

from latchproof.check.choices import COMES_ROUND, DEFAULTS, EAGER, STAY, TIME_PASSES
from latchproof.check.importing import TargetError
from latchproof.check.kinds import Interface, a

_SIGNS = {"run": ".", "pass": "|", "reversed": "~", COMES_ROUND: "_", TIME_PASSES: "^", STAY.word: "=", EAGER.word: "*"}
_TOKEN = re.compile(
    r"(?P<sign>[.|~_^=*])|-(?P<call>\d+)|"
    r"(?P<verb>[@!?]|>?\??|\+(?P<after>\d+))(?P<initial>[a-zA-Z])(?:\((?P<arguments>[^)]*)\))?"
)
_VERBS = {"": "call", ">": "then", "@": "other", "!": "early", "?": "except", ">?": "then except"}
SAME: Mapping[str, str] = MappingProxyType({})
"""Where each operation's letter is its initial."""

_STRING = re.compile(r"(\d+):([^\s]*)")


def is_notation(text: str) -> bool:
    """Return whether a text looks like a schedule and not like a file's name."""
    return _STRING.fullmatch(text) is not None


def letters(operations: Sequence[str]) -> dict[str, str]:
    """Return the letter of each operation for which its initial does not stand, because it is that of one before.

    >>> letters(["put", "put_nowait", "get", "get_nowait", "put_all"])
    {'put_nowait': 'P', 'get_nowait': 'G', 'put_all': 'u'}
    """
    taken: dict[str, str] = {}
    for operation in operations:
        name = operation.replace("_", "")
        candidates = (name[0], name[0].upper(), *name[1:], *ascii_letters)
        taken[next(one for one in candidates if one not in taken)] = operation
    return {operation: letter for letter, operation in taken.items() if letter != operation[0]}


def compact(argument: int, words: Sequence[str], own_letters: Mapping[str, str] = SAME) -> str:
    """Return the string for a schedule in words. `own_letters` are those that are not the initials of operations.

    >>> compact(2, ["call wait()", "run", "cancel 1", "return", "then set_count(3)", "run"])
    '2:w.-1>s(3).'
    """
    out = []
    for word in words:
        if word in DEFAULTS:
            continue
        if word in _SIGNS:
            out.append(_SIGNS[word])
            continue
        verb, _, rest = word.partition(" ")
        if rest.startswith("except "):
            verb, rest = f"{verb} except", rest.removeprefix("except ")
        if verb == "cancel":
            out.append(f"-{rest}")
        else:
            after, _, rest = rest.partition(" ") if verb == "again" else ("", "", rest)
            operation, _, arguments = rest.partition("(")
            given = f"({arguments.replace(' ', '')}" if arguments != ")" else ""
            prefix = f"+{after}" if after else next(sign for sign, word in _VERBS.items() if word == verb)
            out.append(f"{prefix}{own_letters.get(operation, operation[0])}{given}")
    return f"{argument}:{''.join(out)}"


def parse(text: str, kind: Interface) -> tuple[int, tuple[str, ...]]:
    """Return the constructor's argument, and the schedule in words.

    Raises TargetError, with the part that is wrong, if the text is not a schedule for this kind.

    >>> from latchproof.check.kinds import MACHINE_KINDS
    >>> parse("2:w.-1", MACHINE_KINDS["barrier"])
    (2, ('call wait()', 'run', 'cancel 1'))
    """
    whole = _STRING.fullmatch(text)
    if whole is None:
        raise TargetError(f"{text!r} is not a schedule: write NUMBER:CHOICES, for example 2:w.w.")
    own = letters([operation.name for operation in kind.operations])
    initials = {own.get(operation.name, operation.name[0]): operation for operation in kind.operations}
    signs = {sign: word for word, sign in _SIGNS.items()}
    choices, position, words = whole.group(2), 0, []
    while position < len(choices):
        token = _TOKEN.match(choices, position)
        if token is None or (token["initial"] and token["initial"] not in initials):
            known = ", ".join(f"{initial} {operation.name}" for initial, operation in initials.items())
            raise TargetError(
                f"{choices[position:]!r} in the schedule means nothing for {a(kind.name)}; calls: {known}"
            )
        position = token.end()
        if token["sign"]:
            words.append(signs[token["sign"]])
        elif token["call"]:
            words.append(f"cancel {token['call']}")
        else:
            arguments = _arguments(token["arguments"] or "")
            call = f"{initials[token['initial']].name}({', '.join(map(repr, arguments))})"
            verb = f"again {token['after']}" if token["after"] else _VERBS[token["verb"]]
            words.append(f"{verb} {call}")
    return int(whole.group(1)), tuple(words)


def _arguments(text: str) -> tuple[object, ...]:
    try:
        value = ast.literal_eval(f"({text},)") if text else ()
    except (ValueError, SyntaxError) as error:
        raise TargetError(f"({text}) in the schedule is not a list of arguments") from error
    assert isinstance(value, tuple)
    return value
