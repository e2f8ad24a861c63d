"""Taking the address that the API and the web UI listen on."""

import errno
import socket

from punctual.domain.errors import SetupError

_FIRST_UNPRIVILEGED = 1024


def bind(host: str, port: int) -> socket.socket:
    """Return a socket bound to the address; port 0 takes a free one. Raises SetupError when it cannot be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError) as error:
        message = f"{host!r} is no address to listen on"
        raise SetupError(message, fix="Name one of this machine's addresses: --host 127.0.0.1.") from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise _refusal(host, port, error) from error
    return listener


def free_port(host: str, port: int) -> int:
    """Return the port if it can be had, or a free one for port 0; raises SetupError otherwise."""
    with bind(host, port) as listener:
        return int(listener.getsockname()[1])


def reachable(host: str) -> str:
    """Return the address at which this machine reaches itself when it listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - what it stands for


def web_address(host: str, port: int) -> str:
    """Return the address to type into a browser on this machine."""
    name = reachable(host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _refusal(host: str, port: int, error: OSError) -> SetupError:
    if error.errno == errno.EADDRINUSE:
        message = f"port {port} on {host} is in use"
        return SetupError(message, fix="Stop what listens there, or choose another port with --port (0: any free one).")
    if error.errno == errno.EACCES and port < _FIRST_UNPRIVILEGED:
        message = f"port {port} needs an administrator's rights"
        return SetupError(message, fix="Choose a port of 1024 or more with --port.")
    message = f"cannot listen on {host}, port {port}: {error.strerror}"
    return SetupError(message, fix="Name one of this machine's addresses: --host 127.0.0.1.")
