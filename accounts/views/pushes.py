"""What the pages of every signed push share: a test that says what the receiver answered."""

from collections.abc import Callable
from threading import BoundedSemaphore

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

# A test waits for somebody else's server: it may not take all threads of this one.
_trying = BoundedSemaphore(2)


def try_push(request: HttpRequest, send: Callable[[], tuple[bool, str]]) -> None:
    """Sends a test, and tells the visitor how it went. `send` says whether it arrived, and what there is to say."""
    if not _trying.acquire(blocking=False):
        messages.error(request, _("Other tests are under way. Try again in some seconds."))
        return
    try:
        is_taken, told = send()
    finally:
        _trying.release()
    if is_taken:
        messages.success(request, _("The test arrived{details}.").format(details=told))
    else:
        messages.error(request, _("The test did not arrive. {reason}").format(reason=told))
