"""How long a file of outcomes takes to upload, what the server needs for it, and how long others wait."""
