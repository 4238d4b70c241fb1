"""Who writes to us: found, known, joined with undo, given out whole, and forgotten."""

import json
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kaja.inbox.leads.queries import list_leads_of
from kaja.inbox.models import Consent, Person
from kaja.inbox.people.actions import erase_person, join_people, parse_person, part_people, update_person
from kaja.inbox.people.queries import export_person, get_person, list_joined
from kaja.inbox.reactions.queries import list_doings
from kaja.kernel.problems import Refused
from kaja.web.flash import flash
from kaja.web.inboxdesk.activity import describe_doing
from kaja.web.inboxdesk.lists import PEOPLE, PERSON_CONVERSATIONS
from kaja.web.inboxdesk.words import name_person
from kaja.web.kit.undo import Data, keep_step, undoes
from kaja.web.problems import problem_line
from kaja.web.workspace import WorkspaceRequest, add_problems, render_page, workspace_view
from kaja.workspaces.once import parse_id
from kaja.workspaces.policy import Permission, can, require

JOINING = "join_people"


class PersonFields(forms.Form):
    """What the team knows of somebody."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("As you call them; empty: as the network does."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
    )
    notes = forms.CharField(
        label=gettext_lazy("Notes"),
        max_length=20_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5, "dir": "auto"}),
    )
    labels = forms.CharField(
        label=gettext_lazy("Labels"),
        required=False,
        help_text=gettext_lazy("With commas between."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
    )
    consent = forms.ChoiceField(
        label=gettext_lazy("Consent"), required=False, choices=[("", gettext_lazy("not asked")), *Consent.choices]
    )
    consent_note = forms.CharField(
        label=gettext_lazy("To what, and how it was given"),
        max_length=300,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
    )

    def give(self) -> dict[str, Any]:
        """As `parse_person` takes it."""
        labels = [label for each in self.cleaned_data["labels"].split(",") if (label := each.strip())]
        return {**self.cleaned_data, "labels": labels}


@require_safe
@workspace_view()
def index(request: WorkspaceRequest) -> HttpResponse:
    """Everybody who wrote, or those whose names hold what is looked for."""
    text = request.GET.get("q", "").strip()[:200]
    return render_page(request, "inboxdesk/people.html", {"shown": PEOPLE.read(request, text=text), "text": text})


@require_http_methods(["GET", "POST"])
@workspace_view()
def person(request: WorkspaceRequest, person_id: UUID) -> HttpResponse:
    """One of them; a POST writes down what is known. Somebody who was joined to another is looked at there."""
    found = get_person(person_id)
    here = reverse("inboxdesk:person", args=[request.workspace.slug, found.id])
    if request.method == "POST":
        require(request.actor, Permission.ANSWER)
    elif found.id != person_id:
        return HttpResponseRedirect(here)
    initial = {
        "name": found.name, "notes": found.notes, "labels": ", ".join(found.labels), "consent": found.consent,
        "consent_note": found.consent_note,
    }  # fmt: skip
    form = PersonFields(request.POST or None, initial=initial)
    if not can(request.actor, Permission.ANSWER):
        for field in form.fields.values():
            field.disabled = True
    if request.method == "POST" and form.is_valid():
        try:
            update_person(request.actor, found.id, parse_person(form.give()))
        except Refused as refused:
            add_problems(form, refused)
        else:
            flash(request, _("It is kept."))
            return HttpResponseRedirect(here)
    return _show(request, found, form)


def _show(request: WorkspaceRequest, found: Person, form: PersonFields) -> HttpResponse:
    looked_for = request.GET.get("q", "").strip()[:200]
    context = {
        "person": found,
        "name": name_person(found),
        "form": form,
        "leads": list_leads_of(found.id),
        "doings": [(each, describe_doing(each)) for each in list_doings(found.id)],
        "joined": [(each, name_person(each)) for each in list_joined(found.id)],
        "talks": PERSON_CONVERSATIONS.read(request, person=found.id),
        "looked_for": looked_for,
        "others": [row for row in PEOPLE.read(request, text=looked_for).rows if row["person"].id != found.id]
        if looked_for
        else [],
    }
    return render_page(request, "inboxdesk/person.html", context, status=422 if form.errors else 200)


@require_POST
@workspace_view(Permission.ANSWER)
def join(request: WorkspaceRequest, person_id: UUID) -> HttpResponse:
    """The other one is this one too; with the way back."""
    here = reverse("inboxdesk:person", args=[request.workspace.slug, person_id])
    other_id = parse_id(request.POST.get("other", ""))
    if other_id is not None:
        join_people(request.actor, person_id, other_id)
        back = keep_step(request, JOINING, [{"person": str(person_id), "other": str(other_id)}])
        flash(request, _("They are one person now."), undo=back)
    return HttpResponseRedirect(here)


@require_POST
@workspace_view(Permission.ANSWER)
def part(request: WorkspaceRequest, person_id: UUID) -> HttpResponse:
    """Undo a join, also long after it."""
    other_id = parse_id(request.POST.get("other", ""))
    if other_id is not None:
        part_people(request.actor, person_id, other_id)
        flash(request, _("They are two people again."))
    return HttpResponseRedirect(reverse("inboxdesk:person", args=[request.workspace.slug, person_id]))


@undoes(JOINING)
def undo_join(request: WorkspaceRequest, data: Data) -> tuple[str, list[str]]:
    """The way back of a join."""
    refusals = []
    for each in data:
        try:
            part_people(request.actor, UUID(each["person"]), UUID(each["other"]))
        except Refused as refused:
            refusals += [problem_line(problem) for problem in refused.problems]
    return ("" if refusals else _("They are two people again.")), refusals


@require_safe
@workspace_view(Permission.ANSWER)
def export(request: WorkspaceRequest, person_id: UUID) -> HttpResponse:
    """Everything about somebody, as a file."""
    found = export_person(person_id)
    response = HttpResponse(
        json.dumps(found, ensure_ascii=False, indent=2, default=str), content_type="application/json; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="person-{person_id}.json"'
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@workspace_view(Permission.MANAGE)
def erase(request: WorkspaceRequest, person_id: UUID) -> HttpResponse:
    """Forget everything of somebody, for good."""
    count = erase_person(request.actor, person_id)
    said = ngettext(
        "Everything about this person is gone; %(count)s message was blanked.",
        "Everything about this person is gone; %(count)s messages were blanked.",
        count,
    )
    flash(request, said % {"count": count})
    return HttpResponseRedirect(reverse("inboxdesk:people", args=[request.workspace.slug]))
