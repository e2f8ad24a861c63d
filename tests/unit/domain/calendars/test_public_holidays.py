"""Public holidays, checked against the calendars that governments publish."""

import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from punctual.control.faults import faults_of
from punctual.domain.calendars.calendar import Calendar


def holidays(timezone: str = "UTC", **rule: Any) -> Calendar:
    return Calendar.model_validate({"name": "c", "timezone": timezone, "rules": [{"kind": "holidays", **rule}]})


def name_of(calendar: Calendar, day: str) -> str | None:
    stretch = calendar.stretch_at(datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=UTC))
    return stretch.label if stretch else None


def test_a_holiday_of_a_region_is_none_in_another() -> None:
    # Corpus Christi, 60 days after Easter (2026-04-05): a holiday in Bavaria, none in Berlin.
    assert name_of(holidays(country="DE", region="BY"), "2026-06-04") == "Corpus Christi"
    assert name_of(holidays(country="DE", region="BE"), "2026-06-04") is None
    assert name_of(holidays(country="DE"), "2026-06-04") is None
    assert name_of(holidays(country="DE", region="BE"), "2026-03-08") == "Women's Day"
    for region in ("BY", "BE", None):
        assert name_of(holidays(country="DE", region=region), "2026-10-03") == "German Unity Day"


def test_a_holiday_lasts_from_midnight_to_midnight_in_the_zone_of_the_calendar() -> None:
    stretch = holidays("Europe/Berlin", country="DE").stretch_at(datetime(2026, 12, 25, 12, tzinfo=UTC))
    assert stretch is not None
    assert stretch.start == datetime(2026, 12, 24, 23, tzinfo=UTC)
    assert stretch.end == datetime(2026, 12, 25, 23, tzinfo=UTC)


def test_days_on_which_a_holiday_is_observed_may_be_left_out() -> None:
    # In 2021 Christmas Day was a Saturday: the substitute days were Monday the 27th and Tuesday the 28th.
    assert name_of(holidays(country="GB"), "2021-12-27") == "Christmas Day (observed)"
    assert name_of(holidays(country="GB"), "2021-12-28") == "Boxing Day (observed)"
    assert name_of(holidays(country="GB", observed=False), "2021-12-27") is None
    assert name_of(holidays(country="GB", observed=False), "2021-12-25") == "Christmas Day"


def test_a_holiday_observed_in_the_year_before_is_held_there() -> None:
    # 2028-01-01 is a Saturday, which the United States observe on the Friday before.
    assert name_of(holidays(country="US"), "2027-12-31") == "New Year's Day (observed)"


def test_a_region_may_have_holidays_that_the_country_has_not() -> None:
    assert name_of(holidays(country="GB", region="SCT"), "2026-11-30") == "Saint Andrew's Day"
    assert name_of(holidays(country="GB", region="ENG"), "2026-11-30") is None


def test_categories_choose_among_the_holidays() -> None:
    # Assumption is a holiday in the Catholic communities of Bavaria only.
    assert name_of(holidays(country="DE", region="BY"), "2026-08-15") is None
    catholic = holidays(country="DE", region="BY", categories="public, catholic")
    assert name_of(catholic, "2026-08-15") == "Assumption Day"
    assert name_of(catholic, "2026-12-25") == "Christmas Day"


@pytest.mark.parametrize(
    ("country", "region"),
    [("de", "Bayern"), ("DEU", "by"), ("Germany", "DE-BY"), (" germany ", "bayern")],
)
def test_a_country_and_a_region_may_be_named_in_other_ways_and_are_kept_as_codes(country: str, region: str) -> None:
    rule = holidays(country=country, region=region).model_dump(mode="json")["rules"][0]
    assert (rule["country"], rule["region"]) == ("DE", "BY")


@pytest.mark.parametrize(
    ("rule", "path", "message", "fix"),
    [
        ({"country": "GX"}, "country", 'no holidays are known for the country "GX"', "ISO 3166"),
        ({"country": "Germny"}, "country", 'no holidays are known for the country "Germny"', 'Did you mean "DE"?'),
        ({"country": "UK", "region": "Scotlnd"}, "region", 'GB has no region "Scotlnd"', 'Did you mean "SCT"?'),
        ({"country": "DE", "region": "??"}, "region", 'DE has no region "??"', "Regions of DE are BB, BE,"),
        ({"country": "MC", "region": "X"}, "region", 'MC has no region "X"', "Leave it out"),
        ({"country": "DE", "categories": ["pulbic"]}, "categories", "pulbic", 'Did you mean "public"?'),
        ({"country": "DE", "categories": ["%"]}, "categories", '"%"', "Use catholic or public or school."),
        ({"region": "BY"}, "country", "is required", ""),
        ({"country": 5}, "country", "string", ""),
    ],
)
def test_a_wrong_name_is_an_error_that_names_the_field_and_proposes(
    rule: dict[str, Any], path: str, message: str, fix: str
) -> None:
    with pytest.raises(ValidationError) as raised:
        holidays(**rule)
    fault = faults_of(raised.value, Calendar)[0]
    assert fault.path == f"rules[0].{path}"
    assert message in fault.message
    assert fix in fault.fix


def test_years_that_the_library_does_not_know_have_no_holidays() -> None:
    far = holidays(country="DE")
    assert name_of(far, "1500-12-25") is None
    assert name_of(far, "9990-12-25") is None


def test_the_library_is_loaded_only_for_rules_that_need_it() -> None:
    program = (
        "import sys\n"
        "from punctual.domain.calendars.calendar import Calendar\n"
        "rules = [{'kind': 'weekly', 'days': 'mon'}]\n"
        "Calendar.model_validate({'name': 'c', 'rules': rules})\n"
        "print('holidays' in sys.modules, 'icalendar' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
