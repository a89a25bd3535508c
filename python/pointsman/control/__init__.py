"""The control plane: gRPC services in front of the store, and the publisher behind them."""
