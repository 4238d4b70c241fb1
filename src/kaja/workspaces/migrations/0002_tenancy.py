from django.db import migrations

from kaja.kernel.tenancy.rls import ProtectTenantTable


class Migration(migrations.Migration):
    dependencies = [("workspaces", "0001_initial")]

    operations = [
        ProtectTenantTable("Workspace", column="id"),
        ProtectTenantTable("Member"),
        ProtectTenantTable("Invitation"),
        ProtectTenantTable("AuditEntry"),
        ProtectTenantTable("Notice"),
    ]
