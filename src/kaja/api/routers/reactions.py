"""Likes, shares, quotes and followers: read only."""

from django.http import HttpRequest
from ninja import Query, Router

from kaja.api.pages import LIMIT, Cursor, Limit
from kaja.api.reactions import ReactionFilter, ReactionPage, reaction_filters_of, reaction_out
from kaja.api.routers import actor_of, ok
from kaja.inbox.reactions.queries import ReactionFilters, find_posts, page_reactions
from kaja.workspaces import policy

router = Router(tags=["inbox"])


@router.get("/reactions", response=ok(ReactionPage), operation_id="listReactions")
def list_reactions(
    request: HttpRequest, filters: Query[ReactionFilter], cursor: Cursor = "", limit: Limit = LIMIT
) -> ReactionPage:
    """Who likes, shares and quotes our posts and who follows us, the newest first."""
    policy.require(actor_of(request), policy.Permission.VIEW)
    return render_reactions(reaction_filters_of(filters), cursor, limit)


def render_reactions(filters: ReactionFilters, cursor: str = "", limit: int = LIMIT) -> ReactionPage:
    """A page of them as the API shows it."""
    page = page_reactions(filters, cursor, limit)
    posts = find_posts(page.rows)
    items = [
        reaction_out(row, post.id if (post := posts.get((row.channel_id, row.post_ref))) else None) for row in page.rows
    ]
    return ReactionPage(items=items, next_cursor=page.next_cursor)
