#!/bin/sh
# The two roles and the database of Kaja (docs/operations.md, "A PostgreSQL of your own"): one owns and migrates, the
# other reads and writes. Run by the image of PostgreSQL when it makes its data folder.
set -eu
psql --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres \
    --set owner="$KAJA_OWNER_PASSWORD" --set app="$KAJA_APP_PASSWORD" <<'SQL'
CREATE ROLE kaja_owner LOGIN PASSWORD :'owner';
CREATE ROLE kaja_app LOGIN PASSWORD :'app';
CREATE DATABASE kaja OWNER kaja_owner ENCODING 'UTF8' TEMPLATE template0;
\connect kaja
CREATE EXTENSION IF NOT EXISTS pg_trgm;
SQL
