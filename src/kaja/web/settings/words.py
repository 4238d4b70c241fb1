"""The audit log in plain words: what the code calls an action, and what a person reads."""

from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from kaja.workspaces.models import Role

EVENT_WORDS: dict[str, Any] = {
    "message.received": _("a new message of the audience"),
    "conversation.changed": _("a conversation has changed"),
    "target.breach": _("a promised answer is late"),
    "alarm.raised": _("an alarm: much more, or much worse than usual"),
    "post.published": _("a post is published"),
    "post.failed": _("a post could not be sent"),
    "lead.changed": _("somebody is handed over to sales, or taken back"),
}
"""What webhooks tell of."""
ACTIONS: dict[str, Any] = {
    "workspace.create": _("created the workspace"),
    "workspace.update": _("changed the workspace's settings"),
    "workspace.pause": _("paused everything"),
    "workspace.resume": _("resumed sending"),
    "workspace.hold": _("held everything back until it is settled"),
    "workspace.settle": _("settled what may have gone out unknown, and let it go on"),
    "instance.pause": _("paused this whole Kaja"),
    "instance.resume": _("resumed this whole Kaja"),
    "member.invite": _("invited somebody"),
    "member.revoke_invitation": _("revoked an invitation"),
    "member.join": _("joined"),
    "member.change_role": _("changed somebody's role"),
    "member.remove": _("removed somebody"),
    "channel.connect": _("connected the channel"),
    "channel.reconnect": _("connected the channel again"),
    "channel.disconnect": _("disconnected the channel"),
    "channel.follow": _("followed the channel's server to its new address"),
    "message.reply": _("answered somebody"),
    "message.take_back": _("took an answer back before it was sent"),
    "message.like": _("liked a message"),
    "message.unlike": _("took a like back"),
    "message.boost": _("boosted a message"),
    "message.unboost": _("took a boost back"),
    "message.hide": _("hid a message on the network"),
    "message.unhide": _("showed a message on the network again"),
    "message.approve": _("approved a message on the network"),
    "message.delete": _("deleted a message on the network"),
    "message.spam": _("marked a message as spam on the network"),
    "message.block": _("blocked somebody on the network"),
    "message.unblock": _("unblocked somebody on the network"),
    "message.mute": _("muted somebody on the network"),
    "message.unmute": _("unmuted somebody on the network"),
    "message.report": _("reported a message to the network"),
    "app.store": _("stored a developer app"),
    "app.remove": _("removed a developer app"),
    "webhook.create": _("made a webhook"),
    "webhook.change": _("changed a webhook"),
    "webhook.switch": _("switched a webhook"),
    "webhook.secret": _("made a new secret for a webhook"),
    "webhook.delete": _("deleted a webhook"),
    "webhook.resend": _("sent something to a webhook again"),
    "token.create": _("created an API token"),
    "token.revoke": _("revoked an API token"),
    "post.create": _("wrote a post"),
    "post.update": _("changed a post"),
    "post.autosave": _("changed a post"),
    "post.plan": _("scheduled a post"),
    "post.schedule": _("scheduled a post"),
    "post.unschedule": _("took a post out of the schedule"),
    "post.move": _("moved a post"),
    "post.delete": _("put a post into the bin"),
    "post.restore": _("brought a post back"),
    "post.duplicate": _("duplicated a post"),
    "asset.upload": _("uploaded a file"),
    "asset.alt": _("described a picture"),
    "campaign.save": _("changed a campaign"),
    "campaign.archive": _("archived a campaign"),
    "conversation.state": _("changed the state of a conversation"),
    "conversation.assignee": _("gave a conversation to somebody"),
    "conversation.priority": _("changed the priority of a conversation"),
    "conversation.snooze": _("snoozed a conversation"),
    "conversation.remind": _("asked to be reminded of a conversation"),
    "conversation.label": _("changed the labels of a conversation"),
    "conversation.note": _("wrote a note"),
    "conversation.draft": _("changed what a rule drafted for a conversation"),
    "crisis.start": _("started crisis mode"),
    "crisis.pause": _("paused scheduled posts in a crisis"),
    "crisis.approvers": _("named who approves statements in a crisis"),
    "crisis.approve": _("approved a statement in a crisis"),
    "crisis.end": _("ended crisis mode"),
    "inbox.rule": _("changed a rule of the inbox"),
    "inbox.private": _("changed a private reply"),
    "inbox.private_stop": _("stopped a private reply before it was sent"),
    "inbox.target": _("changed a target for answers"),
    "inbox.quality_draw": _("drew answers to be rated"),
    "inbox.quality_rate": _("rated an answer"),
    "person.update": _("changed what is known of a person"),
    "person.join": _("joined two people"),
    "person.part": _("parted two people again"),
    "person.erase": _("forgot everything of a person"),
    "lead.hand_over": _("handed somebody over to sales"),
    "lead.take_back": _("took a hand-over back"),
    "workspace.keep": _("changed how long things are kept"),
    "workspace.delete_due": _("deleted what is kept no longer"),
    "saved_reply.save": _("changed a saved reply"),
    "saved_reply.delete": _("deleted a saved reply"),
    "label.create": _("created a label"),
    "label.rename": _("renamed a label"),
    "label.delete": _("deleted a label"),
    "delivery.cancel": _("cancelled a delivery"),
    "delivery.drop": _("decided not to send a post to a channel"),
    "delivery.retry": _("had a failed post sent again"),
    "delivery.send_again": _("had an uncertain post sent again"),
    "delivery.send_now": _("had a missed post sent now"),
    "delivery.reschedule": _("gave a missed post another time"),
    "delivery.tell_again": _("had it told again what became of a post"),
    "delivery.there": _("said that an uncertain post is on the network"),
    "publication.edit": _("had a post changed on the network"),
    "publication.delete": _("had a post deleted on the network"),
    "channel.slots": _("changed the weekly slots of the channel"),
}

