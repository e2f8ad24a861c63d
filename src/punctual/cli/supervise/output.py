"""What the supervisor and its children print: whole lines, each with the name of who wrote it."""

import os
import sys
import threading
from typing import TextIO

_COLOURS = (36, 33, 35, 32, 34)
_RESET = "\033[0m"
_WIDTH = 9


class Output:
    """A stream shared by several writers. Safe to use from several threads; a stream that is gone is ignored."""

    def __init__(self, stream: TextIO | None = None, *, colour: bool | None = None) -> None:
        """Write to `stream` (standard output by default), in colour when it is a terminal and NO_COLOR is not set."""
        self._stream = stream or sys.stdout
        self._colour = wants_colour(self._stream) if colour is None else colour
        self._names: dict[str, str] = {}
        self._mutex = threading.Lock()

    def line(self, name: str, text: str) -> None:
        """Print one line of a child."""
        self._print(f"{self._prefix(name)} {text}\n")

    def notice(self, text: str) -> None:
        """Print one line of the supervisor itself."""
        self.line("punctual", text)

    def block(self, text: str) -> None:
        """Print several lines as they are, with nothing of others between them."""
        self._print(text if text.endswith("\n") else f"{text}\n")

    def bold(self, text: str) -> str:
        """Return the text so that it stands out, where the stream can show that."""
        return f"\033[1m{text}{_RESET}" if self._colour else text

    def _prefix(self, name: str) -> str:
        with self._mutex:
            if name not in self._names:
                label = f"{name:<{_WIDTH}} |"
                colour = _COLOURS[len(self._names) % len(_COLOURS)]
                self._names[name] = f"\033[{colour}m{label}{_RESET}" if self._colour else label
            return self._names[name]

    def _print(self, text: str) -> None:
        with self._mutex:
            try:
                self._stream.write(text)
                self._stream.flush()
            except (OSError, ValueError):
                return  # the terminal or the pipe is gone; the children go on


def wants_colour(stream: TextIO) -> bool:
    """Return whether to colour what goes to this stream (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR")
