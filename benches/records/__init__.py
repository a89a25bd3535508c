"""What recording costs and whether it keeps everything: journal, lake, feedback and reads under load."""
