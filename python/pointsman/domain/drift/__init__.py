"""Drift of models: predictions that were logged, outcomes, baselines, analyses and how they are judged."""
