"""What people may say when they publish, change or report: lengths and choices, checked once."""

from __future__ import annotations

from django import forms

from gallery.models import Report


class Words(forms.Form):
    """Title, description, and whether everybody may read the prompt (not unless it is ticked)."""

    title = forms.CharField(required=False, max_length=120)
    description = forms.CharField(required=False, max_length=500)
    show_prompt = forms.BooleanField(required=False)


class Complaint(forms.Form):
    """Why somebody reports an item."""

    reason = forms.ChoiceField(choices=Report.Reason.choices)
    detail = forms.CharField(required=False, max_length=500)
