"""What is recorded where: journals, files of the lake, and what was erased of them."""
