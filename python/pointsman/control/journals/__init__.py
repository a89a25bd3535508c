"""Following the data plane's journal: feedback applied, files registered, whose journal it is."""