LOOPS: dict[str, Any] = {
    "deliveries: claim": _("Sending: takes what is due"),
    "deliveries: ready": _("Sending: reads what is due soon"),
    "deliveries: begin": _("Sending: begins when the time comes"),
    "deliveries: ahead": _("Sending: gets files ready before their time"),
    "deliveries: listen": _("Sending: hears what is due at once"),
    "deliveries: wake what waited": _("Sending: wakes what waited"),
    "deliveries: signs": _("Sending: takes over from processes that are gone"),
    "deliveries: events": _("Sending: tells people what happened"),
    "deliveries: journal": _("Sending: keeps the journal"),
    "reading: claim": _("Reading: asks the networks"),
    "reading: listen": _("Reading: hears what to ask at once"),
    "reading: plan": _("Reading: plans what to ask"),
    "background jobs": _("Jobs in the background"),
    "background jobs: take over": _("Jobs in the background: takes over what was left"),
    "live updates": _("Open pages: tells them what changed"),
    "live drawings": _("Open pages: draws what changed in their lists"),
    "live visits": _("Open pages: ends those that nobody may see any more"),
    "supervisor": _("Keeps Kaja's processes running"),
    "process: web": _("Process: web server"),
    "process: worker": _("Process: worker"),
    "process: the practice network": _("Process: practice network"),
}
"""What runs all the time: the name in the log and in `kaja doctor`, and what a person reads."""

ROLE_WORDS: dict[str, Any] = {
    "curator": _("May do everything: settings, members, channels, and all that the others may."),
    "content_manager": _("Writes, plans, publishes and answers, and connects channels."),
    "community_manager": _("Writes, plans, publishes and answers; connects no channels. The same as a marketer today."),
    "marketer": _("Writes, plans, publishes and answers; connects no channels."),
    "designer": _("Writes ideas and drafts and adds pictures; others publish them. The same as a guest today."),
    "analyst": _("Sees everything and changes nothing."),
    "approver": _("Sees everything and changes nothing. There is no approving in Kaja yet."),
    "guest": _("Writes ideas and drafts and adds pictures; others plan and publish them."),
}
"""What a role may do, in a sentence; `workspaces/policy.py` is what holds."""

OFFERED_ROLES = ("curator", "content_manager", "marketer", "guest", "analyst")
"""What a role that differs from the others may be called when somebody gets it; older ones stay with who has them."""


def list_roles(also: str = "") -> list[tuple[str, Any]]:
    """The roles to choose from, with the one that somebody has already."""
    return [(value, name) for value, name in Role.choices if value in OFFERED_ROLES or value == also]


# The same where it is known what it was done to: whole sentences, because languages bend names and put them elsewhere.
ABOUT: dict[str, Any] = {
    "member.invite": _("invited %(target)s"),
    "member.revoke_invitation": _("revoked the invitation of %(target)s"),
    "member.change_role": _("changed the role of %(target)s"),
    "member.remove": _("removed %(target)s"),
    "channel.connect": _("connected the channel %(target)s"),
    "channel.reconnect": _("connected the channel %(target)s again"),
    "channel.disconnect": _("disconnected the channel %(target)s"),
    "channel.follow": _("followed the server of %(target)s to its new address"),
    "channel.slots": _("changed the weekly slots of %(target)s"),
    "app.store": _("stored the developer app for %(target)s"),
    "app.remove": _("removed the developer app for %(target)s"),
    "token.create": _("created the API token %(target)s"),
    "token.revoke": _("revoked the API token %(target)s"),
    "post.create": _("wrote the post %(target)s"),
    "asset.upload": _("uploaded the file %(target)s"),
    "campaign.save": _("changed the campaign %(target)s"),
    "campaign.archive": _("archived the campaign %(target)s"),
    "label.create": _("created the label %(target)s"),
    "label.rename": _("renamed a label: it is called %(target)s now"),
    "label.delete": _("deleted the label %(target)s"),
}


def loop_words(name: str) -> Any:
    """What a person reads for a loop; one without words shows its own name."""
    return LOOPS.get(name, name)


def action_words(action: str) -> Any:
    """What a person reads for an action; an action without words shows its own name."""
    return ACTIONS.get(action, action)


def audit_words(entry: Any) -> SafeString:
    """What was done, and to what as far as the entry's values say, as one sentence without who did it."""
    target = name_target({**entry.before, **entry.after})
    if not target or entry.action not in ABOUT:
        return format_html("{}", action_words(entry.action))
    before, _target, after = str(ABOUT[entry.action]).partition("%(target)s")
    return format_html('{}<span class="strong">{}</span>{}', before, target, after)


def name_target(values: dict[str, Any]) -> str:
    """What an entry is about, as far as its values say."""
    return str(values.get("name") or values.get("email") or values.get("summary") or values.get("filename") or "")
