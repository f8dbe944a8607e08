"""Records, rollups, analysis and the pages of the flow."""
