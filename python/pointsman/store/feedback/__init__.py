"""Feedback: values by prediction, and what is made of them."""
