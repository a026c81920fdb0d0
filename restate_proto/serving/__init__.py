"""Processes that serve an endpoint: where each setting comes from, workers, their supervisor.

One process alone loads the endpoint and listens (`alone.py`). With workers, a supervisor
(`supervisor.py`) listens and hands each accepted connection to one of the processes that serve
(`worker.py`).
"""
