"""Credentials: only hashes of them are stored."""

from datetime import datetime

from sqlalchemy import delete, select

from punctual.store.database import Transaction
from punctual.store.process_tables import sessions, sign_in_links, tokens


def set_token(tx: Transaction, name: str, token_hash: str, *, at: datetime) -> None:
    """Store the token of this name, in place of an earlier one."""
    tx.connection.execute(
        tx.dialect.upsert(tokens, key="name", change=("token_hash",)).values(
            name=name, token_hash=token_hash, created_at=at
        )
    )


def token_name(tx: Transaction, token_hash: str) -> str | None:
    """Return the name of a token; None when it is not known."""
    name: str | None = tx.connection.execute(
        select(tokens.c.name).where(tokens.c.token_hash == token_hash)
    ).scalar_one_or_none()
    return name


def add_sign_in_link(tx: Transaction, code_hash: str, *, actor: str, at: datetime, expires_at: datetime) -> None:
    """Store a sign-in link, and remove those that have expired."""
    tx.connection.execute(delete(sign_in_links).where(sign_in_links.c.expires_at <= at))
    tx.connection.execute(sign_in_links.insert().values(code_hash=code_hash, actor=actor, expires_at=expires_at))


def take_sign_in_link(tx: Transaction, code_hash: str, *, at: datetime) -> str | None:
    """Use a sign-in link up and return the actor it stands for; None when it is unknown, used or expired."""
    taken = (
        delete(sign_in_links)
        .where(sign_in_links.c.code_hash == code_hash, sign_in_links.c.expires_at > at)
        .returning(sign_in_links.c.actor)
    )
    actor: str | None = tx.connection.execute(taken).scalar_one_or_none()
    return actor


def add_session(tx: Transaction, cookie_hash: str, *, actor: str, at: datetime, expires_at: datetime) -> None:
    """Store a session, and remove those that have expired."""
    tx.connection.execute(delete(sessions).where(sessions.c.expires_at <= at))
    tx.connection.execute(
        sessions.insert().values(cookie_hash=cookie_hash, actor=actor, created_at=at, expires_at=expires_at)
    )


def session_actor(tx: Transaction, cookie_hash: str, *, at: datetime) -> str | None:
    """Return the actor of a session; None when it is unknown or expired."""
    actor: str | None = tx.connection.execute(
        select(sessions.c.actor).where(sessions.c.cookie_hash == cookie_hash, sessions.c.expires_at > at)
    ).scalar_one_or_none()
    return actor


def end_session(tx: Transaction, cookie_hash: str) -> None:
    """Remove a session."""
    tx.connection.execute(delete(sessions).where(sessions.c.cookie_hash == cookie_hash))
