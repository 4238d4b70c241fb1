"""Limits: counted once for all processes, given back, refilled, swept."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F

from kaja.kernel import limits
from kaja.kernel.limits import Limit, network_of, take
from kaja.kernel.models import Bucket

FIVE = Limit("test", 5, 60)
TWO = Limit("test: account", 2, 600)


def pass_time(seconds: float) -> None:
    """As if so many seconds were over."""
    Bucket.objects.update(used_until=F("used_until") - timedelta(seconds=seconds))


def test_a_limit_lets_its_tries_through_and_then_says_how_long_to_wait(db: None) -> None:
    assert [take((FIVE, "a")) for _ in range(5)] == [0.0] * 5
    assert 11 < take((FIVE, "a")) <= 12
    assert take((FIVE, "b")) == 0
    pass_time(12)
    assert take((FIVE, "a")) == 0
    assert take((FIVE, "a")) > 11
    pass_time(600)
    assert [take((FIVE, "a")) > 0 for _ in range(6)] == [False] * 5 + [True]


def test_together_all_must_have_one_and_else_none_is_taken(db: None) -> None:
    for _ in range(2):
        assert take((FIVE, "a"), (TWO, "mari")) == 0
    assert 299 < take((FIVE, "a"), (TWO, "mari")) <= 300
    # The refusal cost the address nothing: three of its five are left.
    assert [take((FIVE, "a")) > 0 for _ in range(4)] == [False] * 3 + [True]


def test_what_is_given_back_can_be_taken_again(db: None) -> None:
    for _ in range(50):
        assert take((FIVE, "a"), (TWO, "mari")) == 0
        limits.return_tries((FIVE, "a"), (TWO, "mari"))


def test_refused_tries_do_not_make_the_wait_longer(db: None) -> None:
    for _ in range(5):
        take((FIVE, "a"))
    assert all(take((FIVE, "a")) <= 12 for _ in range(50))


def test_the_table_tells_nobody_who_tried_and_full_buckets_are_swept(db: None) -> None:
    take((FIVE, "mari@kohvik.test"))
    take((TWO, "mari@kohvik.test"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT kernel_bucket::text FROM kernel_bucket")
        assert "mari" not in str(cursor.fetchall())
        cursor.execute("SELECT relpersistence::text FROM pg_class WHERE oid = 'kernel_bucket'::regclass")
        assert cursor.fetchone() == ("u",)
    pass_time(30)
    assert limits.sweep() == 1
    assert Bucket.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_many_at_once_take_exactly_what_there_is() -> None:
    many = Limit("test: many", 10, 36_000)

    def one(number: int) -> bool:
        try:
            return take((many, "a"), (FIVE, f"caller {number}")) == 0
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        got = list(threads.map(one, range(40)))
    assert sum(got) == 10


def test_an_address_counts_as_the_household_behind_it() -> None:
    assert network_of("192.0.2.7") == "192.0.2.7"
    assert network_of("2001:db8:1:2:3:4:5:6") == network_of("2001:db8:1:2::9") == "2001:db8:1:2::"
    assert network_of("::ffff:192.0.2.7") == "192.0.2.7"
    assert network_of("fe80::1%eth0") == "fe80::"
    assert network_of("unknown") == "unknown"
