"""Tests of the live feed against a venue on the loopback, with its faults."""
