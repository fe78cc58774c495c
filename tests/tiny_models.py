"""Two models small enough to train in a test run, made by the commands a person would type."""

import json
from pathlib import Path

from explorer.cli import main

IMAGES = 60
GLOW, GLICO = "tiny-glow", "tiny-glico"
BROKEN, UNPREPARED = "broken-glow", "unprepared-glow"
MODELS = {
    GLOW: {
        "name": "glow",
        "config": {"num_steps": [2, 2], "hidden_channels": [8, 8], "class_conditional": True},
    },
    GLICO: {
        "name": "glico",
        "config": {
            "latent_dim": 8,
            "width": 4,
            "perceptual": "laplacian",
            "classifier_width": 4,
            "encode_steps": 5,
        },
    },
}


def write_experiment(folder: Path, name: str) -> Path:
    """Write the experiment of one of the models; its avatars are drawn once, into the folder."""
    path = folder / f"{name}.json"
    experiment = {
        "name": name,
        "title": f"Faces by {name}",
        "model": MODELS[name],
        "data": {
            "name": "avatars",
            "root": str(folder / "drawn"),
            "image_size": 32,
            "count": IMAGES,
        },
        "train": {"steps": 3, "batch_size": 8, "init_images": 16, "log_every": 1},
    }
    path.write_text(json.dumps(experiment))
    return path


def train_tiny_models(folder: Path) -> Path:
    """Train both models and return the folder that holds them, ready to explore."""
    root = folder / "checkpoints"
    for name in MODELS:
        code = main(
            ["train", "--config", str(write_experiment(folder, name)), "--root", str(root)]
        )
        assert code == 0, f"training {name} ended with exit code {code}"
    return root
