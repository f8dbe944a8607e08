"""Addresses of receivers, taken apart without calling them."""

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit


def host_of(url: str) -> str:
    """The host of an address, with its port where one is named; nothing of its path, which may be secret."""
    try:
        parts = urlsplit(url)
        return f"{parts.hostname or ''}:{parts.port}" if parts.port else parts.hostname or ""
    except ValueError:
        return ""


def origin_of(url: str) -> tuple[str, str]:
    """Scheme and host with port: who gets what is sent there."""
    try:
        parts = urlsplit(url)
        usual = {"https": 443, "http": 80}.get(parts.scheme)
        return parts.scheme, f"{(parts.hostname or '').lower()}:{parts.port or usual}"
    except ValueError:
        return "", ""


def joined(url: str, path: str = "", **query: str) -> str:
    """The address with a path put behind its own, and parameters put beside its own."""
    parts = urlsplit(url)
    told = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *query.items()])
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") + path, told, ""))
