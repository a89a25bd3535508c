"""The client for asyncio, a class for each service. Its twin that waits is made of it."""
