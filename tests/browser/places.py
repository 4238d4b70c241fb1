"""Every page that a person can open, by the name of its route, with the addresses under which it is looked at."""

import os
from dataclasses import dataclass
from typing import Any

ONLY = os.environ.get("KAJA_ONLY", "").split()
"""The areas that changed, where only those are looked at (tests/suite/lanes.py); none means all."""


@dataclass(frozen=True)
class Place:
    """A page: `path` has holes for what a scene has made. `crowded`: it looks different with many things on it."""

    route: str
    path: str
    crowded: bool = False
    name: str = ""

    def label(self) -> str:
        return self.name or self.route.replace(":", "-").replace("_", "-")


PLACES = (
    Place("calendar:index", "/w/{slug}/calendar/?view=week&date={day}", True, "calendar-week"),
    Place("calendar:index", "/w/{slug}/calendar/?view=month&date={day}", True, "calendar-month"),
    Place("calendar:index", "/w/{slug}/calendar/?view=list&date={day}", True, "calendar-list"),
    Place("ideas:board", "/w/{slug}/ideas/", True),
    Place("needs_you:list", "/w/{slug}/needs-you/", True),
    Place("channels:list", "/w/{slug}/channels/", True),
    Place("groups:campaigns", "/w/{slug}/groups/campaigns/", True),
    Place("groups:labels", "/w/{slug}/groups/labels/", True),
    Place("post:bin", "/w/{slug}/posts/bin", True),
    Place("app:devices", "/w/{slug}/settings/devices/"),
    Place("settings:members", "/w/{slug}/settings/members/", True),
    Place("settings:audit", "/w/{slug}/settings/audit/", True),
    Place("composer:new", "/w/{slug}/posts/new", True),
    Place("inbox:list", "/w/{slug}/inbox/", True),
    Place("inbox:saved", "/w/{slug}/inbox/saved/"),
    Place("inboxdesk:activity", "/w/{slug}/inbox/activity/", True),
    Place("inboxdesk:report", "/w/{slug}/inbox/report/", True),
    Place("inboxdesk:asked", "/w/{slug}/inbox/report/conversations?by=all", True),
    Place("inboxdesk:quality", "/w/{slug}/inbox/quality/", True),
    Place("inboxdesk:people", "/w/{slug}/inbox/people/", True),
    Place("inboxdesk:leads", "/w/{slug}/inbox/leads/", True),
    Place("inboxdesk:rules", "/w/{slug}/inbox/rules/", True),
    Place("inboxdesk:hits", "/w/{slug}/inbox/rules/log/", True),
    Place("inboxdesk:private", "/w/{slug}/inbox/private/", True),
    Place("inboxdesk:sendings", "/w/{slug}/inbox/private/log/", True),
    Place("inboxdesk:alarms", "/w/{slug}/inbox/alarms/", True),
    Place("crisis:list", "/w/{slug}/crisis/", True),
    Place("inboxdesk:keeping", "/w/{slug}/settings/keeping/"),
    Place("inboxdesk:targets", "/w/{slug}/settings/answers/", True),
    Place("inboxdesk:new_rule", "/w/{slug}/inbox/rules/new"),
    Place("inboxdesk:new_private", "/w/{slug}/inbox/private/new"),
    Place("crisis:start", "/w/{slug}/crisis/new"),
    Place("inboxdesk:new_target", "/w/{slug}/settings/answers/new"),
    Place("settings:webhooks", "/w/{slug}/settings/webhooks/"),
    Place("settings:new_webhook", "/w/{slug}/settings/webhooks/new/"),
    Place("settings:workspace", "/w/{slug}/settings/"),
    Place("settings:profile", "/w/{slug}/settings/profile/"),
    Place("settings:security", "/w/{slug}/settings/security/"),
    Place("settings:tokens", "/w/{slug}/settings/tokens/"),
    Place("settings:running", "/w/{slug}/settings/running/"),
    Place("settling:page", "/w/{slug}/settle/", name="settling-nothing"),
    Place("channels:connect", "/w/{slug}/channels/connect/"),
    Place("channels:connect_network", "/w/{slug}/channels/connect/practice/", name="connect-practice"),
    Place("channels:connect_network", "/w/{slug}/channels/connect/bluesky/", name="connect-bluesky"),
    Place("channels:connect_network", "/w/{slug}/channels/connect/mastodon/", name="connect-mastodon"),
    Place("channels:connect_network", "/w/{slug}/channels/connect/wordpress/", name="connect-wordpress"),
    Place("onboarding:channel", "/welcome/{slug}/channel/"),
    Place("onboarding:steps", "/welcome/{slug}/steps/"),
    Place("onboarding:workspace", "/welcome/workspace/"),
    Place("ui", "/ui"),
    Place("mfa_index", "/account/2fa/"),
    Place("account_change_password", "/account/password/change/"),
    Place("account_reauthenticate", "/account/reauthenticate/"),
)
# With something in the workspace only.
FILLED = (
    Place("channels:page", "/w/{slug}/channels/{practice}/", name="channel-practice"),
    Place("channels:page", "/w/{slug}/channels/{bluesky}/", name="channel-to-reconnect"),
    Place("channels:reconnect", "/w/{slug}/channels/{bluesky}/reconnect/"),
    Place("groups:campaign", "/w/{slug}/groups/campaigns/{campaign}"),
    Place("composer:edit", "/w/{slug}/posts/{draft}/edit", name="composer-draft"),
    Place("composer:edit", "/w/{slug}/posts/{scheduled}/edit", name="composer-scheduled"),
    Place("composer:history", "/w/{slug}/posts/{draft}/edit#history"),
    Place("post:page", "/w/{slug}/posts/{scheduled}", name="post-scheduled"),
    Place("post:page", "/w/{slug}/posts/{sent}", name="post-sent"),
    Place("post:page", "/w/{slug}/posts/{failed}", name="post-failed"),
    Place("post:page", "/w/{slug}/posts/{uncertain}", name="post-uncertain"),
    Place("post:page", "/w/{slug}/posts/{missed}", name="post-missed"),
    Place("inbox:conversation", "/w/{slug}/inbox/{conversation}/"),
    Place("inboxdesk:quality_card", "/w/{slug}/inbox/quality/{card}/"),
    Place("inboxdesk:person", "/w/{slug}/inbox/people/{person}/"),
    Place("inboxdesk:hand_over", "/w/{slug}/inbox/people/{person}/hand-over"),
    Place("inboxdesk:lead", "/w/{slug}/inbox/leads/{lead}/"),
    Place("inboxdesk:rule", "/w/{slug}/inbox/rules/{rule}/"),
    Place("inboxdesk:private_reply", "/w/{slug}/inbox/private/{private}/"),
    Place("inboxdesk:alarm", "/w/{slug}/inbox/alarms/{alarm}/"),
    Place("crisis:page", "/w/{slug}/crisis/{crisis}/", name="crisis-review"),
    Place("settings:webhook", "/w/{slug}/settings/webhooks/{webhook}/"),
    Place("inboxdesk:target", "/w/{slug}/settings/answers/{target}/"),
    Place("frame:palette", "/w/{slug}/needs-you/#palette"),
)
SIGNED_OUT = (
    Place("account_login", "/account/login/"),
    Place("account_signup", "/account/signup/", name="signup-closed"),
    Place("account_reset_password", "/account/password/reset/"),
    Place("account_reset_password_done", "/account/password/reset/done/"),
    Place("account_inactive", "/account/inactive/"),
    Place("invitation", "/account/invitation/no-such-token/", name="invitation-closed"),
    Place("app:offline", "/offline"),
    Place("", "/no-such-page/", name="error-404"),
)
PRACTICE = (
    Place("practice", "/", True, "practice-timeline"),
    Place("practice", "/accounts", name="practice-accounts"),
    Place("practice", "/apps", name="practice-apps"),
    Place("practice", "/faults", name="practice-faults"),
)

