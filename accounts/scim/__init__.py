"""SCIM 2.0 (RFC 7643, 7644): a company's directory tells who is a member, in which groups. By a key with `manage`."""
