"""What keeps the environment: its lock, its bill of materials."""
