"""Where the local exchange answers: one port per service, in a fixed order.

Owns: the services' order and the port they begin at, for whoever serves and whoever connects.
"""

from typing import Final

__all__ = ["FIRST_PORT", "LOOPBACK", "SERVICES", "local_url"]

FIRST_PORT: Final = 8_640
LOOPBACK: Final = "127.0.0.1"
SERVICES: Final = ("clob", "gamma", "data", "relayer", "status")
"""Services by their distance from the first port."""


def local_url(service: str, first_port: int, *, scheme: str = "http") -> str:
    """The address of a service of the local exchange whose first port is given."""
    return f"{scheme}://{LOOPBACK}:{first_port + SERVICES.index(service)}"
