"""Run a command, and print how long it took in seconds and in CPU-seconds of all its processes.

Seconds depend on what else the machine does; CPU-seconds hardly do.

python tests/timed.py COMMAND [ARGUMENT ...]
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Sequence


def main(command: Sequence[str]) -> int:
    begun = time.monotonic()
    code = subprocess.run(command, check=False).returncode
    seconds = time.monotonic() - begun
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime
    print(f"{' '.join(command)}: {seconds:.0f} s, {cpu:.0f} CPU-seconds, exit code {code}", flush=True)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
