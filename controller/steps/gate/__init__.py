"""What the runs of a load test say of a release: measurements → result. Pure; nothing is run here.

Validity, objectives, comparison with a baseline, drift over the history, and the report.
"""
