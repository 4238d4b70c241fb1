from django.db import migrations

from kaja.kernel.tenancy.rls import ProtectTenantTable


class Migration(migrations.Migration):
    dependencies = [("reading", "0001_initial")]

    operations = [ProtectTenantTable("Poll"), ProtectTenantTable("Item")]
