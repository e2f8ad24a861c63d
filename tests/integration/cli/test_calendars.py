"""`punctual calendars`, and what a calendar does to `punctual schedules`, against a real server."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Punctual = Callable[..., Any]

HOLIDAYS = ("calendars", "create", "holidays", "--holidays", "DE/BY", "--timezone", "Europe/Berlin")
INVOICES = (
    "schedules",
    "create",
    "invoices",
    "--task",
    "app.backup",
    "--arg",
    "/srv",
    "--trigger",
    "0 9 * * * Europe/Berlin",
)


def test_a_calendar_lives_its_whole_life_by_commands(punctual: Punctual) -> None:
    assert "no calendars yet" in punctual("calendars", "list").out
    created = punctual(*HOLIDAYS, "--yearly", "12-31", "--weekly", "sat,sun", "--date", "2027-05-14")
    assert (created.status, created.err) == (0, "")
    assert created.out.startswith("Created holidays: 4 rules.")
    assert punctual("calendars", "list", "-o", "name").out == "holidays\n"
    assert "4 (holidays, weekly, yearly, dates)" in punctual("calendars", "list").out
    shown = punctual("calendars", "show", "holidays", "--from", "2026-12-25T00:00Z", "--until", "2026-12-25T12:00Z").out
    assert "Christmas Day" in shown
    assert "Fri 2026-12-25 00:00:00 CET" in shown
    assert punctual("calendars", "delete", "holidays").out == "Deleted holidays.\n"
    assert punctual("calendars", "show", "holidays").status == 1


def test_weekly_hours_stand_behind_their_days(punctual: Punctual) -> None:
    punctual("calendars", "create", "office hours", "--weekly", "mon-fri 09:00-17:00")
    (rule,) = json.loads(punctual("calendars", "show", "office hours", "-o", "json").out)["rules"]
    assert (rule["days"], rule["from"], rule["until"]) == (["mon", "tue", "wed", "thu", "fri"], "09:00", "17:00")
    refused = punctual("calendars", "create", "odd", "--weekly", "mon 9")
    assert refused.status == 2
    assert "has no hours" in refused.err


def test_a_calendar_without_rules_is_refused_before_it_is_sent(punctual: Punctual) -> None:
    assert "a rule must be given" in punctual("calendars", "create", "empty").err


def test_a_shown_calendar_can_be_changed_by_its_file_and_in_an_editor(
    punctual: Punctual, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    punctual(*HOLIDAYS)
    document = json.loads(punctual("calendars", "show", "holidays", "-o", "json").out)
    file = tmp_path / "calendar.json"
    file.write_text(json.dumps(document | {"description": "Bavaria"}))
    assert punctual("calendars", "edit", "holidays", "-f", str(file)).out.startswith("Changed holidays")
    editor = tmp_path / "editor.sh"
    editor.write_text('#!/bin/sh\nsed -i s/Bavaria/Bayern/ "$1"\n')
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(editor))
    assert punctual("calendars", "edit", "holidays").out.startswith("Changed holidays")
    assert punctual("calendars", "edit", "holidays").out == "holidays is unchanged.\n"
    changed = json.loads(punctual("calendars", "show", "holidays", "-o", "json").out)
    assert (changed["description"], changed["version"], changed["rules"]) == ("Bayern", 3, document["rules"])


def test_a_schedule_shows_what_its_calendars_do_to_it(punctual: Punctual) -> None:
    punctual(*HOLIDAYS)
    created = punctual(*INVOICES, "--blackout", "holidays", "--when-closed", "next_open", "--max-runs", "9")
    assert (created.status, created.err) == (0, "")
    assert "not within 'holidays'" in punctual("schedules", "show", "invoices").out
    preview = punctual("schedules", "preview", "invoices", "--after", "2026-12-23T12:00Z", "--count", "3").out
    assert "SENT AT" in preview
    assert "skipped" in preview
    assert "moved to 00:00 on 27 December 2026 CET" in preview
    explained = punctual("schedules", "explain", "invoices", "2026-12-25T09:00+01:00").out
    assert "Christmas Day" in explained
    assert "sent at" not in explained
    fires = punctual("schedules", "explain", "invoices", "2026-12-28T09:00+01:00").out
    assert "Mon 2026-12-28 08:00:00 UTC" in fires
    refused = punctual("calendars", "delete", "holidays")
    assert (refused.status, "'invoices'" in refused.err) == (1, True)
    assert punctual("schedules", "edit", "invoices", "--blackout", "").status == 0
    assert punctual("calendars", "delete", "holidays").status == 0


ICS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Test//EN
BEGIN:VEVENT
UID:1
DTSTART;VALUE=DATE:20261224
SUMMARY:Company holiday
END:VEVENT
BEGIN:VEVENT
UID:2
DTSTART;VALUE=DATE:20261231
SUMMARY:Called off
STATUS:CANCELLED
END:VEVENT
END:VCALENDAR
"""


def test_an_ics_file_becomes_a_calendar_and_what_is_left_out_is_told(punctual: Punctual, tmp_path: Path) -> None:
    file = tmp_path / "company.ics"
    file.write_text(ICS.replace("\n", "\r\n"))
    imported = punctual("calendars", "import", str(file))
    assert (imported.status, imported.err) == (0, "")
    assert imported.out.startswith("Created company: 1 rule.")
    assert "Called off" in imported.out
    shown = punctual("calendars", "show", "company", "--from", "2026-12-24T12:00Z", "--until", "2026-12-31T12:00Z").out
    assert "Company holiday" in shown
    file.write_text("no calendar")
    refused = punctual("calendars", "import", str(file), "--name", "broken")
    assert refused.status == 1
    assert punctual("calendars", "list", "-o", "name").out == "company\n"
