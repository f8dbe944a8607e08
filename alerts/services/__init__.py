"""What changes alerts: rules, evaluation, incidents, routes, notices and their delivery."""
