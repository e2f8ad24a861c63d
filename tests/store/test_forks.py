"""A process that is forked while another thread writes can write itself."""

import os
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from punctual.store.database import Database


def write(database: Database) -> None:
    with database.write() as tx:
        tx.connection.execute(text("INSERT INTO notes VALUES (1)"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_child_that_is_forked_in_the_middle_of_a_write_can_write(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'notes.db'}"
    database = Database(url)
    with database.write() as tx:
        tx.connection.execute(text("CREATE TABLE notes (number INTEGER)"))
    writing, go_on = threading.Event(), threading.Event()

    def write_for_long() -> None:
        with database.write() as tx:
            tx.connection.execute(text("INSERT INTO notes VALUES (2)"))
            writing.set()
            go_on.wait(20)

    thread = threading.Thread(target=write_for_long)
    thread.start()
    assert writing.wait(20)
    threading.Timer(0.2, go_on.set).start()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            write(Database(url))
            status = 0
        finally:
            os._exit(status)
    thread.join()
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    database.close()
