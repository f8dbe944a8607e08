"""What alerts read: one module a page, API resource or kind of measurement."""
