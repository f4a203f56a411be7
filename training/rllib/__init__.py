"""What RLlib is given: its configuration, and the pieces that replace its own."""
