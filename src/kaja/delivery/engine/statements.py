"""The SQL of the journal: what opens attempts, writes results, renews leases. `journal.py` sends it.

A statement hands on what it was given beside what it wrote (RETURNING): PostgreSQL takes what was just written for one
row, so a join with that compares each row with each.
"""

# The last look at permission and pause stands in the statement that opens the attempt, so nothing slips in between: who
# takes a row out of the plan writes the same row (`planning.py`), so one of the two waits for the other.
BEGIN = """
WITH r AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
        id uuid, attempt uuid, fence bigint, stage text, irreversible boolean, made jsonb, checkpoint jsonb)
), u AS (
    UPDATE publishing_delivery d
    SET stage = CASE WHEN d.state = 'uncertain' THEN d.stage ELSE r.stage END,
        content = COALESCE(r.made -> d.position::text, d.content), checkpoint = COALESCE(r.checkpoint, d.checkpoint),
        attempts_made = d.attempts_made + 1,
        lease_until = now() + %(lease)s * interval '1 second',
        next_at = now() + %(lease)s * interval '1 second',
        uncertain_since = CASE WHEN d.state = 'uncertain' AND r.irreversible
            THEN now() + %(lease)s * interval '1 second' ELSE d.uncertain_since END
    FROM r, workspaces_workspace w
    WHERE d.id = r.id AND w.id = d.workspace_id AND d.fence = r.fence
      AND d.state IN ('sending', 'processing', 'uncertain')
      AND (NOT r.irreversible OR (d.allowed AND w.paused_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM workspaces_instance WHERE paused_at IS NOT NULL)))
    RETURNING d.id, d.workspace_id, d.variant_id, r.attempt, r.fence, r.stage, r.irreversible, r.made
), f AS (
    UPDATE publishing_delivery d SET content = u.made -> d.position::text
    FROM u
    WHERE u.made IS NOT NULL AND d.variant_id = u.variant_id AND d.id <> u.id AND d.content IS NULL
      AND u.made ? d.position::text
)
INSERT INTO publishing_attempt (id, workspace_id, delivery_id, fence, stage, irreversible, started_at,
    outcome, message, params, evidence, worker)
SELECT attempt, workspace_id, id, fence, stage, irreversible, clock_timestamp(), '', '', '{}', '[]', %(worker)s
FROM u
ON CONFLICT (id) DO UPDATE SET worker = EXCLUDED.worker
RETURNING delivery_id
"""
# What was read and prepared before its time is taken by the statement that opens its call: as it was read (the fence),
# and with everything that a claim looks at. EXISTS stands inside CASE so that each row is looked up by its channel.
TAKE = """
WITH r AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
        id uuid, attempt uuid, fence bigint, stage text, made jsonb, checkpoint jsonb, worker bigint)
), u AS (
    UPDATE publishing_delivery d
    SET state = 'sending', fence = d.fence + 1, claimed_by = r.worker, stage = r.stage,
        content = COALESCE(r.made -> d.position::text, d.content), checkpoint = COALESCE(r.checkpoint, d.checkpoint),
        attempts_made = d.attempts_made + 1,
        lease_until = now() + %(lease)s * interval '1 second',
        next_at = now() + %(lease)s * interval '1 second'
    FROM r, workspaces_workspace w, channels_channel c
    WHERE d.id = r.id AND w.id = d.workspace_id AND c.id = d.channel_id AND d.fence = r.fence
      AND d.state IN ('scheduled', 'waiting') AND d.next_at <= now() AND d.allowed
      AND (d.ahead_until IS NULL OR d.ahead_until <= now())
      AND w.paused_at IS NULL AND NOT EXISTS (SELECT 1 FROM workspaces_instance WHERE paused_at IS NOT NULL)
      AND c.disconnected_at IS NULL AND c.health <> 'reconnect'
      AND NOT CASE WHEN EXISTS (
          SELECT 1 FROM publishing_delivery s WHERE s.channel_id = d.channel_id AND s.id <> d.id
            AND s.state IN ('scheduled', 'sending', 'processing', 'waiting', 'uncertain')
            AND (s.state IN ('sending', 'processing', 'uncertain')
              OR (s.next_at <= now() AND s.due_at <= d.due_at AND (s.due_at, s.id) < (d.due_at, d.id)))
        ) THEN true ELSE false END
      AND NOT CASE WHEN EXISTS (
          SELECT 1 FROM channels_quotastate q WHERE q.channel_id = d.channel_id
            AND greatest(q.blocked_until, CASE WHEN q.remaining <= 0 THEN q.resets_at END) > now()
        ) THEN true ELSE false END
    RETURNING d.id, d.workspace_id, d.variant_id, r.attempt, r.fence, r.stage, r.made
), f AS (
    UPDATE publishing_delivery d SET content = u.made -> d.position::text
    FROM u
    WHERE u.made IS NOT NULL AND d.variant_id = u.variant_id AND d.id <> u.id AND d.content IS NULL
      AND u.made ? d.position::text
), a AS (
    INSERT INTO publishing_attempt (id, workspace_id, delivery_id, fence, stage, irreversible, started_at,
        outcome, message, params, evidence, worker)
    SELECT attempt, workspace_id, id, fence + 1, stage, true, clock_timestamp(), '', '', '{}', '[]', %(worker)s
    FROM u
    RETURNING delivery_id
)
SELECT delivery_id FROM a
UNION ALL
-- The answer to an earlier try was lost.
SELECT t.delivery_id FROM r JOIN publishing_attempt t ON t.id = r.attempt
JOIN publishing_delivery d ON d.id = t.delivery_id AND d.fence = r.fence + 1
WHERE %(again)s
"""
FINISH = """
WITH r AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
        id uuid, attempt uuid, fence bigint, before text, state text, stage text, checkpoint jsonb,
        next_at timestamptz, keeps boolean, tries int, uncertain_since timestamptz, needs_person boolean, problem jsonb,
        candidates jsonb, remote_id text, remote_url text, data jsonb, sent_at timestamptz, announce text,
        outcome text, message text, params jsonb, evidence jsonb, at timestamptz, publication uuid)
), a AS (
    UPDATE publishing_attempt t
    SET finished_at = r.at, outcome = r.outcome, message = r.message, params = r.params, evidence = r.evidence
    FROM r WHERE t.id = r.attempt AND t.finished_at IS NULL
), u AS (
    UPDATE publishing_delivery d
    SET state = r.state, stage = r.stage, checkpoint = r.checkpoint,
        next_at = CASE WHEN r.keeps THEN d.next_at ELSE r.next_at END,
        lease_until = CASE WHEN r.keeps THEN d.lease_until END,
        tries = r.tries, uncertain_since = r.uncertain_since, needs_person = r.needs_person, problem = r.problem,
        candidates = r.candidates, remote_id = COALESCE(r.remote_id, d.remote_id),
        remote_url = COALESCE(r.remote_url, d.remote_url), sent_at = COALESCE(r.sent_at, d.sent_at),
        announce = CASE WHEN r.announce <> '' THEN r.announce ELSE d.announce END, updated_at = now()
    FROM r WHERE d.id = r.id AND d.fence = r.fence AND d.state = r.before
    RETURNING d.id, d.workspace_id, d.channel_id, d.state, d.content,
        r.publication, r.remote_id, r.remote_url, r.data, r.sent_at
), p AS (
    INSERT INTO publishing_publication (id, workspace_id, delivery_id, channel_id, remote_id, remote_url, data, sent,
        published_at)
    SELECT publication, workspace_id, id, channel_id, remote_id, remote_url, data, COALESCE(content, '{}'), sent_at
    FROM u WHERE state = 'sent'
    ON CONFLICT (delivery_id) DO NOTHING
), f AS (
    UPDATE publishing_delivery d SET next_at = now(), due_at = greatest(d.due_at, now())
    FROM u WHERE d.after_id = u.id AND u.state = 'sent' AND d.state = 'scheduled'
)
SELECT id FROM u
"""
# Before its time a row stays scheduled; its own lease keeps two workers apart. What follows the message is frozen with
# the call that counts, not here.
BEGIN_AHEAD = """
WITH r AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
        id uuid, attempt uuid, fence bigint, stage text, made jsonb, checkpoint jsonb)
), u AS (
    UPDATE publishing_delivery d
    SET stage = r.stage, content = COALESCE(r.made -> d.position::text, d.content),
        checkpoint = COALESCE(r.checkpoint, d.checkpoint),
        attempts_made = d.attempts_made + 1,
        ahead_until = now() + %(lease)s * interval '1 second', ahead_at = now() + %(lease)s * interval '1 second'
    FROM r, workspaces_workspace w
    WHERE d.id = r.id AND w.id = d.workspace_id AND d.fence = r.fence AND d.state = 'scheduled' AND d.allowed
      AND w.paused_at IS NULL AND NOT EXISTS (SELECT 1 FROM workspaces_instance WHERE paused_at IS NOT NULL)
    RETURNING d.id, d.workspace_id, r.attempt, r.fence, r.stage
)
INSERT INTO publishing_attempt (id, workspace_id, delivery_id, fence, stage, irreversible, started_at,
    outcome, message, params, evidence, worker)
SELECT attempt, workspace_id, id, fence, stage, false, clock_timestamp(), '', '', '{}', '[]', %(worker)s
FROM u
ON CONFLICT (id) DO UPDATE SET worker = EXCLUDED.worker
RETURNING delivery_id
"""
FINISH_AHEAD = """
WITH r AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
        id uuid, attempt uuid, fence bigint, stage text, checkpoint jsonb, ahead_at timestamptz, keeps boolean,
        outcome text, message text, params jsonb, evidence jsonb, at timestamptz)
), a AS (
    UPDATE publishing_attempt t
    SET finished_at = r.at, outcome = r.outcome, message = r.message, params = r.params, evidence = r.evidence
    FROM r WHERE t.id = r.attempt AND t.finished_at IS NULL
)
UPDATE publishing_delivery d
SET stage = r.stage, checkpoint = r.checkpoint, ahead_at = CASE WHEN r.keeps THEN d.ahead_at ELSE r.ahead_at END,
    ahead_until = CASE WHEN r.keeps THEN d.ahead_until END, updated_at = now()
FROM r WHERE d.id = r.id AND d.fence = r.fence AND d.state = 'scheduled'
RETURNING d.id
"""
RENEW_AHEAD = """
UPDATE publishing_delivery d
SET ahead_until = now() + %(lease)s * interval '1 second', ahead_at = now() + %(lease)s * interval '1 second'
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(id uuid, fence bigint)
WHERE d.id = r.id AND d.fence = r.fence AND d.state = 'scheduled' AND d.ahead_until IS NOT NULL RETURNING d.id
"""
RENEW = """
UPDATE publishing_delivery d
SET lease_until = now() + %(lease)s * interval '1 second', next_at = now() + %(lease)s * interval '1 second'
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(id uuid, fence bigint)
WHERE d.id = r.id AND d.fence = r.fence AND d.lease_until IS NOT NULL RETURNING d.id
"""
# The journal's statements look each row of a batch up by its id. PostgreSQL takes a table for nearly empty, because it
# does not know how many rows the walls between workspaces let through, and would rather read all of it for each row:
# 250,000 comparisons for 358 rows. So a lookup is made cheap here and a row that is read dear. The journal prepares no
# statement, for a plan that is kept may be as old as the moment when the tables were small; to forbid that by
# `plan_cache_mode` would have each check of a foreign key planned anew, too.
BY_INDEX = """
SELECT set_config('enable_seqscan', 'off', false), set_config('random_page_cost', '0.1', false),
    set_config('cpu_tuple_cost', '0.1', false)
"""
NOTIFY = "SELECT pg_notify(%s, payload) FROM unnest(%s::text[]) AS payload"
TRY_TO_WRITE = (
    "UPDATE publishing_delivery SET state = state WHERE false",
    "INSERT INTO publishing_attempt SELECT * FROM publishing_attempt WHERE false",
)
"""Touch no row, and are refused where writing is."""
