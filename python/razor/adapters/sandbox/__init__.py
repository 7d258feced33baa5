"""The local exchange: what a client of the venue meets when it is pointed at this machine."""
