"""Taking secrets out of headers and bodies before anything of them is kept. Pure, and the same when done twice.

Two readings: by name (a field called `password` or `api_key`) and by look (a JWT, a key with a known start, a bearer
text, a password inside an address). What a mapping needs (ids, names, times, counts) matches neither: `total_tokens`
and `idempotency_key` are no secrets. Every pattern runs in linear time.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

REDACTED = "[redacted]"
MAX_HEADERS = 60
MAX_HEADER = 1_000
_MAX_64, _MIN_64 = 2**64, -(2**63)

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
# A name with one of these words is a secret's name.
_SECRET_WORDS = {"password", "passwd", "pwd", "passphrase", "secret", "secrets", "authorization", "bearer", "jwt"} | {
    "cookie",
    "cookies",
    "credential",
    "credentials",
    "apikey",
    "apikeys",
    "accesskey",
    "secretkey",
    "privatekey",
}
# A name that ends with one of these and "key" is.
_KEYS = "api", "access", "private", "secret", "signing", "encryption", "account", "subscription", "webhook", "service"
_SECRET_ENDINGS = {(kind, word) for kind in (*_KEYS, "auth", "shared", "master") for word in ("key", "keys")}
# A name that ends with "token" is, unless it is one of a text or a page.
_HARMLESS_TOKENS = frozenset(
    ("page", "continuation", "next", "per", "first", "last", "stop", "max", "min", "end", "start", "of", "new", "unk")
)
# Headers that prove something without being called so.
_SECRET_HEADERS = re.compile(r"signature|assertion|auth|hub-sig|session|csrf|xsrf|-key$|^key$")

# What a text must hold (in lower case) for a look to be worth trying, the look, and how much of it is kept. Known
# starts come first in a pattern, and after them what must not stand before: so they are found fast.
LOOKS: tuple[tuple[tuple[str, ...], re.Pattern[str], str], ...] = (
    (("eyj",), re.compile(r"eyJ(?<![\w-]eyJ)[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"), ""),
    (("sk-",), re.compile(r"sk-(?<![A-Za-z0-9]sk-)[\w-]{16,}"), ""),
    (("sr_",), re.compile(r"sr_(?<![A-Za-z0-9]sr_)\w{40,}"), ""),
    (("app-",), re.compile(r"app-(?<![A-Za-z0-9]app-)\w{24}(?!\w)"), ""),
    (("k_live_", "k_test_"), re.compile(r"(?<![A-Za-z0-9])[sr]k_(?:live|test)_\w{10,}"), ""),
    (("akia", "asia"), re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[0-9A-Z]{16}(?![0-9A-Z])"), ""),
    (
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        re.compile(r"(?<![A-Za-z0-9])(?:gh[pousr]_|github_pat_)\w{20,}"),
        "",
    ),
    (("glpat-", "gldt-", "glrt-", "glcbt-"), re.compile(r"(?<![A-Za-z0-9])gl(?:pat|dt|rt|cbt)-[\w-]{16,}"), ""),
    (("xox", "xapp-"), re.compile(r"(?<![A-Za-z0-9])(?:xox[a-z]|xapp)-[\w-]{10,}"), ""),
    (
        ("aiza", "ya29.", "hf_", "npm_", "pypi-", "dop_v1_", "whsec_", "lsv2_"),
        re.compile(
            r"(?<![A-Za-z0-9])(?:AIza[\w-]{30,}|ya29\.[\w-]{20,}|hf_\w{20,}|npm_\w{30,}|pypi-[\w-]{30,}|dop_v1_\w{30,}"
            r"|whsec_[\w+/=-]{16,}|lsv2_\w{16,})"
        ),
        "",
    ),
    (
        ("private key-----",),
        re.compile(
            r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\Z)", re.DOTALL
        ),
        "",
    ),
    (
        ("bearer", "basic", "splunk"),
        re.compile(r"(?<![A-Za-z])((?i:bearer|basic|splunk)[ \t]{1,4})[\w.~+/-]{12,}=*"),
        r"\1",
    ),
    (("@",), re.compile(r"(://[^/\s:@]{0,100}:)[^/\s@]{1,200}(?=@)"), r"\1"),
    (
        ("token", "sig", "apikey", "api_key", "secret", "passw", "pwd", "accountkey", "sharedaccess"),
        re.compile(
            r"(?<![A-Za-z])((?i:access_?token|refresh_?token|auth_?token|id_?token|token|sig|signature|api_?key|apikey"
            r"|client_?secret|secret|password|passwd|pwd|accountkey|sharedaccesskey|sharedaccesssignature)"
            r"[\"']?[ ]?[=:][ ]?[\"']?)[^\s&;,\"'<>]{4,}"
        ),
        r"\1",
    ),
)
_MARKS = tuple(mark for marks, _, _ in LOOKS for mark in marks)
# Short texts cannot hold any of the above.
_MIN_TEXT = 9


def redact_text(text: str) -> str:
    """The text without what looks like a secret."""
    if len(text) < _MIN_TEXT:
        return text
    low = text.lower()
    for mark in _MARKS:
        if mark in low:
            return _replace_looks(text, low)
    return text


def _replace_looks(text: str, low: str) -> str:
    for marks, look, kept in LOOKS:
        if any(mark in low for mark in marks):
            text = look.sub(f"{kept}{REDACTED}", text)
    return text


@lru_cache(maxsize=4_096)
def is_secret_name(name: str) -> bool:
    """Whether a field of this name holds a secret: `apiKey`, `X-Auth-Token`, but not `total_tokens`."""
    words = [word.lower() for word in _WORDS.findall(name[:200])]
    if not words:
        return False
    if not _SECRET_WORDS.isdisjoint(words) or tuple(words[-2:]) in _SECRET_ENDINGS or words == ["auth"]:
        return True
    return words[-1] == "token" and _HARMLESS_TOKENS.isdisjoint(words[:-1])


def _blank(value: Any) -> Any:
    """The value with every text in it taken out; numbers under a secret's name too, but not true, false and null."""
    if isinstance(value, dict):
        return {redact_text(key): _blank(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_blank(child) for child in value]
    return value if value is None or isinstance(value, bool) or value == "" else REDACTED


def redact(value: Any) -> Any:
    """A decoded JSON value without secrets. Whole numbers beyond 64 bits, which nothing here can keep, become text."""
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, dict):
        return {
            redact_text(key): _blank(child) if holds_secret(key, child) else redact(child)
            for key, child in value.items()
        }
    if isinstance(value, list):
        return [redact(child) for child in value]
    if isinstance(value, int) and not _MIN_64 <= value < _MAX_64:
        return str(value)
    return value


def holds_secret(name: str, value: Any) -> bool:
    """Whether a field of this name with this value holds a secret."""
    return is_secret_name(name) and _can_hold(name, value)


def _can_hold(name: str, value: Any) -> bool:
    """A number called a token is a count or a price: `price_per_token`, `token: 3`."""
    is_count = isinstance(value, float) or (isinstance(value, int) and _MIN_64 <= value < _MAX_64)
    return not (is_count and name.lower().endswith("token"))


def redact_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers by their names in lower case, without secrets, bounded in number and length."""
    kept: dict[str, str] = {}
    for name, value in sorted(headers.items())[:MAX_HEADERS]:
        low = name.lower()[:200]
        is_secret = is_secret_name(low) or _SECRET_HEADERS.search(low)
        kept[low] = REDACTED if is_secret and value else redact_text(value[:MAX_HEADER])
    return kept
