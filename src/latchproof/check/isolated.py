"""Does one piece of a check in a process of its own: what a worker of a cluster starts for each piece that it is given.

Nothing is left of one target when the next one comes, whatever it did, and what is run is what the files say now. The
worker writes what is to be done to the process, which answers, and ends when it hears of the worker's end.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading

from latchproof.check.jobs import Job, Outcome
from latchproof.check.pieces import Piece
from latchproof.check.pool import Pool
from latchproof.check.run import Walk
from latchproof.check.target import TargetError


def do_apart(name: str, kind: str, job: Job) -> Outcome:
    """What comes of a job for a target, done in a process of its own.

    Raises TargetError if the target cannot be loaded there.
    """
    command = [sys.executable, "-m", "latchproof.check.isolated"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        pickle.dump((name, kind, job), process.stdin)
        process.stdin.flush()
        try:
            answer: Outcome | str = pickle.load(process.stdout)
        except EOFError:
            process.stdin.close()
            raise TargetError(f"{' '.join(command)} ended with exit code {process.wait()}") from None
    if isinstance(answer, str):
        raise TargetError(answer)
    return answer


class _OnePiece:
    """All the work there is: one job, once."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._given = False
        self.outcome: Outcome | None = None

    @property
    def is_over(self) -> bool:
        return self.outcome is not None

    def next(self) -> Piece | None:
        given, self._given = self._given, True
        return None if given else Piece(0)

    def job(self, piece: Piece) -> Job:
        return self._job

    def needs(self, piece: Piece) -> bool:
        return True

    def take(self, piece: Piece, outcome: Outcome) -> None:
        self.outcome = outcome

    def so_far(self, piece: Piece, walk: Walk) -> Walk:
        return walk


def main() -> None:
    """Do what is asked for on standard input, and answer on standard output."""
    name, kind, job = pickle.load(sys.stdin.buffer)
    pool = Pool(name, kind, 1)

    def end_with_the_worker() -> None:
        sys.stdin.buffer.read()
        pool.end()
        os._exit(1)

    threading.Thread(target=end_with_the_worker, daemon=True).start()
    work = _OnePiece(job)
    try:
        pool.do(work)
        answer: Outcome | str | None = work.outcome
    except TargetError as error:
        answer = str(error)
    pickle.dump(answer, sys.stdout.buffer)
    sys.stdout.buffer.flush()
    os._exit(0)  # the other thread is still listening


if __name__ == "__main__":
    main()
