"""From a file of recorded messages to a market: rates, efficient price, YAML."""

from __future__ import annotations

from pathlib import Path

from analysis import tape
from analysis.calibration import files
from analysis.calibration.anchor import anchor
from analysis.calibration.options import Options
from analysis.calibration.rates import calibrate
from config import UserError

__all__ = ["Options", "anchor", "calibrate", "calibrate_file"]


def calibrate_file(data: str, out: Path, options: Options) -> None:
    """Calibrates on the LOBSTER message file that ``data`` names, writes the market to ``out`` and prints it.

    Raises:
        UserError: one sentence; nothing is written then.

    """
    if out.suffix not in {".yaml", ".yml"}:
        raise UserError(f"out must be the path of the YAML file to write, but it is '{out}'")
    path = tape.message_file(data)
    messages = tape.read(path)
    with tape.said_of(path):
        overlay = calibrate(messages, options, path.stem)
        files.check_room(overlay["market"]["calibration"])
        anchor(overlay["market"], messages, options)
    files.write(overlay, out)
    print(files.table(overlay["market"]))
