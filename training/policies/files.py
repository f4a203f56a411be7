"""A policy's files: what `analysis.policy.load` reads, without Ray."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import torch

from analysis.policy import PROGRAM_FILE, Floats, PolicyCard
from training.policies.network import PolicyNetwork


def save(policy: PolicyNetwork, folder: Path) -> Path:
    """Writes ``model.pt2`` and ``policy.json`` into ``folder``; the path of the former."""
    batch = {0: torch.export.Dim.AUTO}
    program = torch.export.export(policy, (torch.from_numpy(example(policy.card)),), dynamic_shapes=(batch,))
    content = io.BytesIO()
    torch.export.save(program, content)  # not into the file: on a full disk torch's writer aborts the process
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PROGRAM_FILE).write_bytes(content.getbuffer())
    policy.card.write(folder)
    return folder / PROGRAM_FILE


def example(card: PolicyCard) -> Floats:
    """Observations [2, k] to trace with: torch.export takes a batch of one for a constant."""
    return np.zeros((2, len(card.observation)), np.float32)
