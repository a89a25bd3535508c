"""Side-by-side load: pointsman, Envoy, grpc.aio and a raw relay under the same calls."""
