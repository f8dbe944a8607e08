"""The API of accounts, one module a resource."""
