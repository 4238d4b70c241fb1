"""Notices in the application and by e-mail, over a real SMTP server."""

import socket
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from procrastinate.contrib.django.models import ProcrastinateJob

from kaja.kernel.problems import Refused
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.actions import choose_mails, read_notice, read_notices
from kaja.workspaces.jobs import send_notice
from kaja.workspaces.models import Mails, Member, Notice, Role, User, Workspace
from kaja.workspaces.notices import create_notice
from kaja.workspaces.policy import Permission
from kaja.workspaces.queries import list_notices
from tests.people import add_member, member_of


class Mailbox:
    """An SMTP server that keeps what it gets."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.refuse = False

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.refuse:
            return "451 try later"
        self.messages.append(message_from_bytes(envelope.content))
        return "250 OK"


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    box = Mailbox()
    # The controller looks for itself at the port that it was given, so the system chooses one beforehand.
    with socket.create_server(("127.0.0.1", 0)) as chosen:
        port = chosen.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    yield box
    controller.stop()


def tell(workspace: Workspace, name: str = "Kohvik") -> list[Notice]:
    with workspace_scope(workspace.id):
        return create_notice(
            "test", "The channel %(channel)s has to be connected again: nothing can be sent to it until then.",
            {"channel": name}, path="channels/x/", permission=Permission.CHANNELS,
        )  # fmt: skip


def test_notice_reaches_those_who_can_act(workspace: Workspace) -> None:
    add_member(workspace, "content@acme.test", Role.CONTENT_MANAGER)
    add_member(workspace, "analyst@acme.test", Role.ANALYST)
    tell(workspace)
    with workspace_scope(workspace.id):
        told = {email: list_notices(member_of(workspace, email)).count() for email in
                ("owner@acme.test", "content@acme.test", "analyst@acme.test")}  # fmt: skip
    assert told == {"owner@acme.test": 1, "content@acme.test": 1, "analyst@acme.test": 0}


def test_unread_notice_is_not_repeated(workspace: Workspace) -> None:
    assert len(tell(workspace)) == 1
    assert tell(workspace) == []
    with workspace_scope(workspace.id):
        Notice.objects.update(read_at="2026-01-01T00:00Z")
    assert len(tell(workspace)) == 1


def test_mail_is_sent_once_in_the_persons_language(workspace: Workspace, mailbox: Mailbox) -> None:
    User.objects.update(language="ru")
    notice = tell(workspace, "Кафе\r\nBcc: everybody@x.test")[0]
    assert send_notice(workspace.id, notice.id)
    assert not send_notice(workspace.id, notice.id)
    [mail] = mailbox.messages
    assert mail["To"] == "owner@acme.test"
    assert mail["Bcc"] is None
    body = mail.get_payload(decode=True)
    assert isinstance(body, bytes)
    assert "Кафе" in body.decode()
    assert "/w/acme/channels/x/" in body.decode()


def test_mail_server_in_trouble_leaves_the_notice_for_the_next_try(workspace: Workspace, mailbox: Mailbox) -> None:
    notice = tell(workspace)[0]
    mailbox.refuse = True
    with pytest.raises(OSError):
        send_notice(workspace.id, notice.id)
    mailbox.refuse = False
    assert send_notice(workspace.id, notice.id)
    assert len(mailbox.messages) == 1


def test_without_a_mail_server_nothing_is_sent_and_nothing_breaks(workspace: Workspace, settings: Any) -> None:
    settings.EMAIL_HOST = ""
    assert not send_notice(workspace.id, tell(workspace)[0].id)


def test_read_notice_is_not_mailed(workspace: Workspace, mailbox: Mailbox) -> None:
    notice = tell(workspace)[0]
    with workspace_scope(workspace.id):
        Notice.objects.update(read_at="2026-01-01T00:00Z")
    assert not send_notice(workspace.id, notice.id)
    assert mailbox.messages == []


def test_everybody_puts_a_notice_away_by_themselves(workspace: Workspace) -> None:
    """What is told to many is still unread for the others when the first has read it."""
    add_member(workspace, "content@acme.test", Role.CONTENT_MANAGER)
    tell(workspace)
    first, second = member_of(workspace), member_of(workspace, "content@acme.test")
    with workspace_scope(workspace.id):
        assert read_notices(first) == 1
        assert not list_notices(first, unread=True).exists()
        [kept] = list_notices(second, unread=True)
        read_notice(second, kept.id)
        assert not list_notices(second, unread=True).exists()


@pytest.mark.parametrize(
    ("role", "choice", "others", "own"),
    [
        (Role.CURATOR, "", True, True),
        (Role.CONTENT_MANAGER, "", True, True),
        (Role.MARKETER, "", False, True),
        (Role.GUEST, "", False, True),
        (Role.MARKETER, Mails.ALL, True, True),
        (Role.CURATOR, Mails.MINE, False, True),
        (Role.CURATOR, Mails.NONE, False, False),
    ],
)
def test_mails_go_to_those_who_want_them(
    workspace: Workspace, mailbox: Mailbox, role: str, choice: str, others: bool, own: bool
) -> None:
    """By default all for those who manage, and for everybody what concerns their own posts."""
    person = add_member(workspace, "person@acme.test", role)
    somebody = add_member(workspace, "somebody@acme.test", Role.ANALYST)
    with workspace_scope(workspace.id):
        for each in Member.objects.exclude(user=person):
            choose_mails(each, Mails.NONE)
        if choice:
            choose_mails(Member.objects.get(user=person), choice)
    mailed = []
    for owner in (somebody.id, person.id):
        with workspace_scope(workspace.id):
            notices = create_notice("delivery.failed", "It failed.", path=f"needs-you/#{owner}", owner=owner)
            told = [str(notice.id) for notice in notices if notice.member.user_id == person.id]
        if owner == person.id:
            assert told, "the owner of a post is told, whatever the role"
        jobs = ProcrastinateJob.objects.filter(task_name="workspaces.mail_notice")
        mailed.append(any(job.args["notice_id"] in told for job in jobs))
    assert mailed == [others, own]


def test_an_unknown_choice_of_mails_is_refused(workspace: Workspace) -> None:
    with workspace_scope(workspace.id), pytest.raises(Refused):
        choose_mails(Member.objects.get(), "loud")
