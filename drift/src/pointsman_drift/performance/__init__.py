"""How well a model does: realised where labels are known, estimated where they are not yet."""
