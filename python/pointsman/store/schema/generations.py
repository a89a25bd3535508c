"""The generation of the routing state, and the tokens by which servers tell states apart."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Integer, String, Table

from pointsman.store.schema.columns import metadata

generation = Table(
    "generation",
    metadata,
    Column("row", Integer, primary_key=True, autoincrement=False),
    Column("value", BigInteger, nullable=False),
    # The generations in which the key table and the signing keys last changed.
    Column("access_changed", BigInteger, nullable=False),
    Column("signing_changed", BigInteger, nullable=False),
    # Random, new with each generation: tells two states that bear the same number on two databases.
    Column("token", String(32), nullable=False, server_default=""),
    # The token of the generation before.
    Column("base_token", String(32), nullable=False, server_default=""),
    CheckConstraint("row = 1", name="one_row"),
    CheckConstraint("value >= 0", name="value"),
)

# The tokens of the last generations: by them a server sees whether its state led to the present one.
generation_tokens = Table(
    "generation_tokens",
    metadata,
    Column("value", BigInteger, primary_key=True, autoincrement=False),
    Column("token", String(32), nullable=False),
    CheckConstraint("value >= 0", name="value"),
)
