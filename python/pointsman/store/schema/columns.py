"""What all tables share: the names of constraints, and types of columns that both databases treat alike."""

from sqlalchemy import BigInteger, Integer, MetaData, String, Text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Compared byte by byte on both databases, so that pages are ordered alike.
Name = String(128).with_variant(String(128, collation="C"), "postgresql")
Words = Text().with_variant(Text(collation="C"), "postgresql")
# SQLite counts up only keys of its type INTEGER.
RowKey = BigInteger().with_variant(Integer, "sqlite")
