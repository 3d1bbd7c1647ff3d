"""The texts of errors, made from a rule and the offending argument.

No prover runs these functions: a symbolic number has no text. What a rule's text says stands with the rule; this module
puts the value into it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from latchproof_spec.step import Rule


def written(value: object) -> str:
    """Return a value as a message shows it, even if its `repr` fails (as that of a number with too many digits does).

    >>> written(-1), written(10**5000)
    ('-1', '<an object of int>')
    """
    try:
        return repr(value)
    except Exception:  # whatever it is, it must not replace the error that the rule gives
        return f"<an object of {type(value).__name__}>"


def refusal(rule: Rule, argument: object = None) -> Exception:
    """Return the error that a rule refuses with, with its message.

    >>> from latchproof_spec.barrier.rules import B0v
    >>> refusal(B0v, 0)
    ValueError("a barrier's parties must be 1 or more, not 0")
    """
    return rule.errors[0](rule.message.format(written(argument)))
