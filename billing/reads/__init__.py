"""What billing reads: one module a page, API resource or export."""
