"""The control plane of the contract tests, whose analyses run in programs of their own."""

from contract.conftest import bench, cancer, clock, database_url, failing, replica

__all__ = ["bench", "cancer", "clock", "database_url", "failing", "replica"]
