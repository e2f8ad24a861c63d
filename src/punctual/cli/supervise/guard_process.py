"""The guard: a tiny process that ends the supervisor's children when the supervisor dies without doing so.

It runs by path (`python -I -S guard_process.py LOCK_FD QUIT_AFTER KILL_AFTER KILL_LAST_AFTER`), so it imports the
standard library only. Standard input is a pipe whose writing end the supervisor and each child being started hold. It
reads one line per event:

    + PID LAST QUIT     a child with its own process group runs; LAST and QUIT are 0 or 1
    - PID               that child and its group are gone

End of file means that the supervisor is gone. The guard then stops what is still there as the supervisor would have:
first the ordinary children, which get SIGQUIT where they are marked QUIT and SIGKILL after so many seconds, then those
marked LAST. It holds LOCK_FD, the locked file of the data folder, meanwhile.
"""

import contextlib
import os
import signal
import sys
import time

SURE_TO_DIE = 1.0
"""Seconds that a killed process may take to go; only one stuck in the kernel takes longer."""

_POLL = 0.05
_monotonic = time.monotonic


def send(pid: int, number: int, *, group: bool = False) -> bool:
    """Send a signal to a process, or to its whole group; return whether there was anything to send it to."""
    try:
        if group:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
    except (ProcessLookupError, PermissionError):  # macOS refuses signals to a zombie
        return False
    return True


def runs(pid: int) -> bool:
    """Return whether a process runs; a zombie does not, though signals reach it (init may be slow to collect it)."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:  # noqa: PTH123 - pathlib would double the time to start
            return stat.read().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return send(pid, 0)


def follow(stream: int) -> dict[int, tuple[bool, bool]]:
    """Read events until end of file; return the children that are left: pid to (LAST, QUIT)."""
    left: dict[int, tuple[bool, bool]] = {}
    rest = b""
    while chunk := os.read(stream, 4096):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            match line.split():
                case [b"+", pid, last, quits]:
                    left[int(pid)] = (last == b"1", quits == b"1")
                case [b"-", pid]:
                    left.pop(int(pid), None)
    return left


def stop(pids: set[int], quitting: set[int], quit_after: float, kill_after: float) -> None:
    """Ask the children to end, and kill the groups of those that do not within `kill_after` seconds."""
    began = _monotonic()
    asked = False
    alive = {pid for pid in pids if send(pid, signal.SIGTERM)}
    while alive and _monotonic() - began < kill_after:
        if not asked and _monotonic() - began >= quit_after:
            asked = True
            for pid in alive & quitting:
                send(pid, signal.SIGQUIT)
        time.sleep(_POLL)
        alive = {pid for pid in alive if runs(pid)}
    for pid in pids:
        send(pid, signal.SIGKILL, group=True)
    began = _monotonic()
    while any(runs(pid) for pid in pids) and _monotonic() - began < SURE_TO_DIE:
        time.sleep(_POLL)


def main() -> None:
    """Guard until the supervisor is gone, then clean up after it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    left = follow(0)
    if not left:
        return
    lock = int(sys.argv[1])
    quit_after, kill_after, kill_last_after = map(float, sys.argv[2:5])
    with contextlib.suppress(OSError):
        os.ftruncate(lock, 0)
        os.pwrite(lock, b"stopping", 0)  # in place of the pid: who wants the folder learns that it will be free
    with contextlib.suppress(OSError):
        os.write(2, b"punctual up is gone; stopping what it had started\n")
    quitting = {pid for pid, (_, quits) in left.items() if quits}
    stop({pid for pid, (last, _) in left.items() if not last}, quitting, quit_after, kill_after)
    stop({pid for pid, (last, _) in left.items() if last}, set(), kill_last_after, kill_last_after)


if __name__ == "__main__":
    main()
