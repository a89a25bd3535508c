"""Between protobuf messages and the domain: the only place where both are known."""
