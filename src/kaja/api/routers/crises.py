"""Crisis mode: begin, pause what is scheduled, say what was approved, write down what was decided, end."""

from collections.abc import Iterable
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Status

from kaja.api.conversations import ConversationPage, conversation_out
from kaja.api.crises import (
    AffectedIO,
    ApprovalIn,
    ApproversIn,
    CrisisDetail,
    CrisisIn,
    CrisisLineOut,
    CrisisLinePage,
    CrisisPage,
    DecisionIn,
    EndIn,
    NewStatementIn,
    PausedOut,
    PausedPostPage,
    PauseIn,
    PlannedIn,
    PlannedOut,
    StatementIn,
    StatementOut,
    crisis_detail,
    paused_out,
    planned_out,
    render_crisis_line,
    render_short_crisis,
    render_statement,
)
from kaja.api.pages import LIMIT, Cursor, Limit
from kaja.api.routers import actor_of, ok
from kaja.crisis import actions, queries
from kaja.crisis.queries import Affected, PlannedFilter
from kaja.kernel.problems import Conflict, NotFound, Problem, gettext_noop
from kaja.publishing.choices import Choice, list_choices
from kaja.workspaces import policy
from kaja.workspaces.actor import Actor

router = Router(tags=["crisis"])
UNSEEN = Problem(
    code="planned_unseen",
    message=gettext_noop("Nobody has seen yet what this filter would pause."),
    field="seen",
    fix=gettext_noop("Count it first, and give the “seen” of that answer with the same filter."),
)
UNKNOWN = Problem(
    code="choice_unknown",
    message=gettext_noop("Some of what is chosen is not in this workspace; nothing was done."),
    fix=gettext_noop("Choose from what the lists of this workspace have."),
)


@router.get("/crises", response=ok(CrisisPage), operation_id="listCrises")
def list_crises(request: HttpRequest, lasting: bool = False, cursor: Cursor = "", limit: Limit = LIMIT) -> CrisisPage:
    """All of them, the newest first; with `lasting` only the one that is not over."""
    policy.require(actor_of(request), policy.Permission.VIEW)
    page = queries.page_crises(cursor, limit, lasting=lasting)
    return CrisisPage(items=[render_short_crisis(row) for row in page.rows], next_cursor=page.next_cursor)


@router.get("/crises/planned", response=ok(PlannedOut), operation_id="countPlanned")
def count_planned(request: HttpRequest, filters: Query[PlannedIn]) -> PlannedOut:
    """What pausing by a filter would stop. Changes nothing; its `seen` goes back with the pausing."""
    wanted = PlannedFilter(frozenset(filters.channel), frozenset(filters.label), frozenset(filters.campaign))
    return render_planned(actor_of(request), wanted)


def render_planned(actor: Actor, wanted: PlannedFilter) -> PlannedOut:
    """What a filter finds, as the API shows it."""
    policy.require(actor, policy.Permission.MANAGE)
    _require_planned(wanted)
    return planned_out(queries.describe_planned(wanted), wanted)


def _require_planned(wanted: PlannedFilter) -> None:
    if wanted != PlannedFilter():
        choices = list_choices()
        _require_known("channels", wanted.channels, choices.channel)
        _require_known("labels", wanted.labels, choices.label)
        _require_known("campaigns", wanted.campaigns, choices.campaign)


def _require_known(field: str, given: Iterable[object], known: Iterable[Choice]) -> None:
    if set(map(str, given)) - {each.value for each in known}:
        raise NotFound(Problem(UNKNOWN.code, UNKNOWN.message, fix=UNKNOWN.fix, field=field))


@router.post("/crises", response=ok(CrisisDetail, 201), operation_id="startCrisis")
def start_crisis(request: HttpRequest, body: CrisisIn) -> Status[CrisisDetail]:
    """Begin: from now on nothing goes out in public that nobody presses for. With `pause` scheduled posts wait, too."""
    return Status(201, start(actor_of(request), body))


def start(actor: Actor, body: CrisisIn) -> CrisisDetail:
    """The start, and the pausing that was asked for with it, in the caller's transaction."""
    made = actions.start_crisis(actor, actions.CrisisForm(body.name, body.why, body.alarm), new_id=body.id)
    if body.pause is not None:
        pause(actor, made.id, body.pause)
    return render_crisis(made.id)


@router.get("/crises/{uuid:crisis_id}", response=ok(CrisisDetail), operation_id="getCrisis")
def get_crisis(request: HttpRequest, crisis_id: UUID) -> CrisisDetail:
    """One, with statements and figures; after its end this is the review."""
    policy.require(actor_of(request), policy.Permission.VIEW)
    return render_crisis(crisis_id)


