"""A person who opens pages, follows links and fills in every form with texts that mean harm."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from django.test import Client
from django.urls import Resolver404, resolve
from lxml import html

ORIGIN = "http://testserver"
# What takes away the ground that the others stand on; each has tests of its own.
LEFT_ALONE = frozenset(
    {
        "delete_team",
        "leave_team",
        "transfer_team",
        "account_logout",
        "revoke_key",
        "close_month",
        "account_change_password",
        "sign_in_settings",
    }
)
_PLAIN = {
    "": "",
    "number": "1",
    "date": "%Y-%m-%d",
    "month": "%Y-%m",
    "time": "%H:%M",
    "datetime-local": "%Y-%m-%dT%H:%M",
}
Choose = Callable[[str], str]


@dataclass(slots=True)
class Form:
    """A form as a browser would send it, but for the texts: `texts` names the fields that take any."""

    action: str
    route: str
    method: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    is_upload: bool = False

    def filled(self, choose: Choose) -> dict[str, list[str]]:
        """What is sent when each text field gets what `choose` says for its name."""
        return {**self.fields, **{name: [choose(name)] for name in self.texts}}


def route_of(address: str) -> str:
    """The name of the view at an address; empty where there is none."""
    try:
        return str(resolve(urlsplit(address).path).view_name or "")
    except Resolver404:
        return ""


def _value(element: Any, kind: str) -> list[str]:
    """What a field that takes no free text sends."""
    told = element.get("value")
    if kind in ("checkbox", "radio"):
        return [told if told is not None else "on"] if element.get("checked") is not None else []
    if kind in ("hidden", "submit"):
        return [told or ""]
    now = datetime.now(UTC)
    if told:
        return [told]
    return [now.strftime(_PLAIN[kind])] if kind in _PLAIN else {"email": ["x@example.test"], "url": [URL]}.get(kind, [])


# An address is taken as text as long as it is one.
URL = "https://example.com/?q=%22%3E<script>alert(9)</script>'"
_FREE = frozenset({"text", "search", "textarea", "", "password"})


def _read_form(page: str, form: Any) -> Form:
    address = urljoin(page, form.get("action") or page)
    found = Form(address, route_of(address), (form.get("method") or "get").lower())
    radios: set[str] = set()
    for element in form.iter("input", "select", "textarea", "button"):
        name, tag = element.get("name"), element.tag
        if not name or element.get("disabled") is not None:
            continue
        kind = (element.get("type") or ("textarea" if tag == "textarea" else "text")).lower()
        if tag == "select":
            found.fields.setdefault(name, []).extend(_chosen(element))
        elif tag == "button":
            if element.get("value") is not None and name not in found.fields:
                found.fields[name] = [element.get("value")]
        elif kind == "file":
            found.is_upload = True
        elif kind in _FREE and element.get("inputmode") not in ("numeric", "decimal"):
            found.texts.append(name)
            found.fields[name] = [element.text or "" if tag == "textarea" else element.get("value") or ""]
        else:
            if kind == "radio" and name not in radios and name not in found.fields:
                radios.add(name)
                found.fields[name] = [element.get("value") or "on"]
            if values := _value(element, kind if kind in _PLAIN or kind not in _FREE else "number"):
                found.fields[name] = values if kind == "radio" else [*found.fields.get(name, []), *values]
    return found


def _chosen(select: Any) -> list[str]:
    options = [one for one in select.iter("option") if one.get("disabled") is None]
    marked = [one.get("value") or one.text or "" for one in options if one.get("selected") is not None]
    every = [one.get("value") if one.get("value") is not None else one.text or "" for one in options]
    return marked or [value for value in every if value][:1] or every[:1]


def read(answer: Any) -> bytes:
    """The whole body of an answer; a file that it was read from is closed then."""
    return b"".join(answer.streaming_content) if answer.streaming else bytes(answer.content)


class Visitor:
    """Visits a team's pages: each address once, at most `most` of each view.

    `forms` and `files` are what was found there, `parts` the addresses of what pages put into themselves.
    """

    def __init__(self, client: Client, team: str, *, most: int = 2) -> None:
        self.client, self.start, self.most = client, f"{ORIGIN}/t/{team}/", most
        self.found: dict[str, list[str]] = {}
        self.forms: dict[tuple[str, tuple[str, ...]], Form] = {}
        self.files: dict[str, Any] = {}
        self.parts: set[str] = set()
        self._seen: set[str] = set()

    def visit_all(self, addresses: list[str], see: Callable[[str, Any], None]) -> None:
        """Opens these addresses and all that their pages lead to; `see` looks at each answer."""
        waiting = [urljoin(ORIGIN, one) for one in addresses]
        while waiting:
            address = waiting.pop(0)
            if not self._is_new(address):
                continue
            answer = self.client.get(address.removeprefix(ORIGIN))
            see(address, answer)
            if answer.status_code in (301, 302):
                waiting.append(urljoin(address, answer["Location"]))
            elif answer.get("Content-Type", "").startswith("text/html"):
                # A part of a page that has nothing new is empty.
                waiting += list(self._read(address, answer.content.decode())) if answer.content.strip() else []
            elif answer.status_code == 200:
                self.files[address] = (answer["Content-Type"], read(answer))

    def _is_new(self, address: str) -> bool:
        route = route_of(address)
        is_here = address.startswith(f"{ORIGIN}/")
        path = urlsplit(address).path
        is_ours = is_here and (address.startswith(self.start) or not path.startswith(("/t/", "/admin/", "/static/")))
        query = urlsplit(address).query
        # A table's file is another thing than its page.
        key = f"{route} {'file' if 'csv' in query or 'format' in query else ''}"
        known = self.found.setdefault(key, [])
        # Files of one view differ in their form.
        most = 20 if route.endswith("_file") else self.most
        if not route or not is_ours or address in self._seen or len(known) >= most:
            return False
        self._seen.add(address)
        known.append(address)
        return True

    def _read(self, address: str, text: str) -> Iterator[str]:
        document = html.fromstring(text)
        for form in document.iter("form"):
            found = _read_form(address, form)
            key = (found.route, tuple(sorted({*found.fields, *found.texts})))
            if found.method == "post" and found.action.startswith(ORIGIN):
                self.forms.setdefault(key, found)
        for link in document.iter("a"):
            target = link.get("href") or ""
            if target and not target.startswith(("#", "mailto:", "data:", "javascript:")):
                yield urldefrag(urljoin(address, target)).url
        for lazy in document.xpath("//*[@hx-get]"):
            self.parts.add(urljoin(address, lazy.get("hx-get")))
            yield urljoin(address, lazy.get("hx-get"))

    def submit(self, form: Form, choose: Choose) -> Any:
        """Sends a form; a file that is the answer is kept, as those of links are."""
        answer = self.client.post(form.action.removeprefix(ORIGIN), form.filled(choose))
        if answer.streaming:
            self.files[f"{form.action} {answer['Content-Disposition']}"] = (answer["Content-Type"], read(answer))
        return answer
