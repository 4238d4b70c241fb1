"""Who was handed over to whoever sells: written down, given out as files, taken back."""

from collections.abc import Callable, Iterable
from urllib.parse import quote
from uuid import UUID

from django import forms
from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kaja.inbox.leads.actions import hand_over, parse_lead, take_back
from kaja.inbox.leads.files import MAILTO_MOST, render_csv, render_json, render_vcard
from kaja.inbox.leads.queries import export_leads, get_lead
from kaja.inbox.models import Consent, Lead
from kaja.inbox.people.queries import get_person
from kaja.kernel.problems import Refused
from kaja.web.flash import flash
from kaja.web.inboxdesk.lists import LEADS
from kaja.web.inboxdesk.words import name_person
from kaja.web.workspace import WorkspaceRequest, add_problems, render_page, workspace_view
from kaja.workspaces.once import parse_id
from kaja.workspaces.policy import Permission

KINDS: dict[str, tuple[str, Callable[[Iterable[Lead]], str]]] = {
    "vcf": ("text/vcard; charset=utf-8", lambda leads: "".join(map(render_vcard, leads))),
    "csv": ("text/csv; charset=utf-8", render_csv),
    "json": ("application/json; charset=utf-8", render_json),
}


class LeadFields(forms.Form):
    """What is handed over, to whom, and that they agreed."""

    what = forms.CharField(
        label=gettext_lazy("What it is about"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
    )
    to_name = forms.CharField(
        label=gettext_lazy("To whom"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
    )
    to_email = forms.EmailField(
        label=gettext_lazy("Their e-mail address"),
        max_length=254,
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "inputmode": "email"}),
    )
    note = forms.CharField(
        label=gettext_lazy("Note"),
        max_length=5_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5, "dir": "auto"}),
    )
    consent = forms.BooleanField(label=gettext_lazy("They agreed that this is passed on"))


@require_safe
@workspace_view()
def index(request: WorkspaceRequest) -> HttpResponse:
    """Everybody who was handed over, the newest first."""
    return render_page(request, "inboxdesk/leads.html", {"shown": LEADS.read(request)})


@require_http_methods(["GET", "POST"])
@workspace_view(Permission.ANSWER)
def hand(request: WorkspaceRequest, person_id: UUID) -> HttpResponse:
    """Hand somebody over; `conversation` says from which one."""
    person = get_person(person_id)
    talk = parse_id((request.POST if request.method == "POST" else request.GET).get("conversation", ""))
    form = LeadFields(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            given = parse_lead(form.cleaned_data)
            chosen = parse_id(request.POST.get("id", ""))
            made = hand_over(request.actor, person.id, given, conversation_id=talk, new_id=chosen)
        except Refused as refused:
            add_problems(form, refused)
        else:
            flash(request, _("It is written down. The files for the other side are below."))
            return HttpResponseRedirect(reverse("inboxdesk:lead", args=[request.workspace.slug, made.id]))
    context = {
        "person": person,
        "name": name_person(person),
        "form": form,
        "talk": talk or "",
        "withdrawn": person.consent == Consent.WITHDRAWN,
        "mails": bool(settings.EMAIL_HOST),
    }
    return render_page(request, "inboxdesk/hand_over.html", context, status=422 if form.errors else 200)


@require_safe
@workspace_view()
def lead(request: WorkspaceRequest, lead_id: UUID) -> HttpResponse:
    """One record, with its files."""
    found = get_lead(lead_id)
    context = {
        "lead": found,
        "mailto": _mailto_of(found) if found.to_email and not settings.EMAIL_HOST else "",
        "mails": bool(settings.EMAIL_HOST),
    }
    return render_page(request, "inboxdesk/lead.html", context)


def _mailto_of(found: Lead) -> str:
    """A letter that the reader's own program writes; what is too long for an address is in the file."""
    accounts = [f"{each.get('handle', '')} {each.get('url', '')}" for each in found.contact.get("accounts", [])]
    body = "\n".join([str(found.contact.get("name", "")), *accounts, "", found.note])
    text = quote(body, safe="")
    while len(text) > MAILTO_MOST:
        body = body[: len(body) * 2 // 3]
        text = quote(body, safe="")
    return f"mailto:{quote(found.to_email, safe='@')}?subject={quote(found.what, safe='')}&body={text}"


def _give(request: WorkspaceRequest, leads: Iterable[Lead], name: str) -> HttpResponse:
    ending = request.GET.get("as", "")
    ending = ending if ending in KINDS else "json"
    kind, render = KINDS[ending]
    response = HttpResponse(render(leads), content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}.{ending}"'
    response["Cache-Control"] = "no-store"
    return response


@require_safe
@workspace_view(Permission.ANSWER)
def file(request: WorkspaceRequest, lead_id: UUID) -> HttpResponse:
    """The record as a vCard, a table or JSON (`as`)."""
    return _give(request, [get_lead(lead_id)], f"lead-{lead_id}")


@require_safe
@workspace_view(Permission.ANSWER)
def files(request: WorkspaceRequest) -> HttpResponse:
    """All of them in one file."""
    return _give(request, export_leads(), "leads")


@require_POST
@workspace_view(Permission.ANSWER)
def back(request: WorkspaceRequest, lead_id: UUID) -> HttpResponse:
    """Take it back; the record stays and says so."""
    taken = take_back(request.actor, lead_id)
    told = settings.EMAIL_HOST and taken.to_email
    flash(request, _("It is taken back.") if told else _("It is taken back. Tell them: Kaja wrote them no e-mail."))
    return HttpResponseRedirect(reverse("inboxdesk:lead", args=[request.workspace.slug, lead_id]))
