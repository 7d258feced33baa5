"""What razor is told and what it promises: settings, gates, manifest, errors.

Frozen values and pure functions. Nothing here opens a file, a socket or a clock.
"""
