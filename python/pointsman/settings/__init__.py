"""The settings of ``pointsman serve``: one typed field each, with unit, default and reason.

A value comes from the first of: the command's flags, the environment (``POINTSMAN_…``, nested ones with
two underscores as in ``POINTSMAN_LIMITS__MAX_CONNECTIONS``), the file given with ``--config`` (or a
``pointsman.toml`` in the working directory), the default.
"""

from pointsman.settings.alerts import AlertSettings, SlackSettings, SmtpSettings, WebhookSettings
from pointsman.settings.limits import HttpLimits, Limits
from pointsman.settings.loading import SettingsError, load
from pointsman.settings.server import ENVIRONMENT_PREFIX, MAX_THREADS, Settings, split_address
from pointsman.settings.storage import GroundTruthSettings, JournalSettings, LakeSettings, UploadSettings

__all__ = [
    "ENVIRONMENT_PREFIX",
    "MAX_THREADS",
    "AlertSettings",
    "GroundTruthSettings",
    "HttpLimits",
    "JournalSettings",
    "LakeSettings",
    "Limits",
    "Settings",
    "SettingsError",
    "SlackSettings",
    "SmtpSettings",
    "UploadSettings",
    "WebhookSettings",
    "load",
    "split_address",
]
