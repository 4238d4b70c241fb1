"""The form of quiet hours."""

from django import forms
from django.utils.translation import gettext_lazy as _

from kaja.push.quiet import find_quiet
from kaja.web.workspace import WorkspaceRequest
from kaja.workspaces.models import list_time_zones


class QuietFields(forms.Form):
    """From when until when, on whose clock."""

    begins = forms.TimeField(label=_("From"))
    ends = forms.TimeField(label=_("Until"))
    time_zone = forms.ChoiceField(
        label=_("Time zone"), choices=lambda: [(name, name.replace("_", " ")) for name in sorted(list_time_zones())]
    )
    urgent = forms.BooleanField(label=_("Alarms and a crisis ring all the same"), required=False)
    hours = ("begins", "ends")
    on = False
    """Whether there are any now."""

    def list_hours(self) -> list[tuple[forms.BoundField, str]]:
        """The two times with what stands in them, for the page's own field."""
        fields = [self[name] for name in self.hours]
        return [
            (field, f"{value:%H:%M}" if hasattr(value := field.value(), "hour") else value or "") for field in fields
        ]

    def list_others(self) -> list[forms.BoundField]:
        """The fields after them."""
        return [self[name] for name in self.fields if name not in self.hours]

    @classmethod
    def show(cls, request: WorkspaceRequest) -> "QuietFields":
        """As the person chose it, or a night on the workspace's clock to begin with."""
        row = find_quiet(request.user)
        names = ("begins", "ends", "time_zone", "urgent")
        usual = {"begins": "22:00", "ends": "07:00", "time_zone": request.workspace.time_zone}
        form = cls(initial={name: getattr(row, name) for name in names} if row else usual)
        form.on = row is not None
        return form
