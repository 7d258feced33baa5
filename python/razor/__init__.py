"""razor: records, judges and executes arbitrage between outcome tokens on Polymarket.

Layers, each importing only from those below it: ``app`` (command line, wiring), ``adapters``
(venues, files), ``application`` (use cases), ``domain`` (settings, modes, manifest), and the
compiled engine ``_core``. Money is computed in the engine only; Python moves and shows it.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
