"""Search reads the newest weeks first, each with one look into the index.

The index of words knew neither workspace nor time: a word that is frequent somewhere was read in all of its messages, or
all of the workspace's messages were read until enough had it. Each message's words now hold, as one more of them, its
workspace with its week. What stands there already gets it a little at a time, while others write: the triggers that
give it to new messages come first, the function that asks for it last.
"""

from typing import Any
from uuid import UUID

from django.db import migrations, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

AT_ONCE = 2000
WEEKS = r"""
-- The week of a moment, counted from 1970; `extract` is stable for other fields' sake, an epoch has no time zone.
CREATE OR REPLACE FUNCTION inbox_week(at timestamptz) RETURNS integer
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT (floor(extract(epoch FROM at) / 604800))::integer
$$;

-- A word that nobody can have said: words of texts hold no @ and no colon together with the rest of it.
CREATE OR REPLACE FUNCTION inbox_week_word(workspace uuid, week integer) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT '@' || right(workspace::text, 12) || ':' || week::text
$$;

CREATE OR REPLACE FUNCTION inbox_words(workspace uuid, at timestamptz, body text) RETURNS tsvector
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, public AS $$
    SELECT inbox_words(body) || array_to_tsvector(ARRAY[inbox_week_word(workspace, inbox_week(at))])
$$;

CREATE OR REPLACE FUNCTION inbox_message_index() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO inbox_messagesearch (message_id, workspace_id, conversation_id, at, body, words)
    SELECT id, workspace_id, conversation_id, at, lower(text), inbox_words(workspace_id, at, lower(text)) FROM fresh
    ON CONFLICT (message_id) DO UPDATE SET
        conversation_id = EXCLUDED.conversation_id, at = EXCLUDED.at, body = EXCLUDED.body, words = EXCLUDED.words;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION inbox_message_reindex() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE inbox_messagesearch s
    SET conversation_id = n.conversation_id, at = n.at, body = lower(n.text),
        words = CASE WHEN n.text = o.text AND inbox_week(n.at) = inbox_week(o.at) THEN s.words
                     ELSE inbox_words(n.workspace_id, n.at, lower(n.text)) END
    FROM fresh n JOIN stale o USING (id)
    WHERE s.message_id = n.id AND (n.text, n.conversation_id, n.at) IS DISTINCT FROM (o.text, o.conversation_id, o.at);
    RETURN NULL;
END $$;
"""
FILL = """
WITH part AS MATERIALIZED (
    SELECT message_id FROM inbox_messagesearch WHERE message_id > %(after)s ORDER BY message_id LIMIT %(most)s
), filled AS (
    UPDATE inbox_messagesearch AS s
    SET words = s.words || array_to_tsvector(ARRAY[inbox_week_word(s.workspace_id, inbox_week(s.at))])
    FROM part WHERE s.message_id = part.message_id
)
SELECT max(message_id::text)::uuid FROM part
"""
SEARCH = r"""
-- Messages with `wanted`, the newest first, at most `most`: the newest week, the four before it, sixteen before those,
-- and so on; what is older than some years at once.
CREATE OR REPLACE FUNCTION inbox_newest_with(wanted_workspace uuid, wanted tsquery, parts text[], most integer)
RETURNS TABLE (conversation_id uuid, found_at timestamptz)
LANGUAGE plpgsql STABLE ROWS 200 SET search_path = pg_catalog, public SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    high integer;
    low integer;
    below integer;
    span integer := 1;
    had integer := 0;
    got integer;
    within tsquery;
BEGIN
    SELECT inbox_week(max(s.at)), inbox_week(min(s.at)) INTO high, low
        FROM inbox_messagesearch AS s WHERE s.workspace_id = wanted_workspace;
    WHILE high >= low AND had < most LOOP
        below := CASE WHEN span > 256 THEN low ELSE greatest(low, high - span + 1) END;
        IF span > 256 THEN
            within := wanted;
        ELSE
            SELECT wanted && string_agg(quote_literal(inbox_week_word(wanted_workspace, week)), ' | ')::tsquery
                INTO within FROM generate_series(below, high) AS week;
        END IF;
        RETURN QUERY SELECT s.conversation_id, s.at FROM inbox_messagesearch AS s
            WHERE s.workspace_id = wanted_workspace AND s.words @@ within
              AND s.at < to_timestamp((high + 1) * 604800.0) AND (parts IS NULL OR s.body LIKE ALL (parts))
            ORDER BY s.at DESC LIMIT most - had;
        GET DIAGNOSTICS got = ROW_COUNT;
        had := had + got;
        high := below - 1;
        span := span * 4;
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION inbox_newest_with(uuid, tsquery, text[], integer) FROM PUBLIC;

CREATE OR REPLACE FUNCTION inbox_search(wanted_workspace uuid, query text, most integer)
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
    had integer := 0;
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
        RETURN QUERY SELECT * FROM inbox_newest_with(wanted_workspace, wanted, parts, most);
    ELSE
        wanted := plainto_tsquery('pg_catalog.russian', asked);
        third := plainto_tsquery(inbox_third_language(), asked);
        wanted := CASE WHEN numnode(wanted) = 0 THEN third WHEN numnode(third) = 0 THEN wanted ELSE wanted || third END;
        IF numnode(wanted) > 0 THEN
            RETURN QUERY SELECT * FROM inbox_newest_with(wanted_workspace, wanted, NULL, most);
            GET DIAGNOSTICS had = ROW_COUNT;
        END IF;
        -- Parts of words only where whole words left room: who finds enough asks for no more.
        IF had < most AND (longest >= 3 OR numnode(wanted) = 0) THEN
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
"""
BACKWARD = r"""
CREATE OR REPLACE FUNCTION inbox_search(wanted_workspace uuid, query text, most integer)
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
DROP FUNCTION inbox_newest_with(uuid, tsquery, text[], integer);
CREATE OR REPLACE FUNCTION inbox_message_index() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO inbox_messagesearch (message_id, workspace_id, conversation_id, at, body, words)
    SELECT id, workspace_id, conversation_id, at, lower(text), inbox_words(lower(text)) FROM fresh
    ON CONFLICT (message_id) DO UPDATE SET
        conversation_id = EXCLUDED.conversation_id, at = EXCLUDED.at, body = EXCLUDED.body, words = EXCLUDED.words;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION inbox_message_reindex() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE inbox_messagesearch s
    SET conversation_id = n.conversation_id, at = n.at, body = lower(n.text),
        words = CASE WHEN n.text = o.text THEN s.words ELSE inbox_words(lower(n.text)) END
    FROM fresh n JOIN stale o USING (id)
    WHERE s.message_id = n.id AND (n.text, n.conversation_id, n.at) IS DISTINCT FROM (o.text, o.conversation_id, o.at);
    RETURN NULL;
END $$;
DROP FUNCTION inbox_words(uuid, timestamptz, text);
DROP FUNCTION inbox_week_word(uuid, integer);
DROP FUNCTION inbox_week(timestamptz);
"""


def fill(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Each message's week, beside the words that it has. Doing it again changes nothing."""
    connection = schema_editor.connection
    after: UUID | None = UUID(int=0)
    while after is not None:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(FILL, {"after": after, "most": AT_ONCE})
            (after,) = cursor.fetchone()


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("inbox", "0016_reactions")]
    operations = [
        migrations.RunSQL(WEEKS, migrations.RunSQL.noop),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunSQL(SEARCH, BACKWARD),
    ]
