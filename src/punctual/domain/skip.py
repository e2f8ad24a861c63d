"""A fire time that people chose not to run, before its time came."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

ON_PURPOSE = "Skipped on purpose by "
"""How the reason of a record begins whose fire time people chose to skip."""


class Skip(BaseModel):
    """One fire time to skip, by whose wish, and why."""

    model_config = ConfigDict(frozen=True)

    fire_time: datetime
    actor: str
    note: str | None = None

    @property
    def reason(self) -> str:
        """The sentence that its record in the ledger has."""
        why = "" if not self.note else f": {self.note.rstrip('.')}"
        return f"{ON_PURPOSE}{self.actor}{why}."
