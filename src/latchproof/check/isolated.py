"""Does one piece of a check in a separate process: what a worker of a cluster starts for each piece.

Nothing is left of one target when the next one comes, whatever it did, and the files are read again for each. The
worker writes the piece to the process, which answers, and ends when the worker ends.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading

from latchproof.check.jobs import Job, JobResult
from latchproof.check.pool import Pool
from latchproof.check.target import TargetError
from latchproof.check.work_queue import OneJob


def do_isolated(name: str, kind: str, job: Job) -> JobResult:
    """Do a job for a target in a separate process; raise TargetError if the target cannot be loaded there."""
    command = [sys.executable, "-m", "latchproof.check.isolated"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        pickle.dump((name, kind, job), process.stdin)
        process.stdin.flush()
        try:
            answer: JobResult | str = pickle.load(process.stdout)
        except EOFError:
            process.stdin.close()
            raise TargetError(f"{' '.join(command)} ended with exit code {process.wait()}") from None
    if isinstance(answer, str):
        raise TargetError(answer)
    return answer


def main() -> None:
    """Do the job given on standard input, and answer on standard output."""
    name, kind, job = pickle.load(sys.stdin.buffer)
    pool = Pool(name, kind, 1)

    def end_with_the_worker() -> None:
        sys.stdin.buffer.read()
        pool.end()
        os._exit(1)

    threading.Thread(target=end_with_the_worker, daemon=True).start()
    work = OneJob(job)
    try:
        pool.do(work)
        answer: JobResult | str | None = work.result
    except TargetError as error:
        answer = str(error)
    pickle.dump(answer, sys.stdout.buffer)
    sys.stdout.buffer.flush()
    os._exit(0)  # the other thread is still listening


if __name__ == "__main__":
    main()
