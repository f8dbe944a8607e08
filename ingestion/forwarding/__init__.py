"""Sending on what was accepted: a durable outbox, one encoder a protocol, and the worker that sends."""