def render_crisis(crisis_id: UUID) -> CrisisDetail:
    """The crisis as the API shows it."""
    row = queries.get_crisis(crisis_id)
    approvers, statements = queries.list_approvers(row), queries.list_statements(row)
    return crisis_detail(row, approvers, statements, queries.count_figures(row))


@router.post("/crises/{uuid:crisis_id}/pause", response=ok(PausedOut), operation_id="pausePlanned")
def pause_planned(request: HttpRequest, crisis_id: UUID, body: PauseIn) -> PausedOut:
    """Pause what is scheduled and fits: a post becomes a draft that keeps its time."""
    return pause(actor_of(request), crisis_id, body)


def pause(actor: Actor, crisis_id: UUID, body: PauseIn) -> PausedOut:
    """As on the page: only what somebody has seen counted."""
    policy.require(actor, policy.Permission.MANAGE)
    wanted = body.give()
    queries.get_crisis(crisis_id)
    _require_planned(wanted)
    if body.seen != wanted.mark:
        raise Conflict(UNSEEN)
    done = actions.pause_planned(actor, crisis_id, wanted)
    return PausedOut(paused=done.count - done.begun, begun=done.begun)


@router.get("/crises/{uuid:crisis_id}/posts", response=ok(PausedPostPage), operation_id="listPausedPosts")
def list_paused(request: HttpRequest, crisis_id: UUID, cursor: Cursor = "", limit: Limit = LIMIT) -> PausedPostPage:
    """What it paused, by the time that it had, and what became of it."""
    policy.require(actor_of(request), policy.Permission.VIEW)
    page = queries.page_posts(queries.get_crisis(crisis_id), cursor, limit)
    return PausedPostPage(items=[paused_out(row) for row in page.rows], next_cursor=page.next_cursor)


@router.post("/crises/{uuid:crisis_id}/statements", response=ok(StatementOut, 201), operation_id="writeStatement")
def write_statement(request: HttpRequest, crisis_id: UUID, body: NewStatementIn) -> Status[StatementOut]:
    """What may be said meanwhile, as a draft: it is offered once somebody who was named has approved it."""
    row = actions.write_statement(actor_of(request), crisis_id, body.title, body.give(), new_id=body.id)
    return Status(201, render_statement(row))


_STATEMENT = "/crises/{uuid:crisis_id}/statements/{uuid:statement_id}"


@router.put(_STATEMENT, response=ok(StatementOut), operation_id="rewriteStatement")
def rewrite_statement(request: HttpRequest, crisis_id: UUID, statement_id: UUID, body: StatementIn) -> StatementOut:
    """Other words; it is a draft again."""
    texts = body.give()
    return render_statement(
        actions.write_statement(actor_of(request), crisis_id, body.title, texts, statement_id=statement_id)
    )


@router.delete(_STATEMENT, response=ok(None, 204), operation_id="deleteStatement")
def delete_statement(request: HttpRequest, crisis_id: UUID, statement_id: UUID) -> Status[None]:
    """A draft goes; one that is approved only by who may approve."""
    actions.delete_statement(actor_of(request), crisis_id, statement_id)
    return Status(204, None)


@router.post(f"{_STATEMENT}/approve", response=ok(StatementOut), operation_id="approveStatement")
def approve_statement(request: HttpRequest, crisis_id: UUID, statement_id: UUID, body: ApprovalIn) -> StatementOut:
    """Approve it as it was read, by somebody who was named. A token needs the scope `answer` for it."""
    policy.require(actor_of(request), policy.Permission.ANSWER)  # a token that reads says nothing
    return render_statement(actions.approve_statement(actor_of(request), crisis_id, statement_id, body.version))


@router.post(f"{_STATEMENT}/withdraw", response=ok(StatementOut), operation_id="withdrawApproval")
def withdraw_approval(request: HttpRequest, crisis_id: UUID, statement_id: UUID) -> StatementOut:
    """It is offered no more; what was sent of it stays."""
    policy.require(actor_of(request), policy.Permission.ANSWER)
    return render_statement(actions.withdraw_approval(actor_of(request), crisis_id, statement_id))


@router.put("/crises/{uuid:crisis_id}/approvers", response=ok(CrisisDetail), operation_id="chooseApprovers")
def choose_approvers(request: HttpRequest, crisis_id: UUID, body: ApproversIn) -> CrisisDetail:
    """Who approves from now on; what was approved stays so."""
    policy.require(actor_of(request), policy.Permission.MANAGE)
    queries.get_crisis(crisis_id)
    _require_known("approvers", body.approvers, list_choices().owner)
    actions.choose_approvers(actor_of(request), crisis_id, body.approvers)
    return render_crisis(crisis_id)


