"""``python -m analysis COMMAND key=value ...``."""

from __future__ import annotations

from pathlib import Path

from analysis import options
from analysis.calibration import Options as CalibrationOptions
from analysis.facts.options import Options as FactsOptions
from analysis.makers import Options as MakersOptions
from config import cli
from config.cli import Word, Words


def calibrate(words: Words) -> None:
    """Writes the market in which a file of LOBSTER messages was recorded, and says how like it is. What can be read off
    the recording stands with its standard error, the rest is found by simulated moments, in some minutes; interrupted,
    the same command goes on.
    """
    from analysis.calibration import calibrate_file

    out = words.one("out")
    chosen = options.parse(CalibrationOptions, words.own)
    if calibrate_file(words.one("data"), Path(out), chosen, words.one("book")):
        print(f"\nwritten to {out}; next:\n  python -m training market={out}")


def evaluate(words: Words) -> None:
    """Holds saved policies against the tuned rules on held-out episodes. Several policies are one recipe trained
    several times.
    """
    from analysis import report

    report.evaluate(words.all("policy"), words.configuration)


def optimum(words: Words) -> None:
    """Prints the known optimum of a market and how far every rule is from it. The optimal depths are plotted."""
    from analysis import optimality

    optimality.run(words.all("policy"), words.one("plot"), words.configuration)


def facts(words: Words) -> None:
    """Prints the stylised facts of a recording, of a simulated market, or of both side by side: each statistic, and the
    range in which real markets lie.
    """
    from analysis.facts import report

    chosen = options.parse(FactsOptions, words.own)
    report.run(words.one("data"), words.one("book"), chosen, words.configuration)


def makers(words: Words) -> None:
    """Prints what simple makers earn in a market, a fill and a lot: whether fills are free money there. None of them is
    tuned.
    """
    from analysis import makers as table

    table.run(options.parse(MakersOptions, words.own), words.configuration)


POLICY = Word("policy", "PATH", "a model.pt2 or a folder with one", repeated=True)
COMMANDS = cli.Commands(
    "analysis",
    "Calibration, evaluation and known optima: what one does without training.",
    [
        cli.Command(
            calibrate,
            "calibrate",
            [
                Word("data", "PATH", "message file, or folder with one (default: MARKET_DATA of the environment)"),
                Word("book", "PATH", "its file of levels, for a recording of few of them (realistic flow)"),
                Word("out", "PATH", "the YAML file to write"),
                *options.words(CalibrationOptions),
            ],
            configured=False,
        ),
        cli.Command(evaluate, "evaluate", [POLICY]),
        cli.Command(
            facts,
            "facts",
            [
                Word("data", "PATH", "LOBSTER message file, or folder with one"),
                Word("book", "PATH", "its file of levels, for a recording of few of them"),
                *options.words(FactsOptions),
            ],
        ),
        cli.Command(makers, "makers", options.words(MakersOptions)),
        cli.Command(optimum, "optimum", [POLICY, Word("plot", "PATH", "the picture to write (default: in reports/)")]),
    ],
)

if __name__ == "__main__":
    cli.main(COMMANDS, "python -m analysis")
