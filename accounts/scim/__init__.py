"""SCIM 2.0 (RFC 7643, 7644): a company's directory tells who is a member. Users only, by a key with `manage`."""
