"""Breaking a stored spec, as an older or newer release might; and a schedule with a past."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from integration.engine.past import Past
from punctual.control.schedules import Schedules
from punctual.store.database import Database
from punctual.store.tables import schedule_versions, schedules
from punctual.testing import ManualClock


@pytest.fixture
def stored() -> dict[str, object]:
    return {}


@pytest.fixture
def break_spec(database: Database, stored: dict[str, object]) -> Callable[[str], None]:
    def damage(name: str) -> None:
        of = select(schedules.c.id).where(schedules.c.name == name).scalar_subquery()
        with database.write() as tx:
            query = select(schedule_versions.c.spec).where(schedule_versions.c.schedule_id == of)
            stored[name] = tx.connection.execute(query).scalar_one()
            spec = {**stored[name], "trigger": {"kind": "lunar"}}  # type: ignore[dict-item]
            tx.connection.execute(
                update(schedule_versions).where(schedule_versions.c.schedule_id == of).values(spec=spec)
            )

    return damage


@pytest.fixture
def mend_spec(database: Database, stored: dict[str, object]) -> Callable[[str], None]:
    def mend(name: str) -> None:
        of = select(schedules.c.id).where(schedules.c.name == name).scalar_subquery()
        with database.write() as tx:
            tx.connection.execute(
                update(schedule_versions).where(schedule_versions.c.schedule_id == of).values(spec=stored[name])
            )

    return mend


@pytest.fixture
def past(database: Database, clock: ManualClock, schedules: Schedules) -> Past:
    return Past(database, clock, schedules)
