from django.db import migrations

from kaja.kernel.tenancy.rls import ProtectTenantTable


class Migration(migrations.Migration):
    dependencies = [("channels", "0002_initial")]

    operations = [
        ProtectTenantTable("Channel"),
        ProtectTenantTable("QuotaState"),
        ProtectTenantTable("OAuthClient"),
        ProtectTenantTable("PendingConnection"),
        ProtectTenantTable("Slot"),
    ]
