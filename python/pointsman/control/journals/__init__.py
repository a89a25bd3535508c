"""Following a replica's journal: feedback applied, files registered, whose journal it is."""
