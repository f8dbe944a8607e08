"""Many machines: what of the schema is spread over a Citus cluster, how it gets there, and whether it is there.

`schema` says which kind each table is and what Citus would refuse, from PostgreSQL's catalogue alone, so that a test
asks it where there is no Citus. `readiness` looks at the cluster, `moving` moves the tables, `checking` looks at the
result. `manage.py distribute` runs them in this order.
"""
