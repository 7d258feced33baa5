"""Programs that the environments of the clients run; each prints one JSON object."""
