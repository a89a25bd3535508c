"""What is recorded of calls: predictions, feedback, the journals and files that hold them."""
