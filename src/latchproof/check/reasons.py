"""Why a result is inconclusive: what prevents a conclusion, and where.

A note tells a reader something else about a result and never changes its status, so it is not a reason.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """One thing that makes a result inconclusive.

    `code` names the kind of reason for programs, in words with hyphens ("stopped-early"); `where` says what it
    concerns, as "count 2", or is empty; `text` is the sentence for a reader.
    """

    code: str
    where: str
    text: str

    def __str__(self) -> str:
        """Return what is printed.

        >>> print(Reason("stopped-early", "count 2", "stopped after 5 schedules"))
        count 2: stopped after 5 schedules
        """
        return f"{self.where}: {self.text}" if self.where else self.text
