"""Pure parts of alerts: metrics, conditions, states, schedules, notices. They import no Django."""
