"""Ports: what the control plane asks of the Rust core, which the layer ``dataplane`` implements."""