@router.put("/crises/{uuid:crisis_id}/affected", response=ok(CrisisDetail), operation_id="chooseAffected")
def choose_affected(request: HttpRequest, crisis_id: UUID, body: AffectedIO) -> CrisisDetail:
    """Which conversations it is about, also of what is written later."""
    policy.require(actor_of(request), policy.Permission.ANSWER)
    queries.get_crisis(crisis_id)
    _require_known("channels", body.channels, list_choices().channel)
    wanted = Affected(since=body.since, channels=tuple(body.channels), words=tuple(body.words))
    actions.choose_affected(actor_of(request), crisis_id, wanted)
    return render_crisis(crisis_id)


@router.delete("/crises/{uuid:crisis_id}/affected", response=ok(CrisisDetail), operation_id="collectByHand")
def collect_by_hand(request: HttpRequest, crisis_id: UUID) -> CrisisDetail:
    """It is about the conversations that somebody adds, and no others."""
    actions.choose_affected(actor_of(request), crisis_id, None)
    return render_crisis(crisis_id)


@router.get("/crises/{uuid:crisis_id}/conversations", response=ok(ConversationPage), operation_id="listAffected")
def list_affected(request: HttpRequest, crisis_id: UUID, cursor: Cursor = "", limit: Limit = LIMIT) -> ConversationPage:
    """The conversations that it is about, the newest first."""
    policy.require(actor_of(request), policy.Permission.VIEW)
    page = queries.page_affected(queries.get_crisis(crisis_id), cursor, limit)
    return ConversationPage(items=[conversation_out(row) for row in page.rows], next_cursor=page.next_cursor)


_TALK = "/crises/{uuid:crisis_id}/conversations/{uuid:conversation_id}"


@router.put(_TALK, response=ok(None, 204), operation_id="addAffected")
def add_affected(request: HttpRequest, crisis_id: UUID, conversation_id: UUID) -> Status[None]:
    """It belongs to the crisis, whatever the filter says."""
    actions.add_conversation(actor_of(request), crisis_id, conversation_id)
    return Status(204, None)


@router.delete(_TALK, response=ok(None, 204), operation_id="removeAffected")
def remove_affected(request: HttpRequest, crisis_id: UUID, conversation_id: UUID) -> Status[None]:
    """It does not, whatever the filter says."""
    actions.remove_conversation(actor_of(request), crisis_id, conversation_id)
    return Status(204, None)


@router.post("/crises/{uuid:crisis_id}/decisions", response=ok(CrisisLineOut, 201), operation_id="recordDecision")
def record_decision(request: HttpRequest, crisis_id: UUID, body: DecisionIn) -> Status[CrisisLineOut]:
    """A line of the log, with its moment and the name."""
    return Status(201, render_crisis_line(actions.record_decision(actor_of(request), crisis_id, body.text)))


@router.get("/crises/{uuid:crisis_id}/log", response=ok(CrisisLinePage), operation_id="listCrisisLog")
def list_log(request: HttpRequest, crisis_id: UUID, cursor: Cursor = "", limit: Limit = LIMIT) -> CrisisLinePage:
    """Who decided what, the newest first."""
    policy.require(actor_of(request), policy.Permission.VIEW)
    page = queries.page_lines(queries.get_crisis(crisis_id), cursor, limit)
    return CrisisLinePage(items=[render_crisis_line(row) for row in page.rows], next_cursor=page.next_cursor)


@router.post("/crises/{uuid:crisis_id}/end", response=ok(CrisisDetail), operation_id="endCrisis")
def end_crisis(request: HttpRequest, crisis_id: UUID, body: EndIn) -> CrisisDetail:
    """The end, with what becomes of the paused posts, all of it or nothing. Gives the review."""
    return end(actor_of(request), crisis_id, body)


def end(actor: Actor, crisis_id: UUID, body: EndIn) -> CrisisDetail:
    """A choice about a post that the crisis does not ask about is refused."""
    policy.require(actor, policy.Permission.MANAGE)
    crisis = queries.get_crisis(crisis_id)
    if body.own:
        asked = {row.post_id for row in queries.list_undecided(crisis)}
        if body.own.keys() - asked:
            raise NotFound(Problem(UNKNOWN.code, UNKNOWN.message, fix=UNKNOWN.fix, field="own"))
    own = {post: actions.Choice(each.verdict, each.at) for post, each in body.own.items()}
    actions.end_crisis(actor, crisis_id, actions.Ending(body.usual, own, body.lesson))
    return render_crisis(crisis_id)
