"""Mathematics on plain latent arrays; knows no model."""
