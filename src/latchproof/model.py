"""For models of your own: a sequential class that `latchproof check TARGET --model FILE:CLASS` holds a class against.

>>> class Semaphore(Model):
...     '''A counting semaphore.'''
...     def __init__(self, value: int) -> None:
...         if value < 0:
...             raise ValueError
...         self._value = value
...     def acquire(self) -> None:
...         when(self._value > 0, "no permit was free")
...         self._value -= 1
...     def release(self) -> None:
...         self._value += 1

`latchproof_spec.model` says what a model is. These are its public names; nothing is defined here.
"""

from latchproof_spec.model import (
    Cancelled,
    Model,
    ModelError,
    Waiter,
    any_of,
    choose,
    place,
    released,
    task,
    until,
    waiters,
    when,
)

__all__ = [
    "Cancelled",
    "Model",
    "ModelError",
    "Waiter",
    "any_of",
    "choose",
    "place",
    "released",
    "task",
    "until",
    "waiters",
    "when",
]
