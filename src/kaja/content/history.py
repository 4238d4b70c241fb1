"""What the audit log tells of a post."""

from django.db.models import Q

from kaja.content.models import Post
from kaja.workspaces.models import AuditEntry

TOLD = (
    Q(action__in=("post.delete", "post.restore", "post.duplicate"))
    | Q(action="post.plan", after__state="scheduled")
    | Q(action="post.plan", before__state="scheduled")
    | Q(action="post.update", after__changed__contains=["due_at"])
)
"""Asked for by name, so that an hour of typing hides nothing of it."""


def list_steps(post: Post, limit: int = 200) -> list[AuditEntry]:
    """When a post was planned, taken off the plan, copied, thrown away and brought back; newest first."""
    entries = AuditEntry.objects.filter(TOLD, target_type="post", target_id=str(post.id))
    return list(entries.order_by("-at")[:limit])
