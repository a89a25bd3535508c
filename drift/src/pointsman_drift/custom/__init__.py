"""Algorithms of users: a class, or an expression in SQL."""
