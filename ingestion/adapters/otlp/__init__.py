"""OTLP: traces, logs and metrics of OpenTelemetry, in protobuf or JSON, as neutral records. Pure.

`shapes` is what both encodings are read into, `protobuf` and `jsontext` read them, `traces`, `logs` and `metrics` turn
them into records, `answers` writes what a sender gets back. The clock is passed in.
"""
