"""What the code of the runtime classes must not do, because it may do another thing on symbols than on numbers.

Most of it fails on symbols by itself: they have no hash, no text and no index, and the built-in functions that `copies`
does not know are not there. This is what would be wrong without a word. Whatever is found is a refuted case.
"""

from __future__ import annotations

import dis
from collections.abc import Collection, Iterator
from types import CodeType, FunctionType
from typing import Any

from latchproof.prove.classes.copies import codes_of, functions_beside, functions_of, methods_of


def objections(cls: type[Any], rules: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield the name of a method or function, and what is wrong with it. `rules` are the names of rules."""
    for name, value in methods_of(cls).items():
        is_read = isinstance(value, property) and value.fset is None and value.fdel is None
        if not (
            isinstance(value, FunctionType) or is_read or (isinstance(value, type) and issubclass(value, Exception))
        ):
            yield name, "it is neither a function, nor a property that is only read, nor an error"
    for function in (*functions_of(cls), *functions_beside(cls).values()):
        name, defaults = function.__name__, (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
        if function.__closure__:
            yield name, "it uses variables of the function around it"
        if not all(value is None or type(value) in (bool, int, str) for value in defaults):
            yield name, "it has a default that can change"
        for code in codes_of(function):
            yield from ((name, what) for what in _of_code(code, rules))


def _of_code(code: CodeType, rules: Collection[str]) -> Iterator[str]:
    for used in code.co_names:
        if used.startswith("__"):
            yield f"it uses {used}"
    before = None
    for one in dis.get_instructions(code):
        if one.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
            yield f"it changes {one.argval}, which is global"
        if before is not None and one.opname == "IS_OP":
            # None, a host and a rule are no numbers, so a number is none of them, symbolic or not
            is_known = before.opname == "LOAD_CONST" and before.argval is None
            if not is_known and not (before.opname == "LOAD_ATTR" and before.argval in (*rules, "host")):
                yield "it asks whether something is another thing that may be a number; a symbol is no other symbol"
        if before is not None and one.opname == "CHECK_EXC_MATCH" and before.argval != "BaseException":
            yield f"it catches {before.argval}, which a symbol may raise where a number does not"
        before = one
