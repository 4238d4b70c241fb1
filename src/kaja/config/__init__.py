"""Settings, URLs, ASGI, and the one place that connects domains' events."""
