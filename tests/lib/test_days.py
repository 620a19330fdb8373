from datetime import date

import pytest
from django.core.exceptions import ValidationError

from config.lib import days


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("1899-12-31", False),
        ("1900-01-01", True),
        ("8999-12-31", True),
        ("9000-01-01", False),
        ("0001-01-01", False),
        ("9999-12-31", False),
    ],
)
def test_a_day_is_of_a_year_that_calendars_reckon_with(text, fits):
    field = days.DayField()
    if fits:
        assert days.parse(text) == field.clean(text) == date.fromisoformat(text)
        return
    with pytest.raises(ValueError, match=text):
        days.parse(text)
    with pytest.raises(ValidationError, match="1900"):
        field.clean(text)


def test_no_day_is_none():
    assert days.DayField(required=False).clean("") is None
