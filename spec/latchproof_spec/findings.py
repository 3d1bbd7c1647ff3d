"""What is found of a class that does not do what its model says: each finding has a name and a sentence.

A latch or barrier is held against claims with numbers. A model claims nothing but itself, so its findings are named for
what was seen: a situation of `latchproof_spec.machine` each, or several. What a user's own model means by it is said
where the finding is shown ("acquire() returned, though no permit was free").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from latchproof_spec.claims import Claim

if TYPE_CHECKING:
    from latchproof_spec.machine import Situation

# fmt: off
TOO_EARLY: Final = Claim(
    "returned-too-early", "safety",
    "A call returns only once what it waits for is true, or once another call lets it go.")
VALUE: Final = Claim("wrong-value", "safety", "A call returns a value that the model gives it.")
ERROR: Final = Claim("wrong-error", "safety", "A call raises only an error that the model raises there.")
NO_ERROR: Final = Claim("missed-error", "safety", "A call raises an error where the model lets it only raise one.")
STRANDED: Final = Claim(
    "stranded", "liveness", "When nothing can run, no call waits that could continue, and none that was let go.")
UNASKED: Final = Claim("cancelled-unasked", "safety", "A call ends cancelled only if its cancellation was requested.")
EFFECT: Final = Claim(
    "effect-of-a-cancelled-call", "safety",
    "A call that ends cancelled leaves what it found: it keeps no permit and loses no item.")
READING: Final = Claim("wrong-reading", "safety", "What is read is what the model reads.")
STRAY: Final = Claim("stray-error", "safety", "No error reaches the event loop, and no reading raises one.")
ENDLESS: Final = Claim("endless-step", "liveness", "Each step of a call ends.")
# fmt: on

FINDINGS: Final = (
    TOO_EARLY,
    VALUE,
    ERROR,
    NO_ERROR,
    STRANDED,
    UNASKED,
    EFFECT,
    READING,
    STRAY,
    ENDLESS,
)
"""Every finding of a model, in the order in which they are listed."""

BLAME: Final[dict[Situation, Claim]] = {
    "stray error": STRAY,
    "wrong error": ERROR,
    "wrong reading": READING,
    "missed refusal": NO_ERROR,
    "mistaken refusal": ERROR,
    "missed error": NO_ERROR,
    "wrong index": VALUE,
    "early return": TOO_EARLY,
    "failed unasked": ERROR,
    "error after release": ERROR,
    "cancelled instead of failed": UNASKED,
    "harmed by a cancellation": UNASKED,
    "cancelled unasked": UNASKED,
    "stranded": STRANDED,
    "index not delivered": STRANDED,
    "error not delivered": STRANDED,
    "release not delivered": STRANDED,
    "refusal not delivered": STRANDED,
    "wrongly broken or mended": ERROR,
    "endless step": ENDLESS,
    "effect of a cancelled call": EFFECT,
}
"""The finding of each situation that a history can show."""

_CHANCES: Final = {
    TOO_EARLY: (" waits",),
    VALUE: (" returns",),
    ERROR: (" returns", " raises ", " ends other calls", " waits"),
    NO_ERROR: (" raises ",),
    STRANDED: (" waits",),
    UNASKED: (" waits",),
    EFFECT: (" is withdrawn", " is cancelled after it took effect"),
    READING: (" returns", " waits", " ends other calls"),
    STRAY: (" returns", " waits", " raises ", " ends other calls"),
    ENDLESS: (" returns", " waits", " raises ", " ends other calls"),
}


def exercised_by(rule: str) -> tuple[Claim, ...]:
    """Return the findings that something had a chance to show in which a call did this.

    >>> exercised_by("acquire() is withdrawn")
    (effect-of-a-cancelled-call,)
    """
    return tuple(one for one in FINDINGS if any(words in f"{rule} " for words in _CHANCES[one]))


def finding_of(id: str) -> Claim:
    """Return the finding of that name; raise KeyError if there is none.

    >>> finding_of("cancelled-unasked").sentence
    'A call ends cancelled only if its cancellation was requested.'
    """
    return {one.id: one for one in FINDINGS}[id]
