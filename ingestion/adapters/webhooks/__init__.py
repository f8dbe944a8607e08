"""Webhooks: one file a preset, from an event of a system to neutral records. Pure; what is shared stands in `told`."""
