"""Journals of invocations: code is run on them, and they are kept in files.

`replayer.py` runs an endpoint's code on journals; `verdict.py` is the result for one journal, and
`report.py` that for all of them. `files.py` reads and writes journals, `redaction.py` removes
confidential texts from them, and `collecting.py` saves those of a test run.
"""
