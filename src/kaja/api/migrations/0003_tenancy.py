from django.db import migrations

from kaja.kernel.tenancy.rls import ProtectTenantTable


class Migration(migrations.Migration):
    dependencies = [("api", "0002_initial")]

    operations = [
        ProtectTenantTable("Token"),
        ProtectTenantTable("RememberedRequest"),
    ]
