"""What people see in a browser: the browser phone, the agents' desk, the operators' console."""
