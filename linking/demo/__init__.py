"""The demo: made-up partners, people and customers, deterministic, written through the services."""
