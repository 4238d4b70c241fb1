"""Public holidays of a country or a part of it."""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache


def list_countries() -> dict[str, list[str]]:
    """Countries whose holidays are known (ISO 3166-1), each with its parts."""
    import holidays  # a second of modules, for a settings page and for the worker only

    return {country: list(parts) for country, parts in holidays.list_supported_countries(include_aliases=False).items()}


def list_holidays(country: str, region: str, years: Iterable[int]) -> dict[date, str]:
    """Days on which a country's offices are closed, by name. Raises ValueError for a country that nobody knows."""
    return {day: name for year in sorted(set(years)) for day, name in _list_year(country, region, year).items()}


@lru_cache(maxsize=400)
def _list_year(country: str, region: str, year: int) -> dict[date, str]:
    import holidays

    known = list_countries()
    if country not in known or region not in ("", *known[country]):
        raise ValueError(f"no holidays are known of {country} {region}".strip())
    return dict(holidays.country_holidays(country, subdiv=region or None, years=year))
