"""A generated team: workflows that do not exist, with releases and incidents worth finding. Pure and seeded."""
