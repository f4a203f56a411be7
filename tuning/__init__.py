"""Sweeps on Ray Tune: which skews and which penalty give the best policy under one fixed objective."""
