"""Peers that end their connections in order, and what that costs a plain client, pointsman and Envoy."""
