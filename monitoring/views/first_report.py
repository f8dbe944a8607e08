"""How a new team sends its first execution: a command with the address of this installation."""

import json

from django.http import HttpRequest
from django.urls import reverse

EXAMPLE = {
    "id": "first-1",
    "workflow": "My first workflow",
    "status": "succeeded",
    "steps": [{"id": "1", "node": "fetch", "status": "succeeded"}],
}


def first_report(request: HttpRequest) -> str:
    """The `curl` command; the key is left for the reader to fill in, it was shown once and is not kept."""
    address = request.build_absolute_uri(reverse("report_executions"))
    return (
        f"curl -X POST {address} \\\n"
        "  -H 'Authorization: Bearer YOUR_API_KEY' \\\n"
        "  -H 'Content-Type: application/json' \\\n"
        f"  -d '{json.dumps(EXAMPLE)}'"
    )
