"""What pages and the API of accounts show, one module a page."""
