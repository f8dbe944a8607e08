"""Where notices go: one file a kind of channel; docs/alerts/channels.md says how to add one."""
