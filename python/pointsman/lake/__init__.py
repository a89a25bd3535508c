"""Reads recorded predictions: the files of the lake that the manifest lists, and the journal's tail."""
