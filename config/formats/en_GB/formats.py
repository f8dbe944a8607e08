"""Formats of British English, with hours from 0 to 23 and the zone.

They are those of every language: what a page shows goes through filters, in the reader's formats (accounts/formats.py),
and a bare value stands where browsers read it, in drawings and fields. Another language has a module that takes these.
"""

DATE_FORMAT = "j M Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j M Y, H:i e"
DECIMAL_SEPARATOR = "."
THOUSAND_SEPARATOR = ","
