"""HTTP connections that only ever reach an address that was checked first."""

import contextlib
import ipaddress
import socket
import ssl
import threading
from typing import Any

import httpx

from punctual.domain.clock import monotonic

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class ForbiddenAddressError(Exception):
    """The host has no address that may be reached; the text names the host and its addresses."""


class UnknownHostError(Exception):
    """The host's name has no address."""


def is_public(text: str) -> bool:
    """Tell whether an address belongs to the public internet, whatever way it is written or tunnelled.

    Private, loopback, link-local, shared (RFC 6598), multicast and reserved ranges are not public; an IPv6 address
    that stands for an IPv4 one (mapped, NAT64, 6to4) is as public as that one.
    """
    address: Address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


class CheckedTransport(httpx.BaseTransport):
    """Resolves each request's host once, checks the addresses, and connects to those: no second look-up can differ.

    `deadline`, on the monotonic clock, ends every request, also one whose server sends a little from time to time.
    """

    def __init__(self, *, allow_private: bool, deadline: float) -> None:
        """Open nothing yet; `deadline` is an instant of `punctual.domain.clock.monotonic`."""
        self._allow_private = allow_private
        self._deadline = deadline
        self._inner: dict[str, httpx.HTTPTransport] = {}
        self._sockets: list[socket.socket] = []
        self._watchdog: threading.Timer | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request to the first address that takes the connection.

        Raises ForbiddenAddressError, UnknownHostError, or what httpx raises.
        """
        failure: httpx.TransportError | None = None
        for address in self._addresses(request.url):
            try:
                return self._transport(request.url.scheme).handle_request(self._addressed(request, address))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure or httpx.ConnectTimeout("no time left")

    def close(self) -> None:
        """Close all connections."""
        if self._watchdog is not None:
            self._watchdog.cancel()
        for transport in self._inner.values():
            transport.close()
        for guard in self._sockets:
            guard.close()

    def _transport(self, scheme: str) -> httpx.HTTPTransport:
        """Return the transport that connects; the trusted certificates, slow to load, are loaded for https only.

        It uses no proxy of the environment: a proxy would resolve the names itself.
        """
        if scheme not in self._inner:
            trusted = True if scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            self._inner[scheme] = httpx.HTTPTransport(verify=trusted, limits=httpx.Limits(max_keepalive_connections=0))
        return self._inner[scheme]

    def _addresses(self, url: httpx.URL) -> list[str]:
        host = url.raw_host.decode("ascii")
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            message = f'the name "{host}" cannot be resolved ({error})'
            raise UnknownHostError(message) from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        allowed = [address for address in addresses if self._allow_private or is_public(address)]
        if not allowed:
            message = f'"{host}" is at {", ".join(addresses)}, which is not a public address'
            raise ForbiddenAddressError(message)
        return allowed

    def _addressed(self, request: httpx.Request, address: str) -> httpx.Request:
        """Return the request for one address; certificates are still checked against the host's name."""
        left = max(self._deadline - monotonic(), 0.001)
        extensions: dict[str, Any] = {
            **request.extensions,
            "timeout": dict.fromkeys(("connect", "read", "write", "pool"), left),
            "trace": self._watch,
        }
        host = request.url.raw_host.decode("ascii")
        if host != address:
            extensions["sni_hostname"] = host
        return httpx.Request(
            request.method,
            request.url.copy_with(host=address),
            headers=request.headers,  # with the Host header of the original address
            stream=request.stream,
            extensions=extensions,
        )

    def _watch(self, event: str, info: dict[str, Any]) -> None:
        """Keep a second handle on every connection, to cut it at the deadline wherever the request then stands."""
        if event != "connection.connect_tcp.complete":
            return
        self._sockets.append(info["return_value"].get_extra_info("socket").dup())
        if self._watchdog is None:
            self._watchdog = threading.Timer(max(self._deadline - monotonic(), 0), self._cut)
            self._watchdog.daemon = True
            self._watchdog.start()

    def _cut(self) -> None:
        for guard in list(self._sockets):
            with contextlib.suppress(OSError):
                guard.shutdown(socket.SHUT_RDWR)
