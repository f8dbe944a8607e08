"""The only writers of cost lines, cost rollups and prices."""
