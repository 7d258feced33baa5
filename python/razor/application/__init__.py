"""Use cases: what razor does, without knowing how it reads, sends or shows."""
