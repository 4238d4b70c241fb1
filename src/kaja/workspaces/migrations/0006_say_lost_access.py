"""Whatever ends a session or a membership says so (see `kaja.kernel.signals.ACCESS`): open pages are closed by it."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION kaja_say_lost_access() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'django_session' THEN
        PERFORM pg_notify('kaja_access', OLD.session_key);
    ELSIF TG_TABLE_NAME = 'workspaces_user' THEN
        PERFORM pg_notify('kaja_access', OLD.id::text);
    ELSE
        PERFORM pg_notify('kaja_access', OLD.user_id::text);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER kaja_access AFTER DELETE ON django_session
    FOR EACH ROW EXECUTE FUNCTION kaja_say_lost_access();
CREATE TRIGGER kaja_access AFTER DELETE OR UPDATE OF user_id, workspace_id ON workspaces_member
    FOR EACH ROW EXECUTE FUNCTION kaja_say_lost_access();
CREATE TRIGGER kaja_access AFTER DELETE OR UPDATE OF password, is_active ON workspaces_user
    FOR EACH ROW EXECUTE FUNCTION kaja_say_lost_access();
"""
BACKWARD = """
DROP TRIGGER kaja_access ON django_session;
DROP TRIGGER kaja_access ON workspaces_member;
DROP TRIGGER kaja_access ON workspaces_user;
DROP FUNCTION kaja_say_lost_access();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("workspaces", "0005_dates_and_weeks"),
        ("sessions", "0001_initial"),
    ]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
