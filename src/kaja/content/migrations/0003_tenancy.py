from django.db import migrations

from kaja.kernel.tenancy.rls import ProtectTenantTable


class Migration(migrations.Migration):
    dependencies = [("content", "0002_initial")]

    operations = [
        ProtectTenantTable("Campaign"),
        ProtectTenantTable("Label"),
        ProtectTenantTable("Post"),
        ProtectTenantTable("PostLabel"),
        ProtectTenantTable("Variant"),
        ProtectTenantTable("Asset"),
        ProtectTenantTable("Revision"),
    ]
