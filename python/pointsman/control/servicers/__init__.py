"""The gRPC services, thin: convert, call, convert."""
