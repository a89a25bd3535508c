"""``pointsman serve``: one server, from its start to its end; and the servers on one database."""
