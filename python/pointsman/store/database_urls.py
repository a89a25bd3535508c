"""Database URLs as they may be shown: without what opens the database."""

import re

from sqlalchemy import URL

_SECRETS = ("password", "sslpassword")
_HIDDEN = "***"
_LEAST_SECRET_CHARS = 3
"""Shorter ones occur in any text by chance, and are guessed anyway."""


def shown(url: URL) -> str:
    """Writes a URL without its secrets, wherever they stand: before the host or in the query."""
    hidden = {name: _HIDDEN for name in url.query if _is_secret(name)}
    return url.update_query_dict(hidden).render_as_string(hide_password=True).replace("%2A%2A%2A", _HIDDEN)


def hide_secrets(told: str, url: URL) -> str:
    """Takes the secrets of a URL out of what a driver says."""
    secrets = [url.password, *(value for name, value in url.query.items() if _is_secret(name))]
    for secret in secrets:
        for one in (secret,) if isinstance(secret, str) else tuple(secret or ()):
            if len(one) >= _LEAST_SECRET_CHARS:
                told = told.replace(one, _HIDDEN)
    return re.sub(r"((?:ssl)?password\s*=\s*)\S+", rf"\1{_HIDDEN}", told, flags=re.IGNORECASE)


def _is_secret(name: str) -> bool:
    return name.lower() in _SECRETS
