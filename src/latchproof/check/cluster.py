"""Does the pieces of a check on a Dask cluster: submits them, gathers results, and cancels what is not needed.

Where a piece is done, and how often it is started because a worker was lost, makes no difference to its result; the
cluster starts it again by itself. For each piece a worker starts this module as a process, writes the piece to it, and
reads the answer. So nothing is left of one target when the next one comes, whatever it did, and the target's files are
read again for each.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
import time
from importlib.metadata import version
from typing import TYPE_CHECKING

from latchproof.check.jobs import Job, JobResult
from latchproof.check.pool import Pool
from latchproof.check.reasons import Reason
from latchproof.check.target import Recipe, TargetError
from latchproof.check.tree import Walk
from latchproof.check.work_queue import BrokenOffError, OneJob, Piece, WorkQueue

if TYPE_CHECKING:
    from distributed import Client, Future

CONNECT_SECONDS = 10
"""Time to reach the scheduler, and for a worker to appear, in seconds."""

LOST_SECONDS = 60
"""Time without any worker after which a check that has begun is stopped, in seconds."""

BEAT_SECONDS = 1
"""Interval at which workers are counted again, in seconds."""


class Cluster:
    """The workers of the Dask cluster whose scheduler is at an address, for one target that each of them can load.

    Raises TargetError, from `do`, if the cluster cannot be used, or the target cannot be loaded there, and
    BrokenOffError if the cluster is lost during the check.
    """

    def __init__(self, address: str, recipe: Recipe) -> None:
        self._address = address
        self._recipe = recipe._replace(folder="")  # a worker may have the target's files in another one

    def do(self, work: WorkQueue) -> None:
        """Do all of the work."""
        running: dict[Future[JobResult], Piece] = {}
        with self._connect() as client, client.as_current():
            try:
                with_workers = time.monotonic()
                while not work.is_over:
                    if client.status != "running":
                        raise BrokenOffError(f"the scheduler at {self._address} was lost")
                    threads = sum(client.nthreads().values())
                    if threads:
                        with_workers = time.monotonic()
                    elif time.monotonic() - with_workers > LOST_SECONDS:
                        raise BrokenOffError(f"the cluster at {self._address} has had no worker for {LOST_SECONDS} s")
                    # one more for each, so that none is idle; what is not needed in the end is not even started
                    while len(running) < 2 * threads and (piece := work.next()) is not None:
                        call = _do_piece, version("latchproof"), self._recipe, work.job(piece)
                        running[client.submit(*call, pure=False)] = piece
                    self._gather(running, work)
            finally:
                client.cancel(list(running))

    def _connect(self) -> Client:
        try:
            import distributed
            from distributed.comm.addressing import get_address_host_port
        except ImportError:
            raise TargetError('a cluster needs Dask: pip install "latchproof[cluster]"') from None
        try:
            get_address_host_port(self._address)  # else a client that cannot connect is left behind
            client = distributed.Client(self._address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise TargetError(
                f"the scheduler at {self._address} cannot be reached: {error}. Is it running (dask scheduler), and is "
                "this the address that it prints?"
            ) from None
        try:
            client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        except TimeoutError:
            client.close()
            raise TargetError(
                f"the cluster at {self._address} has no worker: start some with dask worker {self._address}"
            ) from None
        return client

    def _gather(self, running: dict[Future[JobResult], Piece], work: WorkQueue) -> None:
        """Take in what is completed within a while, and cancel what is not needed any more."""
        from distributed import wait

        try:
            wait(list(running), timeout=BEAT_SECONDS, return_when="FIRST_COMPLETED")
        except TimeoutError:
            return
        except Exception as error:  # the class for a cancellation differs between versions of distributed
            raise BrokenOffError(f"the cluster at {self._address} gave up a piece: {error}") from error
        for future in [one for one in running if one.done()]:
            piece = running.pop(future)
            result = self._result(future)
            work.report(piece, result.walk)
            work.take(piece, result)
            future.release()
        for future in [one for one, piece in running.items() if not work.needs(piece)]:
            future.cancel()
            del running[future]

    def _result(self, future: Future[JobResult]) -> JobResult:
        from distributed import KilledWorker

        error = future.exception()
        if error is None:
            return future.result()
        if isinstance(error, TargetError):
            raise TargetError(f"on a worker of the cluster: {error}")
        if isinstance(error, KilledWorker):
            reason = Reason("gave-up", "", f"the cluster gave up a piece: {error}")
            return JobResult(Walk(complete=False), (reason,), done=False)
        raise TargetError(
            f"a worker of the cluster could not do a piece: {type(error).__name__}: {error}. Each of them needs "
            f"latchproof[verify] {version('latchproof')}, and the target"
        )


def _do_piece(submitted_by: str, recipe: Recipe, job: Job) -> JobResult:
    """Do one job, as a worker of the cluster."""
    here = version("latchproof")
    if here != submitted_by:
        raise TargetError(f"this is latchproof {here}, and the check was started by {submitted_by}")
    return do_isolated(recipe, job)


def do_isolated(recipe: Recipe, job: Job) -> JobResult:
    """Do a job for a target in a separate process; raise TargetError if the target cannot be loaded there."""
    command = [sys.executable, "-m", "latchproof.check.cluster"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        pickle.dump((recipe, job), process.stdin)
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
    recipe, job = pickle.load(sys.stdin.buffer)
    pool = Pool(recipe, 1)

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
