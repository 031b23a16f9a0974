"""Every command, registered with the application by being imported."""
