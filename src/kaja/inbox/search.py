"""Search in what was said, and by whom: tables beside the messages and handles that only their owner reads, and one
function that takes the workspace's id and proves the scope (`migrations/0008_search.py`). Each message's words hold its
workspace and week, so that the newest weeks are read first and only as many as it takes (`0017_search_by_weeks.py`).

Word forms are PostgreSQL's own: `russian` knows Russian and English, `estonian` is used where the server has it.
Chinese and Japanese are found by pairs of signs, parts of other words (from three letters on) by trigrams. Without
pg_trgm the answers are the same and take longer.
"""

from django.db.models import Q
from django.db.models.expressions import RawSQL

from kaja.kernel.tenancy import entered_workspace_id

MOST = 500
"""The newest messages with the words that are found: who finds more needs another word."""
LONGEST = 200
MAKE_INDEXES = """
DO $$ BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
    RAISE NOTICE 'pg_trgm cannot be created: search works without its index';
END $$;
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm') THEN
        CREATE INDEX IF NOT EXISTS inbox_messagesearch_body ON inbox_messagesearch USING gin (body gin_trgm_ops);
        CREATE INDEX IF NOT EXISTS inbox_handlesearch_body ON inbox_handlesearch USING gin (body gin_trgm_ops);
    END IF;
END $$;
"""
"""Repeating it changes nothing. Run by the owner."""


def having_words(text: str) -> Q:
    """The conversations in which one message has every word of `text`, or whose author is called so."""
    found = RawSQL(
        "SELECT conversation_id FROM inbox_search(%s, %s, %s)",
        [entered_workspace_id(), text.replace("\0", "")[:LONGEST], MOST],
    )
    return Q(id__in=found)
