"""Addresses that programs call, not people: they carry no session and get no page."""

PREFIXES = (
    "/api/v1/",
    "/v1/",
    "/otel/",
    "/api/public/otel/",
    "/langsmith/",
    "/loki/",
    "/services/collector",
    "/elastic",
    "/firehose",
    "/hooks/",
    "/ping/",
    "/scim/",
    "/metrics",
    "/healthz",
    "/readyz",
    "/internal/",
)
# Asked by the machine itself, or from beside it.
INSIDE = ("/healthz", "/readyz", "/internal/")
