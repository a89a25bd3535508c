"""The lake's upkeep: compaction, retention, sealed dates, erasure, and feedback on its way there."""
