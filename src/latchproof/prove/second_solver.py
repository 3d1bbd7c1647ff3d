"""Asks cvc5 for the answers to an SMT-LIB 2 file, in a separate process, while the prover continues.

The process gets the text alone. It imports neither the prover nor z3, so none of their mistakes can reach it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from tempfile import TemporaryFile

FAILED = 4
"""Exit code of a process that could not answer; it says why on standard error."""


class SolverError(Exception):
    """The second solver could not read what it was given, or did not answer each query once."""


def ask(text: str, time_limit: int) -> Callable[[], list[str]]:
    """Begin to ask cvc5; return a function that waits, and returns the answer to each query, in order.

    `time_limit` is the limit for each query, in milliseconds. The function raises SolverError if cvc5 cannot read the
    text.

    >>> ask("(set-logic ALL)(declare-fun x () Int)(assert (= x 1))(check-sat)", 1000)()
    ['sat']
    """
    with TemporaryFile("w+", encoding="utf-8") as file:
        file.write(text)
        file.seek(0)
        process = subprocess.Popen(
            [sys.executable, "-m", "latchproof.prove.second_solver", str(time_limit)],
            stdin=file, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        )  # fmt: skip

    def finish() -> list[str]:
        with process:
            said, complaint = process.communicate()
        if process.returncode:
            reason = "" if process.returncode == FAILED else f"it ended with exit code {process.returncode}: "
            raise SolverError(reason + complaint.strip())
        return said.split()

    return finish


def answers(text: str, time_limit: int) -> list[str]:
    """Return cvc5's answer to each query of a text, in order. Raise SolverError if it cannot read the text."""
    import cvc5

    solver = cvc5.Solver(cvc5.TermManager())
    solver.setOption("incremental", "true")
    solver.setOption("tlimit-per", str(time_limit))
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "obligations")
    symbols = parser.getSymbolManager()
    found = []
    try:
        while not (command := parser.nextCommand()).isNull():
            said = command.invoke(solver, symbols).strip()
            answer = said.partition(" ")[0]  # "unknown" comes with its reason
            if answer in ("sat", "unsat", "unknown"):
                found.append(answer)
            elif said:
                raise SolverError(said)
    except RuntimeError as error:  # what cvc5 raises for a text that it cannot parse
        raise SolverError(str(error)) from error
    return found


def main() -> int:
    """Answer the queries on standard input, one a line."""
    try:
        found = answers(sys.stdin.read(), int(sys.argv[1]))
    except SolverError as error:
        print(error, file=sys.stderr)
        return FAILED
    print("\n".join(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
