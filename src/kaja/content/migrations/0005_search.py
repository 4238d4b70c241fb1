"""Search in texts: a table beside the posts that only its owner reads, and one function that takes the workspace id.

Under the posts' own row-level security, trigram operators (not leak-proof) could not use an index. The table's only
policy is for its owner, so the application's role sees nothing of it; the function runs as the owner, refuses any
workspace but the entered one, and so keeps the wall while the index works.
"""

from django.db import migrations

from kaja.content.search import MAKE_INDEX

FORWARD = r"""
CREATE TABLE content_postsearch (
    post_id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    body text NOT NULL
);
CREATE INDEX content_postsearch_workspace ON content_postsearch (workspace_id, post_id DESC);
ALTER TABLE content_postsearch ENABLE ROW LEVEL SECURITY;
ALTER TABLE content_postsearch FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_only ON content_postsearch TO CURRENT_USER USING (true);

CREATE FUNCTION content_post_body(document jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT left(lower(concat_ws(' ',
        (SELECT string_agg(part ->> 'text', ' ') FROM jsonb_array_elements(
            CASE jsonb_typeof(document -> 'parts') WHEN 'array' THEN document -> 'parts' ELSE '[]' END) AS part),
        document ->> 'first_comment',
        document -> 'link_card' ->> 'title',
        document -> 'link_card' ->> 'url')), 20000)
$$;

CREATE FUNCTION content_post_index() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM content_postsearch WHERE post_id = OLD.id;
        RETURN NULL;
    END IF;
    INSERT INTO content_postsearch (post_id, workspace_id, body)
    VALUES (NEW.id, NEW.workspace_id, content_post_body(NEW.document))
    ON CONFLICT (post_id) DO UPDATE SET body = EXCLUDED.body;
    RETURN NULL;
END $$;
CREATE TRIGGER content_post_indexed AFTER INSERT OR DELETE OR UPDATE OF document ON content_post
    FOR EACH ROW EXECUTE FUNCTION content_post_index();

CREATE FUNCTION content_search_posts(wanted_workspace uuid, query text, most integer)
RETURNS TABLE (post_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    words text[];
BEGIN
    IF wanted_workspace::text IS DISTINCT FROM NULLIF(current_setting('kaja.workspace_id', true), '') THEN
        RAISE EXCEPTION 'search outside the entered workspace' USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT array_agg('%' || regexp_replace(word, '([\\%_])', '\\\1', 'g') || '%')
        INTO words FROM regexp_split_to_table(lower(left(query, 200)), '\s+') AS word WHERE word <> '';
    RETURN QUERY SELECT s.post_id FROM content_postsearch AS s
        WHERE s.workspace_id = wanted_workspace AND s.body LIKE ALL (words)
        ORDER BY s.post_id DESC LIMIT most;
END $$;

INSERT INTO content_postsearch SELECT id, workspace_id, content_post_body(document) FROM content_post;
"""
BACKWARD = """
DROP FUNCTION content_search_posts(uuid, text, integer);
DROP TRIGGER content_post_indexed ON content_post;
DROP FUNCTION content_post_index();
DROP FUNCTION content_post_body(jsonb);
DROP TABLE content_postsearch;
"""


class Migration(migrations.Migration):
    dependencies = [("content", "0004_revision_author")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD), migrations.RunSQL(MAKE_INDEX, migrations.RunSQL.noop)]
