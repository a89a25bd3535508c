"""Definition files: what documents may say, how they are read, written and compared.

Everything follows from the messages of ``pointsman.v1``: a new field of a message is one of its documents.
"""
