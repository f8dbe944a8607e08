#!/bin/sh
# Run once by the image of PostgreSQL, when its data folder is new: three roles and the database (docs/operations.md).
set -eu
psql --set ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\set owner_password `cat /run/secrets/owner_password`
\set app_password `cat /run/secrets/app_password`
\set backup_password `cat /run/secrets/backup_password`
CREATE ROLE steadyrun_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE steadyrun_app LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD :'app_password';
CREATE ROLE steadyrun_backup LOGIN BYPASSRLS PASSWORD :'backup_password';
GRANT pg_read_all_data TO steadyrun_backup;
CREATE DATABASE steadyrun OWNER steadyrun_owner;
REVOKE ALL ON DATABASE steadyrun FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE steadyrun TO steadyrun_app;
GRANT CONNECT ON DATABASE steadyrun TO steadyrun_backup;
SQL
