"""From a file of recorded messages to a market: the realistic flow, or a Poisson flow around an efficient price."""

from __future__ import annotations

from pathlib import Path

from analysis import tape
from analysis.calibration import binance, files
from analysis.calibration.anchor import anchor
from analysis.calibration.options import Options
from analysis.calibration.rates import calibrate
from config import UserError

__all__ = ["Options", "anchor", "calibrate", "calibrate_file"]


def calibrate_file(data: str, out: Path, options: Options, book: str = "") -> bool:
    """Calibrates on the LOBSTER message file that ``data`` names, writes the market to ``out`` and prints it.

    ``book`` is the file of levels that goes with messages of few levels. Whether a market is written: of a recording of
    Binance's streams it is only said what can be had from it.

    Raises:
        UserError: one sentence; nothing is written then.

    """
    path = tape.message_file(data)
    if options.flow == "realistic" and binance.recognised(path):
        binance.show(path)
        return False
    if out.suffix not in {".yaml", ".yml"}:
        raise UserError(f"out must be the path of the YAML file to write, but it is '{out}'")
    if options.flow == "realistic":
        from analysis.calibration import realistic  # here: its optimiser takes a second that nothing else needs

        realistic.calibrate_file(path, book, out, options)
        return True
    if book:
        raise UserError(f"book must be left out with flow=poisson, but it is {book}")
    messages = tape.read(path)
    with tape.said_of(path):
        overlay = calibrate(messages, options, path.stem)
        files.check_room(overlay["market"]["calibration"])
        anchor(overlay["market"], messages, options)
    files.write(overlay, out)
    print(files.table(overlay["market"]))
    return True
