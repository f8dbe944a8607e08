"""Cost arithmetic: pure, exact, in `Decimal`; nothing here rounds or reads."""
