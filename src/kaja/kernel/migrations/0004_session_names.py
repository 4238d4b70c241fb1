from django.db import migrations

# What `kernel/sessions.py` calls a session; who is signed in stays so.
NAME = "left(encode(sha256(convert_to(session_key, 'UTF8')), 'hex'), 40)"


class Migration(migrations.Migration):
    dependencies = [
        ("kernel", "0003_walls"),
        ("sessions", "0001_initial"),
        ("usersessions", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(f"UPDATE {table} SET session_key = {NAME}", migrations.RunSQL.noop)
        for table in ("django_session", "usersessions_usersession")
    ]
