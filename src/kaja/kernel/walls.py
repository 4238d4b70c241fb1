"""The database's side of the scopes: what only the application can enter, and an injected statement cannot.

A scope is three settings of the transaction: the workspace, the system's purpose, and a proof over both and over the
transaction's own start. Policies believe the settings only with the proof. It is made by one function that runs as the
tables' owner and asks for a key, which the application's role cannot read anywhere: it stands in a table whose rows
only the owner sees, and comes over the wire as a bound parameter, so no list of running statements shows it. A
statement that was injected can set the settings, but proves nothing; a proof that it reads is of the transaction that
it is in already.

The owner (migrations, backups) needs no proof: it could drop the policies. See docs/decisions/0011.
"""

import hmac
from functools import lru_cache
from typing import Any

_PROOF = """encode(sha256((SELECT s.key FROM public.kaja_scope_key AS s)
        || timestamptz_send(transaction_timestamp()) || convert_to({workspace} || '|' || {purpose}, 'UTF8')), 'hex')"""
FUNCTIONS = """
CREATE OR REPLACE FUNCTION kaja_enter_scope(workspace text, purpose text, key text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM set_config('kaja.workspace_id', workspace, true), set_config('kaja.system_scope', purpose, true);
    IF session_user = current_user THEN
        RETURN;
    END IF;
    IF sha256(convert_to(key, 'UTF8')) IS DISTINCT FROM (SELECT sha256(s.key) FROM public.kaja_scope_key AS s) THEN
        RAISE EXCEPTION 'kaja: this key opens no scope of this database'
            USING ERRCODE = 'insufficient_privilege', HINT = 'Run "kaja migrate" with the KAJA_SECRET_KEY in use.';
    END IF;
    PERFORM set_config('kaja.scope_proof', <entered>, true);
END $$;

CREATE OR REPLACE FUNCTION kaja_scope_is_proven() RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN session_user = current_user OR current_setting('kaja.scope_proof', true) = <said>;
END $$;
"""
FUNCTIONS = FUNCTIONS.replace("<entered>", _PROOF.format(workspace="workspace", purpose="purpose")).replace(
    "<said>",
    _PROOF.format(
        workspace="coalesce(current_setting('kaja.workspace_id', true), '')",
        purpose="coalesce(current_setting('kaja.system_scope', true), '')",
    ),
)
KEY_TABLE = """
CREATE TABLE IF NOT EXISTS public.kaja_scope_key (
    one boolean PRIMARY KEY DEFAULT true CHECK (one), key bytea NOT NULL
);
ALTER TABLE public.kaja_scope_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.kaja_scope_key FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS owner_only ON public.kaja_scope_key;
CREATE POLICY owner_only ON public.kaja_scope_key TO CURRENT_USER USING (true);
"""
SET_KEY = """
INSERT INTO public.kaja_scope_key (key) VALUES (convert_to(%s, 'UTF8'))
ON CONFLICT (one) DO UPDATE SET key = EXCLUDED.key WHERE kaja_scope_key.key <> EXCLUDED.key
"""
ENTER = "SELECT kaja_enter_scope(%s, %s, %s)"
IS_BUILT = "SELECT to_regprocedure('kaja_enter_scope(text, text, text)') IS NOT NULL"

# The subquery is asked once for a statement, whatever the number of rows; the plain comparisons are what the planner
# knows the selectivity of.
USING = """(
        {column} = NULLIF(current_setting('kaja.workspace_id', true), '')::uuid
        OR COALESCE(current_setting('kaja.system_scope', true), '') <> ''
    ) AND (SELECT kaja_scope_is_proven())"""
USING_PLAIN = """
        {column} = NULLIF(current_setting('kaja.workspace_id', true), '')::uuid
        OR COALESCE(current_setting('kaja.system_scope', true), '') <> ''"""
POLICIES = "SELECT polrelid::regclass::text FROM pg_policy WHERE polname = 'kaja_tenant' ORDER BY 1"


@lru_cache(maxsize=8)
def make_scope_key(secret: str) -> str:
    """The key of the scopes, made from the installation's secret key: the same on every host, stored in no file."""
    return hmac.new(secret.encode(), b"kaja.scope", "sha256").hexdigest()


def set_scope_key(cursor: Any, secret: str) -> None:
    """Give the database the key; as the owner. A backup never holds it: `kaja migrate` sets it again."""
    cursor.execute(KEY_TABLE)
    cursor.execute(SET_KEY, [make_scope_key(secret)])
