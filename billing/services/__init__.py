"""What changes costs: prices, budgets, months, statements."""
