"""The index that carries the search in texts: made where the database allows it, and not needed for a right answer.

pg_trgm comes with PostgreSQL and the owner of a database may usually create it (it is a trusted extension since version
13). Where that is forbidden, search reads every text of the workspace; the index is made by the next `kaja migrate`
after an administrator has created the extension.
"""

INDEX_NAME = "content_postsearch_body"
MAKE_INDEX = f"""
DO $$ BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
    RAISE NOTICE 'pg_trgm cannot be created: search works without its index';
END $$;
DO $$ BEGIN
    IF to_regclass('{INDEX_NAME}') IS NULL AND EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm') THEN
        CREATE INDEX {INDEX_NAME} ON content_postsearch USING gin (body gin_trgm_ops);
    END IF;
END $$;
"""
"""Repeating it changes nothing. Run by the owner."""
