"""Ids that the database computes, too, are the same there and here."""

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from monitoring.identity import facet_id
from monitoring.store.fields import pack_ids, unpack_ids

NUMBERS = st.integers(-(2**63), 2**63 - 1)


@pytest.mark.django_db
@pytest.mark.parametrize("value", ["", "EU", "é:ü", "a:b"])
def test_a_facet_has_the_same_id_in_sql(value: str) -> None:
    sql = "SELECT ('x' || left(md5(convert_to((%s)::text || ':' || %s, 'UTF8')), 16))::bit(64)::bigint"
    with connection.cursor() as cursor:
        cursor.execute(sql, [-42, value])
        assert cursor.fetchone() == (facet_id(-42, value),)


@given(st.sets(NUMBERS))
def test_packed_ids_come_back_in_order(ids: set[int]) -> None:
    packed = pack_ids(ids)
    assert (unpack_ids(packed) if packed else []) == sorted(ids)
