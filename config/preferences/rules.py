"""How a page is shown: theme and language, kept in cookies."""

from collections.abc import Mapping

THEME_COOKIE = "theme"
THEMES = ("auto", "light", "dark")
DEFAULT_THEME = "auto"  # follows the system

A_YEAR = 365 * 24 * 3600


def theme_of(cookies: Mapping[str, str]) -> str:
    """This trusts no cookie: what it says ends up in the page."""
    theme = cookies.get(THEME_COOKIE, DEFAULT_THEME)
    return theme if theme in THEMES else DEFAULT_THEME
