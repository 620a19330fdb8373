"""What views hand to the components of templates/components/."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Crumb:
    """A step of the path in the top bar; the last one has no address."""

    text: str
    url: str = ""


@dataclass(frozen=True)
class Choice:
    """One of a row of chips or segments. Each is a link: the URL holds the state."""

    text: str
    url: str
    current: bool = False
    count: str = ""


@dataclass(frozen=True)
class Cell:
    """A cell of a data table that leads to what is behind its number."""

    text: str
    url: str = ""


@dataclass(frozen=True)
class Column:
    """A head of a sortable list: `url` sorts by it, `order` is how it is sorted now."""

    text: str
    url: str = ""
    order: str = ""  # ascending, descending or not sorted by this one
    numeric: bool = False


@dataclass(frozen=True, kw_only=True)
class Note:
    """What a number needs beside it: no figure without date, window, base and n."""

    as_of: date
    window: str
    base: str
    n: int
    n_is_estimate: bool = False
    definition: str = ""  # name and version as the registry writes them
    url: str = ""
