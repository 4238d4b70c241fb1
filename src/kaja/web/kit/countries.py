"""What countries are called in the reader's language."""

from collections.abc import Iterable

from django.utils.translation import get_language, to_locale


def name_countries(codes: Iterable[str]) -> list[tuple[str, str]]:
    """Codes (ISO 3166-1) with their names, in the order of the names. A code that has none stands for itself."""
    from babel import Locale  # tables of a language, for few pages

    names = Locale.parse(to_locale(get_language() or "en"), sep="_").territories
    return sorted(((code, names.get(code, code)) for code in codes), key=lambda each: each[1].casefold())
