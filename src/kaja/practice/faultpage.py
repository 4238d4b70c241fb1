"""The page with the switches for faults, in plain words."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from kaja.practice.faults import FAULTS, OPERATIONS, PUBLISHING, BadRule, Fault, parse_rules
from kaja.practice.html import Child, Html, Translate, tag
from kaja.practice.network import Network
from kaja.practice.views import show_time


class BadForm(Exception):
    """A switch was given a value that it does not take."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(reason)
        self.name = name


def fault_path(account: str) -> str:
    return f"/faults?account={quote(account)}"


def parse_form(form: Mapping[str, str]) -> dict[str, Any]:
    """Rules from the form; `how_often` is in percent there and a probability in the rules."""
    faults: dict[str, dict[str, Any]] = {}
    for fault in FAULTS:
        if f"{fault.name}.active" not in form:
            continue
        rule: dict[str, Any] = {"probability": _number(form, f"{fault.name}.how_often") / 100}
        for setting in fault.settings:
            rule[setting.name] = _number(form, f"{fault.name}.{setting.name}")
        for text, default in fault.texts:
            rule[text] = form.get(f"{fault.name}.{text}", default)
        if form.get(f"{fault.name}.on") == "every":
            rule["on"] = list(OPERATIONS)
        faults[fault.name] = rule
    try:
        return parse_rules(faults, int(_number(form, "seed")))
    except BadRule as bad:
        raise BadForm(bad.field, str(bad)) from None


def _number(form: Mapping[str, str], name: str) -> float:
    text = form.get(name, "").strip().replace(",", ".")
    try:
        number = float(text or 0)
    except ValueError:
        raise BadForm(name, f"must be a number, not {text[:40]}") from None
    if not -1e9 < number < 1e9:
        raise BadForm(name, "is too large")
    return number


def _as_form(rules: Mapping[str, Any]) -> dict[str, str]:
    form = {"seed": str(rules.get("seed", 0))}
    for name, rule in rules.get("faults", {}).items():
        form[f"{name}.active"] = "on"
        form[f"{name}.how_often"] = f"{rule['probability'] * 100:g}"
        form[f"{name}.on"] = "every" if set(rule["on"]) == set(OPERATIONS) else "usual"
        for key, value in rule.items():
            if key not in ("probability", "on"):
                form[f"{name}.{key}"] = f"{value:g}" if isinstance(value, int | float) else str(value)
    return form


def _labels(_: Translate) -> dict[str, str]:
    return {
        "how_often": _("How often, in percent"),
        "seconds": _("Seconds"),
        "low": _("From, in seconds"),
        "high": _("To, in seconds"),
        "retry_after": _("Come back after, in seconds"),
        "status": _("Status"),
        "field": _("Field"),
        "reason": _("Reason"),
    }


def _outcome(_: Translate, outcome: str) -> str:
    """A log entry's outcome in words; a refusal keeps its status."""
    known = {
        "answered": _("answered"),
        "dropped before": _("connection closed, nothing stored"),
        "dropped after": _("connection closed, but stored"),
        "error after": _("server error, but stored"),
    }
    return known.get(outcome) or _("refused with %(status)s") % {"status": outcome.removeprefix("refused ")}


def _operation(_: Translate, operation: str) -> str:
    return {
        "upload": _("upload a file"),
        "container": _("prepare a post"),
        "publish": _("publish a post"),
        "comment": _("comment"),
        "message": _("write directly"),
        "act": _("like, hide, delete, block and the like"),
        "read": _("read"),
        "edit": _("edit"),
        "delete": _("delete"),
        "account": _("read the account"),
    }[operation]


