"""What was refused to somebody who is known, as lines of the log: `steadyrun.security`.

Lines have ids, roles and routes; nothing that was sent, so that nobody can write lines of their own. Signing in is told
in the log of the installation (`accounts/sign_in/events.py`), changes in the audit log of the team.
"""

import logging

logger = logging.getLogger("steadyrun.security")


def refused(who: str, id: object, lacks: str, where: str) -> None:
    """`who` ("user", "key") with this id (no secret) has not what it needs at a route."""
    logger.warning("refused: %s %s lacks %s at %s", who, id, lacks, where)


def noticed(what: str, who: str, id: object) -> None:
    """Something that points to misuse: a key that was revoked, a session that ended."""
    logger.warning("%s: %s %s", what, who, id)
