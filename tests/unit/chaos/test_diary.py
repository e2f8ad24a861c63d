"""What the tasks write is read as executions, those cut short among them."""

import os
from pathlib import Path
from uuid import UUID

from chaos.diary import Execution, Line, read, write

RUN = UUID(int=1)


def test_a_start_and_its_end_are_one_execution_and_a_start_without_end_is_one_too(tmp_path: Path) -> None:
    file = os.open(tmp_path / "diary", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for line in (
        Line("start", str(RUN), 1, 10, 5, 100.25),
        Line("start", str(RUN), 2, 11, 5, 101.0),
        Line("failed", str(RUN), 1, 10, 5, 102.0),
        Line("start", str(RUN), 1, 10, 5, 103.0),
    ):
        write(file, line)
    os.close(file)
    assert read(tmp_path / "diary") == [
        Execution(RUN, 1, 10, 5, 100.25, 102.0, failed=True),
        Execution(RUN, 2, 11, 5, 101.0),
        Execution(RUN, 1, 10, 5, 103.0),
    ]


def test_where_no_task_ran_there_is_nothing(tmp_path: Path) -> None:
    assert read(tmp_path / "diary") == []
