"""The generated messages and services of ``pointsman.v1``; see ``proto/pointsman/v1``."""
