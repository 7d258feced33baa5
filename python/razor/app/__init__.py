"""The program: command line, console, logs, wiring. May import everything below."""
