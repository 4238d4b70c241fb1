"""Whose an address is, and whose the password: what the mailbox proves, no other browser has prepared."""

import re

from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from kaja.workspaces.models import Workspace
from tests.web.test_accounts import MAIL, sign_in, sign_up_invited


@MAIL
def test_a_password_that_another_browser_chose_does_not_open_what_the_mailbox_proves(workspace: Workspace) -> None:
    thief = sign_up_invited(workspace, "?proof=guess")
    [path] = re.findall(r"http://localhost:8000(/account/confirm-email/\S+)", str(mail.outbox[0].body))
    owner, own = Client(), "weather vane over rye"
    answer = owner.post(path, follow=True)
    assert EmailAddress.objects.get().verified
    assert 'name="password1"' in answer.content.decode(), "the owner of the mailbox chooses the password"
    for client in (thief, Client()):
        assert sign_in(client, email="jaan@kohvik.test").status_code == 200
        assert client.get("/account/2fa/webauthn/add/").status_code == 302
    done = owner.post(answer.redirect_chain[-1][0], {"password1": own, "password2": own})
    assert done.status_code == 302, done.content.decode()
    assert sign_in(Client(), email="jaan@kohvik.test").status_code == 200
    assert sign_in(Client(), email="jaan@kohvik.test", password=own)["Location"] in ("/", "/account/review/")