# Looked at in test_second_factor.py, by somebody who really has one.
BEHIND_A_SECOND_FACTOR = {
    "account_logout",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "mfa_authenticate",
    "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "mfa_list_webauthn",
    "mfa_add_webauthn",
    "mfa_edit_webauthn",
    "mfa_remove_webauthn",
}

# Looked at in test_decisions.py, by people who have something to decide.
IN_A_STATE_OF_ITS_OWN = {
    "settling:page",
    "crisis:posts",
    "crisis:statements",
    "crisis:conversations",
    "crisis:end",
    "account_review",
    "usersessions_list",
    "channels:choose",
    "settings:networks",
    "settings:network",
}

# Nothing that a person sees: each answers a script, is a file, or leads on.
NOT_PAGES = {
    "needs_you:journal": "a part of a page: the journal of an answer, unfolded there",
    "home": "leads on to the workspace",
    "workspace": "leads on to the calendar",
    "live": "a stream of events",
    "app:manifest": "a file, for the device",
    "app:worker": "a script, for the browser",
    "app:go": "leads on",
    "app:visit": "answers the browser's worker",
    "calendar:next_slot": "answers a script",
    "calendar:free": "answers a script",
    "inbox:rows": "a part of the inbox, which asks for it",
    "inbox:views": "a part of the inbox, which asks for it",
    "counts": "numbers beside the names of places, which each page asks for",
    "inbox:messages": "a part of a conversation, which asks for it",
    "inbox:about": "a part of a conversation, which asks for it",
    "inbox:saved_for": "answers a script",
    "media:library": "answers a script",
    "inbox:face": "a file",
    "inbox:channel_face": "a file",
    "inbox:picture": "a file",
    "inboxdesk:export_person": "a file",
    "crisis:now": "leads on",
    "inboxdesk:lead_file": "a file",
    "inboxdesk:lead_files": "a file",
    "media:file": "a file",
    "media:thumbnail": "a file",
    "files:fetch": "a file, for networks",
    "reach": "an answer for Kaja itself",
    "composer:version": "a part of the history, which asks for it",
    "post:journal": "a part of the post page, looked at there (layers.py)",
    "hooks:receive": "answers a network that asks whether the address is ours",
    "consent_back": "networks send people here; it leads on",
    "channels:callback": "where they sent them before; it leads on",
    "account_email": "leads on",
    "account_email_verification_sent": "leads on without a mail server; with one, looked at in test_broken.py",
    "account_confirm_email": "leads on without a mail server; with one, looked at in test_broken.py",
    "account_set_password": "leads on",
    "account_confirm_login_code": "leads on",
    "mfa_download_recovery_codes": "a file",
    "mfa_login_webauthn": "answers a script",
}


def fill(place: Place, made: dict[str, Any]) -> str:
    """The address of a place in a scene."""
    return place.path.format(**made)
