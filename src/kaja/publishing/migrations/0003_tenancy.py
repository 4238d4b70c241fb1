from django.db import migrations

from kaja.kernel.tenancy.rls import ProtectTenantTable


class Migration(migrations.Migration):
    dependencies = [("publishing", "0002_initial")]

    operations = [
        ProtectTenantTable("Delivery"),
        ProtectTenantTable("Attempt"),
        ProtectTenantTable("Publication"),
        ProtectTenantTable("RemoteChange"),
    ]
