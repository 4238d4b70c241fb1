"""The connect form of a network, made from what its connector asks for."""

from typing import Any

from django import forms
from django.utils.translation import gettext

from kaja.networks.kit.connector import NetworkInfo


def make_connect_form(info: NetworkInfo, data: Any = None, initial: dict[str, str] | None = None) -> forms.Form:
    """A form with the connector's fields. Secrets are never filled in again, not even after a mistake."""
    form = forms.Form(data)
    for number, field in enumerate(info.form):
        label, text = gettext(field.label), gettext(field.help) if field.help else ""
        start = (initial or {}).get(field.name) or field.default
        attrs: dict[str, Any] = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}
        if field.placeholder:
            attrs["placeholder"] = field.placeholder
        if number == 0:
            attrs["autofocus"] = True
        required = field.required and not field.default
        if field.choices:
            form.fields[field.name] = forms.ChoiceField(
                label=label,
                help_text=text,
                initial=start,
                required=required,
                choices=[(choice.value, gettext(choice.label)) for choice in field.choices],
            )
        elif field.secret:
            form.fields[field.name] = forms.CharField(
                label=label,
                help_text=text,
                required=required,
                max_length=2000,
                strip=True,
                widget=forms.PasswordInput(render_value=False, attrs=attrs | {"autocomplete": "new-password"}),
            )
        else:
            form.fields[field.name] = forms.CharField(
                label=label,
                help_text=text,
                initial=start,
                required=required,
                max_length=500,
                widget=forms.TextInput(attrs=attrs),
            )
    return form
