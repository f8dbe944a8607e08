"""The alerts part of the API."""
