"""What razor costs: measurements beside peers, on seeded workloads, with their targets.

One module per measurement, each with one function that returns a
:class:`~razor.app.bench.figure.Section`; ``razor bench`` runs and shows them. Nothing here is used
by a run.
"""
