"""The whitelist over syntax trees: what is not accepted by itself is not accepted as a part of anything either."""

from __future__ import annotations

import ast

import pytest

from latchproof.prove.language.grammar import read_function

FORBIDDEN = ("[1]", "f'{n}'", "[one for one in q]", "n is 7", "(yield)", "lambda: n", "n // 2", "{1: 2}[n]")
"""Expressions that the subset does not have."""

HOLES = (
    "return {}",
    "return n, {}",
    "return {}, n",
    "return ({},)",
    "return (*{}, n)",
    "x = {}",
    "x: int = {}",
    "q += {}",
    "if {}:\n        return n",
    "if n:\n        return {}",
    "if n:\n        return n\n    else:\n        return {}",
    "if n:\n        return n\n    elif {}:\n        return n",
    "return not {}",
    "return n and {}",
    "return {} or n",
    "return n and n and {}",
    "return n == {}",
    "return {} == n",
    "return n < {}",
    "return {} >= n",
    "return n + {}",
    "return {} + n",
    "return n - {}",
    "return {} - n",
    "return {} * n",
    "return n if {} else n",
    "return {} if n else n",
    "return n if n else {}",
    "return len({})",
    "return f(n, {})",
    "return f({}, n)",
    "return q[{}:]",
    "return q[:{}]",
    "return {} in q",
)
"""Every place that an accepted construct has for an expression."""


def rejected(body: str) -> list[str]:
    text = f"def f(n, q):\n    {body}\n"
    (function,) = ast.parse(text).body
    assert isinstance(function, ast.FunctionDef)
    return [what for _, what in read_function(function, {"queue"}, is_about_queues=True).wrong]


@pytest.mark.parametrize("hole", HOLES)
def test_a_name_is_accepted_in_each_place(hole: str) -> None:
    assert rejected(hole.format("n")) == []


@pytest.mark.parametrize("forbidden", FORBIDDEN)
@pytest.mark.parametrize("hole", HOLES)
def test_what_is_forbidden_is_so_in_each_place(hole: str, forbidden: str) -> None:
    assert rejected(hole.format(f"({forbidden})"))
