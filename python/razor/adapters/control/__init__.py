"""The control API of a running process: HTTP over a socket file that only its user can reach."""
