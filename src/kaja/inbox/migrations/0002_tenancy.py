from django.db import migrations

from kaja.kernel.tenancy.rls import ProtectTenantTable


class Migration(migrations.Migration):
    dependencies = [("inbox", "0001_inbox")]

    operations = [
        ProtectTenantTable(name)
        for name in (
            "Person",
            "Handle",
            "Conversation",
            "Message",
            "MessageVersion",
            "ConversationEvent",
            "ConversationLabel",
            "SavedReply",
            "SavedView",
        )
    ]
