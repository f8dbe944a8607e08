"""Prices, usage, cost, budgets and finance exports."""
