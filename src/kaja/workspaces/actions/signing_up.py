"""Accounts as they are made, proven and asked about after a new password: what allauth does not write itself."""

from collections.abc import Iterator
from contextlib import contextmanager

from allauth.account.models import EmailAddress
from django.db import transaction

from kaja.kernel.locks import lock
from kaja.workspaces.models import Instance, Review, User


@contextmanager
def one_by_one() -> Iterator[None]:
    """A transaction in which accounts are made one after the other, in all processes: of four first ones, one."""
    with transaction.atomic():
        Instance.objects.get_or_create(id=1)
        lock(Instance.objects.filter(id=1)).get()
        yield


def make_operator(user: User) -> None:
    """Let a person run this installation."""
    user.is_staff = True
    user.save(update_fields=["is_staff"])


def introduce(user: User, name: str, language: str) -> None:
    """What a person is called, and what they read, from their sign-up on."""
    user.name, user.language = name.strip(), language
    user.save(update_fields=["name", "language"])


def prove_address(user: User) -> None:
    """Take a person's address as proven."""
    EmailAddress.objects.filter(user=user).update(verified=True)


def forget_password(user: User) -> None:
    """Make the present password open nothing."""
    user.set_unusable_password()
    user.save(update_fields=["password"])


def set_review(user: User, after: Review) -> None:
    """Note what a person still has to be asked about, or that they have answered."""
    user.review = after
    user.save(update_fields=["review"])
