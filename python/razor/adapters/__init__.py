"""Where razor meets the world: files, venues, notifications.

Adapters implement the ports of ``application`` and never import one another.
"""
