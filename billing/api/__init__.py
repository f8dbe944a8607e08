"""The costs part of the API."""
