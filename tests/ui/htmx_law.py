"""The htmx law: a page with a part swapped in equals that page loaded afresh."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urljoin

from django.test import Client
from django.test.html import Element, parse_html

HTMX = {"HX-Request": "true"}


def held(client: Client, url: str) -> int:
    """Follow every link and control of a page that swaps; return how many there were."""
    page = client.get(url)
    assert page.status_code == 200
    asked = sorted(set(_swaps(_tree(page), url)))
    for address, target in asked:
        fragment = client.get(address, headers=HTMX)
        fresh = client.get(address)
        assert (fragment.status_code, fresh.status_code) == (200, 200), address
        assert "HX-Request" in fragment.headers["Vary"]
        swapped = _tree(page)
        _swap(swapped, target.removeprefix("#"), _tree(fragment))
        assert str(swapped) == str(_tree(fresh)), address
    return len(asked)


def _tree(response: Any) -> Element:
    """Parse what was answered, without what differs by being asked twice."""
    root = parse_html(response.content.decode())
    for element in _elements(root):
        attributes = _given(element)
        # The token is masked anew each time; app.js keeps the way back up to date.
        if attributes.get("name") == "csrfmiddlewaretoken" or "data-here" in attributes:
            element.attributes = [
                pair for pair in element.attributes if pair[0] != "value"
            ]
    return root


def _elements(root: Element) -> Iterator[Element]:
    yield root
    for child in root.children:
        if isinstance(child, Element):
            yield from _elements(child)


def _swaps(root: Element, url: str) -> Iterator[tuple[str, str]]:
    for element in _elements(root):
        given = _given(element)
        if "hx-target" not in given:
            continue
        address = urljoin(url, given["hx-get"])
        if element.name == "form":
            yield from (
                (f"{address}?{urlencode(query)}", given["hx-target"])
                for query in _fillings(element)
            )
        elif element.name == "a":
            assert given["href"] == given["hx-get"]
            yield address, given["hx-target"]


def _fillings(form: Element) -> Iterator[dict[str, str]]:
    """Fill a form in each way that changes one of its controls."""
    values: dict[str, str] = {}
    choices: dict[str, list[str]] = {}
    for element in _elements(form):
        given = _given(element)
        if element.name == "select":
            options = [_given(one) for one in _options(element)]
            choices[given["name"]] = [one["value"] for one in options]
            chosen = [one["value"] for one in options if "selected" in one]
            values[given["name"]] = (chosen or choices[given["name"]])[0]
        elif element.name == "input":
            values[given["name"]] = given.get("value", "")
            is_text = given["type"] in {"search", "number"}
            choices[given["name"]] = ["30"] if is_text else []
    for name, others in choices.items():
        for other in others:
            yield values | {name: other}


def _options(select: Element) -> Iterator[Element]:
    return (one for one in _elements(select) if one.name == "option")


def _swap(root: Element, target: str, fragment: Element) -> None:
    new = [one for one in _elements(fragment) if _id(one) == target]
    assert len(new) == 1, f"the fragment holds #{target} {len(new)} times"
    for parent in _elements(root):
        for n, child in enumerate(parent.children):
            if isinstance(child, Element) and _id(child) == target:
                parent.children[n] = new[0]
                return
    raise AssertionError(f"the page has no #{target}")


def _given(element: Element) -> dict[str, str]:
    return {name: value or "" for name, value in element.attributes}


def _id(element: Element) -> str | None:
    return _given(element).get("id")
