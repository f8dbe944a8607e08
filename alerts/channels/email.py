"""E-mail to members, groups of members and free addresses, by the installation's mail server.

Source: RFC 5322, section 3.6.4: each delivery has a `Message-ID` that is the same on each try, and all notices of an
incident name the same message in `References`, so that mail programs show them as one thread.
"""

import hashlib
import html
import re

from accounts.phrases import gettext as _
from accounts.phrases import gettext_noop, ngettext
from alerts.analysis.notices import Notice
from alerts.channels.contract import (
    About,
    Field,
    Mail,
    Named,
    Reading,
    Secrets,
    Settings,
    Told,
    cut,
    one_line,
    read_status,
)
from alerts.channels.wording import colour, facts, headline, lines, links, plain_text

MAX_SUBJECT = 180
MAX_ADDRESSES = 50
FIELDS = (
    Field("members", gettext_noop("Members"), is_lines=True),
    Field("groups", gettext_noop("Groups of members"), is_lines=True),
    Field("addresses", gettext_noop("Further addresses, one a line"), is_lines=True, max_length=8_000),
)
_ADDRESS = re.compile(r"[^@\s<>,;:\"\\()\[\]]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,180}[A-Za-z0-9])?")


class Email(Named):
    """E-mails, one to each recipient."""

    kind = "email"
    english = gettext_noop("E-mail")
    told = gettext_noop("An e-mail for each notice; those of one incident make a thread.")
    source = "https://www.rfc-editor.org/rfc/rfc5322#section-3.6.4"
    fields = FIELDS

    def check(self, settings: Settings, secrets: Secrets) -> dict[str, str]:
        """What is wrong with them, by field."""
        addresses = settings.get("addresses") or []
        if bad := next((one for one in addresses if not is_address(one)), None):
            return {"addresses": _("has a line that is no e-mail address: {line}").format(line=cut(one_line(bad), 60))}
        if len(addresses) > MAX_ADDRESSES:
            return {"addresses": _("may have at most {count} lines").format(count=MAX_ADDRESSES)}
        if not addresses and not settings.get("members") and not settings.get("groups"):
            return {"addresses": _("must have an address, or choose members or a group")}
        return {}

    def place(self, settings: Settings, secrets: Secrets) -> str:
        """How many it goes to."""
        members, groups, addresses = (len(settings.get(name) or []) for name in ("members", "groups", "addresses"))
        counts = (
            (members, ngettext("{count} member", "{count} members", members)),
            (groups, ngettext("{count} group", "{count} groups", groups)),
            (addresses, ngettext("{count} address", "{count} addresses", addresses)),
        )
        return ", ".join(words.format(count=count) for count, words in counts if count)

    def request(self, notice: Notice, settings: Settings, secrets: Secrets, about: About) -> Mail:
        """The letter, as text and as HTML."""
        return Mail(
            about.recipients,
            cut(one_line(f"[{notice.team}] {headline(notice)}"), MAX_SUBJECT),
            plain_text(notice),
            letter(notice),
            f"alert.{about.id}",
            f"incident.{hashlib.sha256(notice.key.encode()).hexdigest()[:32]}",
        )

    def read(self, told: Told, notice: Notice, about: About) -> Reading:
        """What the mail server said, as `services.mailing` tells it."""
        return Reading(read_status(told))


def is_address(text: str) -> bool:
    """Whether a line can be an e-mail address."""
    return len(text) <= 254 and _ADDRESS.fullmatch(text) is not None


def letter(notice: Notice) -> str:
    """The letter as HTML with styles in place: mail programs know no other."""
    rows = "".join(
        f'<tr><td style="padding:2px 12px 2px 0;color:#555;vertical-align:top">{html.escape(label)}</td>'
        f'<td style="padding:2px 0">{html.escape(text)}</td></tr>'
        for label, text in facts(notice)
    )
    further = "".join(f"<li>{html.escape(line)}</li>" for line in lines(notice))
    ways = " &nbsp; ".join(
        f'<a href="{html.escape(link.url)}" style="color:#1565c0">{html.escape(link.label)}</a>'
        for link in links(notice)
    )
    return (
        '<!doctype html><html lang="en"><body style="font-family:sans-serif;font-size:15px;color:#222">'
        f'<h1 style="font-size:18px;border-left:6px solid #{colour(notice):06x};padding-left:10px">'
        f"{html.escape(headline(notice))}</h1>"
        f"<table>{rows}</table>{f'<ul>{further}</ul>' if further else ''}<p>{ways}</p></body></html>"
    )
