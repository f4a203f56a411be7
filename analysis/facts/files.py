"""A simulated session as the two files that LOBSTER would give, so that anybody's tools can judge it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from analysis.facts.events import LEVELS, Session
from config import UserError

OPENS_S = 34_200  # after midnight: half past nine


def write(session: Session, folder: Path) -> tuple[Path, Path]:
    """Writes the messages, and the book after each; the paths.

    Raises:
        UserError: the folder cannot be written to.

    """
    messages = session.messages
    time = OPENS_S + messages["time_ns"] / 1e9
    rows = np.stack([messages[name] for name in ("type", "order_id", "size", "price", "direction")], axis=1).tolist()
    span = f"{OPENS_S * 1000}_{round((OPENS_S + session.seconds) * 1000)}"
    stem = f"{session.market.name}-{session.seed}_{span}"
    paths = folder / f"{stem}_message_{LEVELS}.csv", folder / f"{stem}_orderbook_{LEVELS}.csv"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with paths[0].open("w", encoding="utf-8") as file:
            file.writelines(f"{at:.9f},{','.join(map(str, row))}\n" for at, row in zip(time, rows, strict=True))
        np.savetxt(paths[1], session.levels, fmt="%d", delimiter=",")
    except OSError as error:
        raise UserError(f"out must be a folder to write to, but {folder} is not: {error.strerror}") from None
    return paths
