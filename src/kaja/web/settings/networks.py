"""The operator's developer apps at networks: what to apply for there, what to paste, and what is stored."""

from django import forms
from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from kaja.channels.app_checks import check_app
from kaja.channels.consenting import get_back_address
from kaja.channels.developer_apps import Wanted, list_wanted, remove_app, require_operator, store_app
from kaja.kernel.problems import Refused
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.kit.grants import App
from kaja.networks.kit.hooks import find_hooks
from kaja.reach.queries import get_reach
from kaja.web.flash import flash
from kaja.web.problems import problem_line
from kaja.web.workspace import WorkspaceRequest, add_problems, render_page, workspace_view


class AppForm(forms.Form):
    """An app's id and secrets. A secret is never shown again."""

    def __init__(self, wanted: Wanted, data: object = None) -> None:
        row = wanted.row
        super().__init__(data, initial={"client_id": row.client_id if row else ""}, prefix=wanted.slot.key or None)  # type: ignore[arg-type]
        kept = _("Stored. Leave it empty to keep it.")
        app = wanted.app or App()
        plain = {"autocomplete": "off", "spellcheck": "false"}
        secret = forms.PasswordInput(attrs={"autocomplete": "new-password"})
        self.fields["client_id"] = forms.CharField(label=_("App id"), max_length=300, widget=forms.TextInput(plain))
        self.fields["secret"] = forms.CharField(
            label=_("App secret"),
            max_length=2000,
            required=not app.secret,
            widget=secret,
            help_text=kept if app.secret else "",
        )
        if wanted.slot.webhook:
            self.fields["webhook_secret"] = forms.CharField(
                label=_("Secret of its webhooks"),
                max_length=2000,
                required=False,
                widget=secret,
                help_text=kept if app.webhook_secret else "",
            )


@require_safe
@workspace_view()
def index(request: WorkspaceRequest) -> HttpResponse:
    """Every network that asks for a developer app, and whether there is one."""
    require_operator(request.actor)
    return render_page(request, "settings/networks.html", {"wanted": list_wanted()})


@require_http_methods(["GET", "POST"])
@workspace_view(scoped=False)
def network(request: WorkspaceRequest, network: str) -> HttpResponse:
    """One network's apps: `do` is store, check or remove, `slot` says which."""
    with workspace_scope(request.workspace.id):
        require_operator(request.actor)
        wanted = list_wanted(network)
    if not wanted:
        raise Http404
    forms_by_slot = {each.slot.key: AppForm(each) for each in wanted}
    slot = request.POST.get("slot", "")
    chosen = next((each for each in wanted if each.slot.key == slot), None)
    if request.method == "POST" and chosen is not None:
        form = forms_by_slot[slot] = AppForm(chosen, request.POST)
        if _carry_out(request, network, slot, form):
            return redirect("settings:network", request.workspace.slug, network)
    connector = wanted[0].connector
    status = 422 if any(form.errors for form in forms_by_slot.values()) else 200
    with workspace_scope(request.workspace.id):
        context = {
            "info": connector.info,
            "rows": [(each, forms_by_slot[each.slot.key]) for each in wanted],
            "checks": connector.apps is not None,
            "back": get_back_address(network),
            "webhook": settings.BASE_URL.rstrip("/") + reverse("hooks:receive", args=[network])
            if find_hooks(connector)
            else "",
            "token": _verify_token(wanted),
            "reach": get_reach(),
        }
        return render_page(request, "settings/network.html", context, status=status)


def _verify_token(wanted: list[Wanted]) -> str:
    """What the network is told to show before it sends webhooks."""
    return next((each.app.verify_token for each in wanted if each.app and each.slot.webhook), "")


def _carry_out(request: WorkspaceRequest, network: str, slot: str, form: AppForm) -> bool:
    """Whether it is done."""
    do = request.POST.get("do", "")
    if do == "check":
        problem = check_app(request.actor, request.workspace, network, slot)
        text = problem_line(problem) if problem else _("The network knows the app and its secret.")
        flash(request, text, "needs" if problem else "done")
        return True
    with workspace_scope(request.workspace.id):
        if do == "remove":
            remove_app(request.actor, network, slot)
            flash(request, _("The app is forgotten here. What was connected works until it has to be renewed."))
            return True
        if not form.is_valid():
            return False
        try:
            store_app(request.actor, network, slot, **form.cleaned_data)
        except Refused as refused:
            add_problems(form, refused)
            return False
        flash(request, _("The app is stored."))
        return True
