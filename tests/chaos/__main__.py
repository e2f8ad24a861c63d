"""The long form: `python3 dev.py chaos --minutes N`."""

import argparse
import random
import sys
import time
from pathlib import Path

from chaos.report import report
from chaos.scenario import Scenario
from chaos.trial import run

_PLACE = Path(__file__).resolve().parents[2] / "build" / "chaos"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 dev.py chaos",
        description="Kill and freeze nodes, workers, the broker and database connections at random, edit schedules "
        "meanwhile, and check that every fire time has one record and no run was executed twice.",
    )
    default = Scenario("redis", 0)
    parser.add_argument("--minutes", type=float, default=default.seconds / 60, help="how long faults come in")
    parser.add_argument("--broker", choices=["redis", "rabbitmq"], default=default.broker)
    parser.add_argument(
        "--seed", type=int, default=random.SystemRandom().randrange(1_000_000), help="to repeat a trial"
    )
    parser.add_argument("--schedules", type=int, default=default.schedules)
    parser.add_argument("--nodes", type=int, default=default.nodes)
    return parser.parse_args()


def main() -> int:
    """Run a trial; the exit code is 0 when every promise held."""
    chosen = _arguments()
    scenario = Scenario(chosen.broker, chosen.seed, chosen.minutes * 60, chosen.schedules, chosen.nodes)
    folder = _PLACE / f"{time.strftime('%Y%m%d-%H%M%S')}-{scenario.broker}-{scenario.seed}"
    folder.mkdir(parents=True)
    began = time.monotonic()
    outcome = run(scenario, folder, lambda line: print(line, flush=True))
    text = report(scenario, outcome.numbers, outcome.findings, time.monotonic() - began)
    (folder / "report.txt").write_text(text)
    print(f"\n{text}\nthe report and all logs are in {folder}")
    return 1 if outcome.findings else 0


if __name__ == "__main__":
    sys.exit(main())
