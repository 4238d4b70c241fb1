"""How long each kind of thing is kept: looked at before it is set."""

from typing import Any

from django import forms
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from kaja.inbox.retention.actions import set_terms
from kaja.inbox.retention.terms import KINDS, Terms, count_due, mark_of, parse_terms, terms_of
from kaja.kernel.clock import now
from kaja.kernel.problems import Refused
from kaja.web.flash import flash
from kaja.web.workspace import WorkspaceRequest, add_problems, render_page, workspace_view
from kaja.workspaces.policy import Permission, can, require

WORDS: dict[str, tuple[Any, Any]] = {
    "messages": (
        gettext_lazy("Messages"),
        gettext_lazy(
            "Whole conversations, when nothing was said in them for so long; with notes, pictures, what rules did "
            "about them, ratings of quality, and what was read. Times in the report stay."
        ),
    ),
    "versions": (
        gettext_lazy("Earlier words of edited messages"),
        gettext_lazy("Counted from when they were replaced."),
    ),
    "deleted": (
        gettext_lazy("Words that their author deleted"),
        gettext_lazy("Counted from when it was noticed. That there was a message stays."),
    ),
    "reactions": (
        gettext_lazy("Likes, shares and followers"),
        gettext_lazy("Counted from when it was done, also of those who still follow; what is older is not read again."),
    ),
    "people": (
        gettext_lazy("People without messages"),
        gettext_lazy(
            "With what the team noted of them; counted from when they were seen last. Whoever gave or withdrew a "
            "consent, or was handed over, stays."
        ),
    ),
    "hits": (
        gettext_lazy("Log of the rules"),
        gettext_lazy("What is deleted there cannot be undone any more; what rules did stays."),
    ),
    "audit": (
        gettext_lazy("Details in the audit log"),
        gettext_lazy("The values before and after, also in the time lines of posts. Who did what and when stays."),
    ),
}
SPANS = (7, 30, 60, 90, 180, 365, 730, 1095, 1825, 2555, 3650)


def describe_days(days: int) -> str:
    """A term in words."""
    if days == 0:
        return _("Not at all")
    if days % 365 == 0:
        years = days // 365
        return ngettext("%(count)s year", "%(count)s years", years) % {"count": years}
    return ngettext("%(count)s day", "%(count)s days", days) % {"count": days}


class TermFields(forms.Form):
    """A term for each kind."""

    def __init__(self, data: Any, terms: Terms, *, may: bool) -> None:
        super().__init__(data)
        for kind in KINDS:
            now_set = getattr(terms, kind)
            days = sorted({*SPANS, *([0] if kind == "deleted" else []), *([] if now_set is None else [now_set])})
            word, more = WORDS[kind]
            self.fields[kind] = forms.ChoiceField(
                label=word,
                help_text=more,
                required=False,
                disabled=not may,
                initial="" if now_set is None else str(now_set),
                choices=[("", _("For ever")), *((str(each), describe_days(each)) for each in days)],
            )

    def give(self) -> dict[str, int | None]:
        """As `parse_terms` takes it."""
        return {kind: int(value) if (value := self.cleaned_data[kind]) else None for kind in KINDS}


@require_http_methods(["GET", "POST"])
@workspace_view()
def index(request: WorkspaceRequest) -> HttpResponse:
    """The terms; a POST says what others would delete now, and sets those that were looked at (`do=save`)."""
    terms = terms_of(request.workspace)
    if request.method == "POST":
        require(request.actor, Permission.MANAGE)
    form = TermFields(request.POST or None, terms, may=can(request.actor, Permission.MANAGE))
    looked: list[tuple[Any, int]] | None = None
    mark = ""
    if request.method == "POST" and form.is_valid():
        try:
            wanted = parse_terms(form.give())
            mark = mark_of(wanted)
            if request.POST.get("do") == "save" and request.POST.get("seen") == mark:
                set_terms(request.actor, wanted, seen=mark)
                flash(request, _("The terms are set. What is over is deleted in the night."))
                return HttpResponseRedirect(reverse("inboxdesk:keeping", args=[request.workspace.slug]))
            counts = count_due(wanted, now())
            looked = [(WORDS[kind][0], counts[kind]) for kind in KINDS if getattr(wanted, kind) is not None]
        except Refused as refused:
            add_problems(form, refused)
    context = {"form": form, "looked": looked, "mark": mark, "changed": form.is_bound and form.has_changed()}
    return render_page(request, "inboxdesk/keeping.html", context, status=422 if form.errors else 200)
