"""The reading API, one module a resource."""
