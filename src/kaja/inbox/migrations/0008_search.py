"""Search in messages: tables beside them that only their owner reads, and one function that takes the workspace id.

As in `content/migrations/0005_search.py`: operators that are not leak-proof could use no index under row-level security,
so the function runs as the tables' owner, and refuses any workspace but the one whose scope is proven.

The triggers work on what a statement wrote as a whole: a page of messages is indexed in one step.
"""

from django.db import migrations

from kaja.inbox.search import MAKE_INDEXES

FORWARD = r"""
CREATE TABLE inbox_messagesearch (
    message_id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    at timestamptz NOT NULL,
    body text NOT NULL,
    words tsvector NOT NULL
);
CREATE TABLE inbox_handlesearch (
    handle_id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    body text NOT NULL
);
CREATE INDEX inbox_messagesearch_newest ON inbox_messagesearch (workspace_id, at DESC);
CREATE INDEX inbox_messagesearch_words ON inbox_messagesearch USING gin (words);
CREATE INDEX inbox_handlesearch_workspace ON inbox_handlesearch (workspace_id);
ALTER TABLE inbox_messagesearch ENABLE ROW LEVEL SECURITY;
ALTER TABLE inbox_messagesearch FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_only ON inbox_messagesearch TO CURRENT_USER USING (true);
ALTER TABLE inbox_handlesearch ENABLE ROW LEVEL SECURITY;
ALTER TABLE inbox_handlesearch FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_only ON inbox_handlesearch TO CURRENT_USER USING (true);

-- Where the server knows no Estonian, its words are found as they are written.
DO $$ BEGIN
    EXECUTE format(
        'CREATE FUNCTION inbox_third_language() RETURNS regconfig LANGUAGE sql IMMUTABLE AS $f$ SELECT %L::regconfig $f$',
        CASE WHEN EXISTS (SELECT FROM pg_ts_config WHERE cfgname = 'estonian' AND cfgnamespace = 'pg_catalog'::regnamespace)
             THEN 'pg_catalog.estonian' ELSE 'pg_catalog.simple' END);
END $$;

-- Every two signs that stand together, and the last one alone, so that one sign is found as the beginning of a pair.
CREATE FUNCTION inbox_pairs(body text) RETURNS text[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT coalesce(array_agg(DISTINCT substr(run[1], place, 2)), '{}')
    FROM regexp_matches(body, '[\u2e80-\u9fff\uf900-\ufaff]+', 'g') AS run, generate_series(1, length(run[1])) AS place
$$;

CREATE FUNCTION inbox_words(body text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, public AS $$
DECLARE
    words tsvector;
BEGIN
    words := strip(to_tsvector('pg_catalog.russian', body) || to_tsvector(inbox_third_language(), body));
    IF body ~ '[\u2e80-\u9fff\uf900-\ufaff]' THEN
        words := words || array_to_tsvector(inbox_pairs(body));
    END IF;
    RETURN words;
END $$;

CREATE FUNCTION inbox_message_index() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO inbox_messagesearch (message_id, workspace_id, conversation_id, at, body, words)
    SELECT id, workspace_id, conversation_id, at, lower(text), inbox_words(lower(text)) FROM fresh
    ON CONFLICT (message_id) DO UPDATE SET
        conversation_id = EXCLUDED.conversation_id, at = EXCLUDED.at, body = EXCLUDED.body, words = EXCLUDED.words;
    RETURN NULL;
END $$;
CREATE FUNCTION inbox_message_reindex() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE inbox_messagesearch s
    SET conversation_id = n.conversation_id, at = n.at, body = lower(n.text),
        words = CASE WHEN n.text = o.text THEN s.words ELSE inbox_words(lower(n.text)) END
    FROM fresh n JOIN stale o USING (id)
    WHERE s.message_id = n.id AND (n.text, n.conversation_id, n.at) IS DISTINCT FROM (o.text, o.conversation_id, o.at);
    RETURN NULL;
END $$;
CREATE FUNCTION inbox_message_forget() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    DELETE FROM inbox_messagesearch s USING stale o WHERE s.message_id = o.id;
    RETURN NULL;
END $$;
CREATE TRIGGER inbox_message_indexed AFTER INSERT ON inbox_message
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION inbox_message_index();
CREATE TRIGGER inbox_message_reindexed AFTER UPDATE ON inbox_message
    REFERENCING OLD TABLE AS stale NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION inbox_message_reindex();
CREATE TRIGGER inbox_message_forgotten AFTER DELETE ON inbox_message
    REFERENCING OLD TABLE AS stale FOR EACH STATEMENT EXECUTE FUNCTION inbox_message_forget();

CREATE FUNCTION inbox_handle_index() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO inbox_handlesearch (handle_id, workspace_id, body)
    SELECT h.id, h.workspace_id, lower(concat_ws(' ', h.name, h.handle, p.name))
    FROM fresh h LEFT JOIN inbox_person p ON p.id = h.person_id
    ON CONFLICT (handle_id) DO UPDATE SET body = EXCLUDED.body WHERE inbox_handlesearch.body <> EXCLUDED.body;
    RETURN NULL;
END $$;
CREATE FUNCTION inbox_handle_forget() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    DELETE FROM inbox_handlesearch s USING stale o WHERE s.handle_id = o.id;
    RETURN NULL;
END $$;
CREATE FUNCTION inbox_person_index() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE inbox_handlesearch s SET body = lower(concat_ws(' ', h.name, h.handle, n.name))
    FROM fresh n JOIN stale o USING (id) JOIN inbox_handle h ON h.person_id = n.id
    WHERE s.handle_id = h.id AND n.name <> o.name;
    RETURN NULL;
END $$;
CREATE TRIGGER inbox_handle_indexed AFTER INSERT ON inbox_handle
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION inbox_handle_index();
CREATE TRIGGER inbox_handle_reindexed AFTER UPDATE ON inbox_handle
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION inbox_handle_index();
CREATE TRIGGER inbox_handle_forgotten AFTER DELETE ON inbox_handle
    REFERENCING OLD TABLE AS stale FOR EACH STATEMENT EXECUTE FUNCTION inbox_handle_forget();
CREATE TRIGGER inbox_person_reindexed AFTER UPDATE ON inbox_person
    REFERENCING OLD TABLE AS stale NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION inbox_person_index();

CREATE FUNCTION inbox_search(wanted_workspace uuid, query text, most integer)
RETURNS TABLE (conversation_id uuid, found_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 200 SET search_path = pg_catalog, public
SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    asked text := lower(left(query, 200));
    parts text[];
    pairs text[] := inbox_pairs(asked);
    wanted tsquery;
    third tsquery;
    has_pairs boolean := cardinality(inbox_pairs(asked)) > 0;
    longest integer;
BEGIN
    IF NOT public.kaja_scope_is_proven()
       OR wanted_workspace::text IS DISTINCT FROM NULLIF(current_setting('kaja.workspace_id', true), '') THEN
        RAISE EXCEPTION 'search outside the entered workspace' USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT array_agg('%' || regexp_replace(word, '([\\%_])', '\\\1', 'g') || '%' ORDER BY length(word) DESC),
           max(length(word))
        INTO parts, longest FROM regexp_split_to_table(asked, '\s+') AS word WHERE word <> '';
    IF parts IS NULL THEN
        RETURN;
    END IF;
    IF has_pairs THEN
        -- A sign that begins no pair of the question stands alone, or at the end of its run.
        SELECT string_agg(quote_literal(pair) || CASE WHEN length(pair) = 1 THEN ':*' ELSE '' END, ' & ')::tsquery
            INTO wanted FROM unnest(pairs) AS pair
            WHERE length(pair) = 2 OR NOT EXISTS (SELECT FROM unnest(pairs) AS other WHERE other LIKE '_' || pair);
        RETURN QUERY SELECT s.conversation_id, s.at FROM inbox_messagesearch AS s
            WHERE s.workspace_id = wanted_workspace AND s.words @@ wanted AND s.body LIKE ALL (parts)
            ORDER BY s.at DESC LIMIT most;
    ELSE
        wanted := plainto_tsquery('pg_catalog.russian', asked);
        third := plainto_tsquery(inbox_third_language(), asked);
        wanted := CASE WHEN numnode(wanted) = 0 THEN third WHEN numnode(third) = 0 THEN wanted ELSE wanted || third END;
        IF numnode(wanted) > 0 THEN
            RETURN QUERY SELECT s.conversation_id, s.at FROM inbox_messagesearch AS s
                WHERE s.workspace_id = wanted_workspace AND s.words @@ wanted
                ORDER BY s.at DESC LIMIT most;
        END IF;
        IF longest >= 3 OR numnode(wanted) = 0 THEN
            RETURN QUERY SELECT s.conversation_id, s.at FROM inbox_messagesearch AS s
                WHERE s.workspace_id = wanted_workspace AND s.body LIKE parts[1] AND s.body LIKE ALL (parts)
                ORDER BY s.at DESC LIMIT most;
        END IF;
    END IF;
    RETURN QUERY SELECT c.id, c.last_at FROM inbox_conversation AS c
        WHERE c.workspace_id = wanted_workspace AND c.handle_id IN (
            SELECT h.handle_id FROM inbox_handlesearch AS h
            WHERE h.workspace_id = wanted_workspace AND h.body LIKE parts[1] AND h.body LIKE ALL (parts) LIMIT 200)
        ORDER BY c.last_at DESC LIMIT most;
END $$;

INSERT INTO inbox_messagesearch
SELECT id, workspace_id, conversation_id, at, lower(text), inbox_words(lower(text)) FROM inbox_message;
INSERT INTO inbox_handlesearch
SELECT h.id, h.workspace_id, lower(concat_ws(' ', h.name, h.handle, p.name))
FROM inbox_handle h LEFT JOIN inbox_person p ON p.id = h.person_id;
"""
BACKWARD = """
DROP FUNCTION inbox_search(uuid, text, integer);
DROP TRIGGER inbox_message_indexed ON inbox_message;
DROP TRIGGER inbox_message_reindexed ON inbox_message;
DROP TRIGGER inbox_message_forgotten ON inbox_message;
DROP TRIGGER inbox_handle_indexed ON inbox_handle;
DROP TRIGGER inbox_handle_reindexed ON inbox_handle;
DROP TRIGGER inbox_handle_forgotten ON inbox_handle;
DROP TRIGGER inbox_person_reindexed ON inbox_person;
DROP FUNCTION inbox_message_index();
DROP FUNCTION inbox_message_reindex();
DROP FUNCTION inbox_message_forget();
DROP FUNCTION inbox_handle_index();
DROP FUNCTION inbox_handle_forget();
DROP FUNCTION inbox_person_index();
DROP FUNCTION inbox_words(text);
DROP FUNCTION inbox_pairs(text);
DROP FUNCTION inbox_third_language();
DROP TABLE inbox_messagesearch;
DROP TABLE inbox_handlesearch;
"""


class Migration(migrations.Migration):
    dependencies = [("inbox", "0007_alarms"), ("kernel", "0003_walls")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD), migrations.RunSQL(MAKE_INDEXES, migrations.RunSQL.noop)]
