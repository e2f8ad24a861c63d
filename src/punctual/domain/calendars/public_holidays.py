"""The rule that names the public holidays of a country or a region, which the library `holidays` knows."""

from collections.abc import Mapping
from datetime import date
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from punctual.domain.calendars.rule import RuleModel, closest, listed, shown
from punctual.domain.errors import CalendarError

if TYPE_CHECKING:
    from holidays import HolidayBase

_LANGUAGE = "en_US"
_OTHER_CODES = {"UK": "GB", "EL": "GR"}
"""Codes that are in use, as the European Union's, though ISO 3166 has others."""


class PublicHolidays(RuleModel):
    """The public holidays of a country, or of a region in it: whole days, labelled with their names.

    They are those that the installed version of the library `holidays` knows: for most countries up to the year 2100,
    and those that depend on the moon's sighting as estimates.
    """

    kind: Literal["holidays"]
    country: Annotated[
        str,
        Field(min_length=2, max_length=60, description="ISO 3166 code of the country.", examples=["DE", "GB"]),
    ]
    region: str | None = Field(
        default=None,
        max_length=100,
        description="Code or name of a region in it; without one, only the holidays of the whole country.",
        examples=["BY", "ENG"],
    )
    categories: Annotated[tuple[str, ...], BeforeValidator(listed)] = Field(
        default=(),
        max_length=20,
        description="Categories of the library `holidays`, such as public, bank or school; by default the public ones.",
        examples=[["public", "bank"]],
    )
    observed: bool = Field(
        default=True,
        description="Whether the days count on which holidays that fall on a weekend are observed, too.",
    )

    @model_validator(mode="before")
    @classmethod
    def _in_full(cls, value: object) -> object:
        """Write the codes as the library does, so that one calendar is written in one way."""
        if not isinstance(value, Mapping):
            return value
        country, region = value.get("country"), value.get("region")
        changed = dict(value)
        if isinstance(country, str):
            changed["country"] = country = _country_code(country)
            if isinstance(region, str):
                changed["region"] = _region_code(country, region)
        return changed

    @model_validator(mode="after")
    def _are_known(self) -> Self:
        known = _entity(self.country).supported_categories
        for category in self.categories:
            if category not in known:
                meant = closest(category, known)
                fix = f'Did you mean "{meant}"?' if meant else f"Use {' or '.join(known)}."
                message = f"{self.country} has no holidays of the category {shown(category)}"
                raise CalendarError(message, fix=fix, field="categories")
        return self

    def in_year(self, year: int) -> Mapping[date, str]:
        """Return the names of the holidays in this year, by their days."""
        return _holidays(self.country, self.region, self.categories, self.observed, year)


@lru_cache(maxsize=2048)
def _holidays(
    country: str,
    region: str | None,
    categories: tuple[str, ...],
    observed: bool,  # noqa: FBT001 - part of the cache's key
    year: int,
) -> Mapping[date, str]:
    found = _entity(country)(
        years=year, subdiv=region, categories=categories or None, observed=observed, language=_LANGUAGE, expand=False
    )
    return {day: name for day, name in found.items() if day.year == year}


@cache
def _entities() -> dict[str, str]:
    """Return the two-letter codes of the countries by every code and name they are known by, in lower case."""
    from holidays.registry import COUNTRIES  # noqa: PLC0415 - large, and seldom needed

    known = {other.casefold(): code for other, code in _OTHER_CODES.items()}
    for name, (_, code, *others) in COUNTRIES.items():
        for form in (name.replace("_", " "), code, *others[:1]):
            known[form.casefold()] = code
    return known


def _country_code(country: str) -> str:
    known = _entities()
    code = known.get(country.strip().casefold())
    if code is None:
        meant = closest(country, known)
        fix = f'Did you mean "{known[meant]}"?' if meant else 'Use a code of ISO 3166, such as "DE" or "US".'
        raise CalendarError(message=f"no holidays are known for the country {shown(country)}", fix=fix, field="country")
    return code


def _region_code(country: str, region: str) -> str:
    entity = _entity(country)
    codes = {code.casefold(): code for code in entity.subdivisions}
    codes |= {alias.casefold(): code for alias, code in entity.subdivisions_aliases.items()}
    wanted = region.strip().casefold().removeprefix(f"{country.casefold()}-")
    if wanted not in codes:
        meant = closest(wanted, codes)
        if meant:
            fix = f'Did you mean "{codes[meant]}"?'
        elif codes:
            fix = f"Regions of {country} are {', '.join(entity.subdivisions)}."
        else:
            fix = "Leave it out: the holidays of this country are the same everywhere."
        raise CalendarError(message=f"{country} has no region {shown(region)}", fix=fix, field="region")
    return codes[wanted]


def _entity(country: str) -> "type[HolidayBase]":
    import holidays  # noqa: PLC0415 - large, and seldom needed

    entity: type[HolidayBase] = getattr(holidays, country)
    return entity