def _render_switch(_: Translate, fault: Fault, form: Mapping[str, str]) -> Html:
    labels = _labels(_)

    def place(name: str, default: str, low: float | None = None, high: float | None = None) -> Html:
        key = f"{fault.name}.{name}"
        number = low is not None and high is not None
        return tag(
            "label",
            labels[name],
            tag(
                "input",
                name=key,
                value=form.get(key, default),
                type="number" if number else "text",
                min=f"{low:g}" if low is not None else None,
                max=f"{high:g}" if high is not None else None,
                step="any" if number else None,
                maxlength=None if number else 300,
            ),
        )

    key = f"{fault.name}.on"
    every = form.get(key) == "every"
    places: list[Child] = [place("how_often", "100", 0, 100)]
    places += [place(s.name, f"{s.default:g}", s.low, s.high) for s in fault.settings]
    places += [place(text, default) for text, default in fault.texts]
    if fault.operations == PUBLISHING:
        places.append(
            tag(
                "label",
                _("Which calls"),
                tag(
                    "select",
                    tag("option", _("Publishing"), value="usual", selected=not every),
                    tag("option", _("Every call, also reading"), value="every", selected=every),
                    name=key,
                ),
            )
        )
    active = f"{fault.name}.active" in form
    return tag(
        "fieldset",
        tag("legend", _(fault.label), class_="hidden"),
        tag(
            "label",
            tag("input", type="checkbox", name=f"{fault.name}.active", checked=active),
            tag("span", _(fault.label), class_="who"),
            class_="switch",
        ),
        tag("p", _(fault.meaning), class_="small"),
        tag("div", places, class_="places"),
        class_="fault active" if active else "fault",
    )


def render_faults(
    _: Translate,
    network: Network,
    name: str,
    form: Mapping[str, str] | None = None,
    problem: BadForm | None = None,
    saved: bool = False,
) -> list[Child]:
    """The switches of one account, or of everybody (`*`); a refused form comes back as it was typed."""
    values = form if form is not None else _as_form(network.store.faults.get(name, {}))
    accounts = sorted(network.store.accounts, key=str.casefold)[:200]
    choices = [("*", _("Everybody")), *((account, account) for account in accounts)]
    message: Child = None
    if problem:
        message = tag("p", f"{_('Nothing was changed.')} {problem.name} {problem}", class_="problem", role="alert")
    elif saved:
        message = tag("p", _("Saved. It holds from the next call on."), class_="done", role="status")
    return [
        tag("h1", _("Faults")),
        tag(
            "p", _("Real networks are slow, refuse things and lose answers. Turn it on here and watch what Kaja does.")
        ),
        message,
        tag(
            "form",
            tag(
                "label",
                _("Who it happens to"),
                tag("select", [tag("option", s, value=v, selected=v == name) for v, s in choices], name="account"),
            ),
            tag("button", _("Show"), type="submit"),
            method="get",
            action="/faults",
            class_="fields row",
        ),
        tag(
            "form",
            tag("input", type="hidden", name="account", value=name),
            [_render_switch(_, fault, values) for fault in FAULTS],
            tag(
                "label",
                _("Seed: the same number makes the same calls fail again"),
                tag("input", name="seed", type="number", value=values.get("seed", "0"), step=1),
            ),
            tag("button", _("Save"), type="submit", class_="main"),
            method="post",
            action="/faults",
            class_="fields",
        ),
        tag(
            "form",
            tag("input", type="hidden", name="account", value=name),
            tag("h2", _("Access")),
            tag(
                "p",
                _("Every token of this account stops working; the channel has to be connected again."),
                class_="small",
            ),
            tag("button", _("Revoke access"), type="submit"),
            method="post",
            action="/faults/revoke",
            class_="fields",
        )
        if name != "*"
        else None,
        _render_log(_, network, name),
    ]


def _render_log(_: Translate, network: Network, name: str) -> list[Child]:
    entries = [entry for entry in reversed(network.log) if name in ("*", entry.account)][:30]
    heads = (_("When"), _("Account"), _("Call"), _("How it ended"), _("Seconds"))
    rows = [
        tag(
            "tr",
            tag("td", show_time(entry.at, seconds=True)),
            tag("td", entry.account),
            tag("td", _operation(_, entry.operation)),
            tag("td", _outcome(_, entry.outcome)),
            tag("td", f"{entry.seconds:.2f}", class_="number"),
        )
        for entry in entries
    ]
    if not rows:
        return [tag("h2", _("Last calls")), tag("p", _("No program has called yet."), class_="empty")]
    table = tag("table", tag("thead", tag("tr", [tag("th", head) for head in heads])), tag("tbody", rows))
    return [
        tag("h2", _("Last calls")),
        tag("div", table, class_="scroll", tabindex="0", role="region", aria_label=_("Last calls")),
    ]
