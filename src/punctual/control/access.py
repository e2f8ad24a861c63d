"""Who may come in: bearer tokens for programs, sign-in links and sessions for people."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from punctual.domain.clock import Clock
from punctual.domain.errors import UnauthenticatedError
from punctual.domain.identity import new_secret, secret_hash
from punctual.store import access
from punctual.store.database import Database

LINK_LIFETIME = timedelta(minutes=15)
SESSION_LIFETIME = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class SignInLink:
    """A code that opens one session, once, until it expires."""

    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class OpenSession:
    """The cookie of a session that was just opened."""

    cookie: str
    expires_at: datetime


class Access:
    """Credentials are shown once, to the one who asked, and stored as hashes."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Keep them in this database, by this time."""
        self._database = database
        self._clock = clock

    def ensure_bootstrap(self, token: str) -> None:
        """Make this the token of the first administrator, in place of an earlier one."""
        with self._database.write() as tx:
            access.set_token(tx, "bootstrap", secret_hash(token), at=self._clock.now())

    def authenticate(self, token: str) -> str:
        """Return the actor that a bearer token stands for; raises UnauthenticatedError."""
        with self._database.read() as tx:
            name = access.token_name(tx, secret_hash(token))
        if name is None:
            message = "The bearer token is not known."
            raise UnauthenticatedError(message, fix="Check PUNCTUAL_TOKEN; `punctual up` prints the local token.")
        return f"token:{name}"

    def authenticate_session(self, cookie: str) -> str:
        """Return the actor of a session; raises UnauthenticatedError."""
        with self._database.read() as tx:
            actor = access.session_actor(tx, secret_hash(cookie), at=self._clock.now())
        if actor is None:
            message = "The session has ended."
            raise UnauthenticatedError(message, fix="Sign in again; `punctual sign-in` prints a new link.")
        return actor

    def create_sign_in_link(self, *, actor: str) -> SignInLink:
        """Return a new code that opens one session in the name of this actor."""
        now = self._clock.now()
        link = SignInLink(new_secret("pl"), now + LINK_LIFETIME)
        with self._database.write() as tx:
            access.add_sign_in_link(
                tx, secret_hash(link.code), actor=f"session:{actor}", at=now, expires_at=link.expires_at
            )
        return link

    def open_session(self, code: str) -> OpenSession:
        """Use a sign-in code up; raises UnauthenticatedError when it is unknown, used or expired."""
        now = self._clock.now()
        session = OpenSession(new_secret("ps"), now + SESSION_LIFETIME)
        with self._database.write() as tx:
            actor = access.take_sign_in_link(tx, secret_hash(code), at=now)
            if actor is None:
                message = "This sign-in link was used already, or has expired."
                raise UnauthenticatedError(message, fix="Run `punctual sign-in` on the server for a new one.")
            access.add_session(tx, secret_hash(session.cookie), actor=actor, at=now, expires_at=session.expires_at)
        return session

    def close_session(self, cookie: str) -> None:
        """End a session; one that is not known has ended already."""
        with self._database.write() as tx:
            access.end_session(tx, secret_hash(cookie))
