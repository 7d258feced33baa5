"""Adapters: each speaks to one outside world and knows no other adapter."""
