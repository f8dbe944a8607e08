"""The form in which destinations are added and changed."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.outgoing import Refused, check
from ingestion.forwarding.presets import Preset
from ingestion.models import Destination, DestinationKind
from ingestion.services.destinations import Wanted

MAX_LINES = 20
_HEADER = re.compile(r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$")
_INDEX = re.compile(r"^[a-z0-9][a-z0-9._-]{0,200}$")
# Written by the client itself.
_OWN_HEADERS = frozenset(
    ["host", "content-length", "content-type", "content-encoding", "transfer-encoding", "connection"]
)
_GAP = re.compile(r"<[^>]*>")


def parse_pairs(text: str, mark: str) -> dict[str, str]:
    """Names and values, one pair a line, with the mark between. Raises `ValidationError`."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MAX_LINES:
        raise forms.ValidationError(_("At most {count} lines.").format(count=MAX_LINES))
    found = {}
    for line in lines:
        name, found_mark, value = (part.strip() for part in line.partition(mark))
        if not found_mark or not name or not value:
            raise forms.ValidationError(_("Each line is a name, '{mark}' and a value.").format(mark=mark))
        _check_filled(value)
        found[name] = value
    return found


def _check_filled(text: str) -> None:
    """Raises `ValidationError` where something of a preset is still to be put in."""
    if gap := _GAP.search(text):
        raise forms.ValidationError(_("Put your own value in place of {gap}.").format(gap=gap.group()))


class DestinationForm(forms.Form):
    """Where to send, with which headers, and what."""

    name = forms.CharField(max_length=120, error_messages={"required": gettext_lazy("Give the destination a name.")})
    url = forms.CharField(max_length=2000, error_messages={"required": gettext_lazy("Say where to send.")})
    headers = forms.CharField(max_length=8000, required=False)
    resource = forms.CharField(max_length=4000, required=False)
    index = forms.CharField(max_length=200, required=False)
    payloads = forms.BooleanField(required=False)
    lines = forms.BooleanField(required=False)
    metrics = forms.BooleanField(required=False)
    pushes_metrics = forms.BooleanField(required=False)

    def __init__(self, *args: Any, kind: str, kept: Destination | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind, self.kept = kind, kept

    def clean_url(self) -> str:
        """An address that may be called from here."""
        url: str = self.cleaned_data["url"].strip()
        _check_filled(url)
        try:
            check(url)
        except Refused as error:
            raise forms.ValidationError(str(error)) from error
        return url

    def clean_headers(self) -> dict[str, str]:
        """Headers by name."""
        found = parse_pairs(self.cleaned_data["headers"], ":")
        for name, value in found.items():
            if not _HEADER.match(name) or name.lower() in _OWN_HEADERS:
                raise forms.ValidationError(_("'{name}' cannot be set as a header here.").format(name=name))
            if not value.isprintable() or not value.isascii():
                told = _("The value of '{name}' has a letter that headers cannot carry.")
                raise forms.ValidationError(told.format(name=name))
        return found

    def clean_resource(self) -> dict[str, str]:
        """Resource attributes by name."""
        return parse_pairs(self.cleaned_data["resource"], "=")

    def clean_index(self) -> str:
        """An index by a name that both receivers take."""
        index: str = self.cleaned_data["index"].strip()
        if index and not _INDEX.match(index):
            raise forms.ValidationError(_("Begin with a lower-case letter or digit; '.', '_' and '-' may follow."))
        return index

    def clean(self) -> dict[str, Any]:
        """Headers that are kept must not follow the address to another host: it would be told the secrets in them."""
        data = super().clean() or self.cleaned_data
        if self.kept and self.kept.headers and data.get("url") and not data.get("headers"):
            before, after = urlsplit(self.kept.url), urlsplit(data["url"])
            if (before.scheme, before.netloc) != (after.scheme, after.netloc):
                self.add_error("headers", _("The address leads elsewhere now: enter the headers again."))
        return data

    def wanted(self, preset: str) -> Wanted:
        """What the form asks for."""
        data = self.cleaned_data
        settings: dict[str, Any] = {"payloads": data["payloads"], "lines": data["lines"], "metrics": data["metrics"]}
        settings |= {name: data[name] for name in ("index", "resource") if data[name]}
        headers: Mapping[str, str] | None = data["headers"] or (None if self.kept else {})
        return Wanted(self.kind, data["name"], data["url"], preset, headers, settings, data["pushes_metrics"])


def initial_of_preset(preset: Preset) -> dict[str, Any]:
    """A fresh form of a preset."""
    return {
        "name": preset.label,
        "url": preset.url,
        "headers": "\n".join(f"{name}: {value}" for name, value in preset.headers.items()),
        "resource": "\n".join(f"{name}={value}" for name, value in preset.resource.items()),
        "payloads": True,
        "lines": preset.takes_lines,
        "metrics": preset.takes_metrics,
    }


def initial_of(one: Destination) -> dict[str, Any]:
    """The form of a destination. Its headers are never shown again."""
    resource = one.settings.get("resource") or {}
    return {
        "name": one.name,
        "url": one.url,
        "resource": "\n".join(f"{name}={value}" for name, value in resource.items()),
        "index": one.settings.get("index", ""),
        **{name: one.settings.get(name, True) for name in ("payloads", "lines", "metrics")},
        "pushes_metrics": one.pushes_metrics,
    }


def is_otlp(kind: str) -> bool:
    """Whether the form has the fields of OTLP."""
    return kind == DestinationKind.OTLP
