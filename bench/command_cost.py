"""What a command costs: run it to its end, and ask the operating system."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """Wall-clock and processor seconds of a command, and its peak memory in bytes."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int


def eznas(arguments: Sequence[str]) -> Cost:
    """Run `eznas` with these arguments in a process of its own; this process ends if that one fails."""
    command = [sys.executable, "-m", "eznas", *arguments]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{' '.join(command)} failed")
    return Cost(time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
