"""Database URLs: what is shown of them, and what is wrong with them."""

import pytest
from sqlalchemy import make_url

from pointsman.errors import InvalidArgumentError
from pointsman.store.database import Database
from pointsman.store.database_urls import hide_secrets, shown


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://u:s3cret@h/d", "postgresql://u:***@h/d"),
        ("postgresql://u@h/d?password=s3cret", "postgresql://u@h/d?password=***"),
        ("postgresql://h/d?user=u&PASSWORD=s3cret", "postgresql://h/d?PASSWORD=***&user=u"),
        (
            "postgresql://h/d?sslpassword=s3cret&sslmode=require&passfile=/p",
            "postgresql://h/d?passfile=%2Fp&sslmode=require&sslpassword=***",
        ),
        ("postgresql://h/d?password=s3cret&password=s3cret2", "postgresql://h/d?password=***"),
        ("sqlite:////data/pointsman.db", "sqlite:////data/pointsman.db"),
    ],
)
def test_a_shown_url_has_no_secret_wherever_it_stands(url, told):
    assert shown(make_url(url)) == told


@pytest.mark.parametrize(
    "said",
    [
        'connection to "h" failed: password s3cret/1 is wrong',
        "host=h password=s3cret/1 dbname=d",
        "sslpassword = s3cret/1",
    ],
)
def test_what_a_driver_says_has_no_secret(said):
    url = make_url("postgresql://u@h/d?password=s3cret%2F1")
    assert "s3cret" not in hide_secrets(said, url)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("nonsense", "does not begin with"),
        ("", "does not begin with"),
        ("mysql://h/d", "'mysql' is no known kind"),
        ("postgresql://u:s3cret@h:port/d", "port is not a number"),
        ("postgresql://u:s3c:ret@h:port/d", "port is not a number"),
        ("postgresql://h:99999/d", "99999 is not a number from 1 to 65535"),
        ("postgresql://u:s3cret/x@h/d", "write @ as %40"),
        ("postgresql://[::1/d", "cannot be read"),
        ("postgresql://h/d?nonsense=1&password=s3cret", 'invalid connection option "nonsense"'),
        ("postgresql://h/d?connect_timeout=soon", "connect_timeout: 'soon'"),
    ],
)
def test_a_malformed_url_is_refused_with_the_setting_and_what_is_wrong(url, told):
    with pytest.raises(InvalidArgumentError) as caught:
        Database(url)
    assert str(caught.value).startswith("database: ")
    assert told in str(caught.value)
    assert "s3c" not in str(caught.value)
