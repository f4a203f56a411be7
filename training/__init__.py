"""Training on Ray RLlib: configuration to algorithm, batched sampling, checkpoints, tracking."""
