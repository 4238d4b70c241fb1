"""The search asks for the proof of the scope, too: it runs as the tables' owner, so no policy does it for it."""

from importlib import import_module

from django.db import migrations

_WAS = "IF wanted_workspace::text IS DISTINCT FROM"
_IS = "IF NOT public.kaja_scope_is_proven() OR wanted_workspace::text IS DISTINCT FROM"
BEFORE = import_module("kaja.content.migrations.0007_search_by_index").FORWARD
FORWARD = BEFORE.replace(_WAS, _IS)


class Migration(migrations.Migration):
    dependencies = [("content", "0007_search_by_index"), ("kernel", "0003_walls")]
    operations = [migrations.RunSQL(FORWARD, BEFORE)]
