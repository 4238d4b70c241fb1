"""What a person has to do on each network before it can be connected, step by step."""

from typing import Any

from django.utils.translation import gettext_lazy as _

# Bluesky: https://bsky.app/settings/app-passwords; WordPress: Users, Profile, Application Passwords (since 5.6);
# Mastodon: consent page of the instance. Read 2026-11-22.
GUIDES: dict[str, list[Any]] = {
    "bluesky": [
        _("In Bluesky open Settings, then Privacy and security, then App passwords."),
        _("Choose “Add App Password”, name it Kaja, and create it."),
        _("Copy the four groups of letters and paste them below. Never give your main password to Kaja."),
    ],
    "mastodon": [
        _("Write the server that your account is on: the part after the last @ of your handle."),
        _("Your server asks whether Kaja may post for you. Sign in there as the account that you want to connect."),
        _("Allow it, and you come back here by yourself."),
    ],
    "wordpress": [
        _("In your WordPress dashboard open Users, then Profile, and go down to “Application Passwords”."),
        _("Type Kaja as the name and press “Add New Application Password”."),
        _("Copy the password that appears, and paste it below with the address of the site and your user name."),
        _("The section is missing? The site has to use https, and a security plugin may have switched it off."),
    ],
    "practice": [
        _("Nothing has to be prepared: the account is made for you."),
        _("What you post there is seen only on the practice network's own page, beside this Kaja."),
    ],
}
