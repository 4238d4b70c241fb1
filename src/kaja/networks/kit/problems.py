"""The old address of `kaja.kernel.problems`."""

from kaja.kernel.problems import Problem, gettext_noop, pgettext_noop

__all__ = ["Problem", "gettext_noop", "pgettext_noop"]
