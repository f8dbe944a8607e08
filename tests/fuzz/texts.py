"""Texts that somebody means harm with, or that break what was not made for them: as names, notes, tags."""

from typing import Any

MARKUP = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)' x='",
    "</script><script>alert(2)</script>",
    "</title></textarea></style><svg/onload=alert(3)>",
    "<!--<script>--><iframe src=javascript:alert(4)>",
    "javascript:alert(5)",
    "data:text/html,<script>alert(6)</script>",
    "{{ 7*7 }}{% debug %}{# x #}",
    "${7*7}<%= 7*7 %>#{7*7}",
    "&lt;b&gt;&amp;amp;&#x27;",
)
FORMULAS = (
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1+1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\N{FULLWIDTH EQUALS SIGN}1+1",
    "\N{FULLWIDTH COMMERCIAL AT}SUM(1)",
    "\N{FULLWIDTH HYPHEN-MINUS}1",
)
# Controls of direction, without the end that each of them needs.
TURNING = (
    "\u202egnissecorp",
    "\u2067isolated",
    "a\u202d\u202b\u202ab",
    "\u2066\u2068x",
)
SCRIPTS = (
    "שלום עולם 123",
    "مرحبا (بالعالم) 4",
    "日本語のワークフロー",
    "👩‍👩‍👧‍👦🏳️‍🌈🫠",
    "z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319\u0324a",
    "\u200b\u200c\u200d\ufeff",
    "a\u200bb\u00adc\u2028d\u2029e",
)
ODD = (
    " ",
    ".",
    "..",
    "../../etc/passwd",
    "a/b\\c?d=e&f#g",
    "%00%0a%2e%2e%2f",
    "nul",
    "None",
    "true",
    "1e309",
    "' OR 1=1; --",
    "%s %(x)s {0} {x}",
    "\\",
    "\x1b[31m\x07\x08\x7f",
    "W" * 200,
    "w " * 100,
)
# What no text of the database may hold.
BROKEN = ("\x00", "a\x00b", "\ud800", "x\udfff", "\ud83d")
LONG = "x" * 2_000
# Ready to become names: what a database stores.
STORABLE: tuple[str, ...] = (*MARKUP, *FORMULAS, *TURNING, *SCRIPTS, *ODD)
ALL: tuple[str, ...] = (*STORABLE, *BROKEN, LONG)
# Values where another kind was expected. Few instants: each day that is told gets partitions of its own.
STRANGE: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**31,
    2**53 + 1,
    2**63,
    -(2**63) - 1,
    10**400,
    1.5,
    -0.0,
    1e308,
    float("nan"),
    float("inf"),
    "",
    [],
    {},
    [[]],
    [None],
    {"": ""},
    {"a": {"b": [1, {"c": None}]}},
    "2026-02-30T10:00:00Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999999Z",
    "2026-11-04T10:00:00+25:00",
    "10:00",
    "1e5",
    "NaN",
    "-1",
    "99999999999999999999999999",
)
