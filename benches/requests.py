#!/usr/bin/env python3
"""How long `longroad requests` takes, beside DuckDB doing the sums alone, in turn, in one run.

  benches/requests.py                                            5,000 requests, 100,000 asks, 20,000 accounts, 5 runs of each
  benches/requests.py --requests 500 --asks 10000 --runs 3

Needs `cargo build --release` and the Python package duckdb. The data are made in a folder in /tmp that is gone at the end, and pulled
once; the pull is not timed. What is timed is the whole process:
  longroad   `longroad requests --json`: two mornings a week apart read and ranked, families, renewals, what moved and why
  duckdb     one query over the same rows in a DuckDB file: ARR, severity, growth and accounts per request, and the rank
The comparison leans to DuckDB, which does one morning, knows no families, no versions and no reasons.
"""

import argparse
import datetime
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONFIG = """
[company]
name = "Bench"
timezone = "UTC"
[[source]]
name = "files"
kind = "csv"
path = "data"
"""
QUERY = """
WITH voices AS (SELECT request_id, account_id, max(severity) AS severity, max(growth_amount) AS growth FROM asks GROUP BY ALL),
sums AS (SELECT request_id, count(*) AS accounts, sum(amount) AS arr, sum(growth) AS growth, avg(severity) AS severity,
                sum(amount * greatest(0, 180 - date_diff('day', current_date, ends_on)) / 180) AS renewing
         FROM voices JOIN contracts USING (account_id) GROUP BY request_id)
SELECT id, rank() OVER (ORDER BY (renewing + arr / 10 + growth) * severity / effort_months DESC)
FROM sums JOIN requests ON requests.id = sums.request_id
"""


def data(folder, requests, asks, accounts):
    """The rows as CSV files."""
    dice, today = random.Random(7), datetime.date.today()
    folder.mkdir()
    with open(folder / "accounts.csv", "w") as out:
        out.write("id,name,parent_id\n")
        for n in range(accounts):
            out.write(f"a{n},Account {n},{f'a{n - n % 10}' if n % 10 in (1, 2) else ''}\n")
    with open(folder / "contracts.csv", "w") as out:
        out.write("id,account_id,starts_on,ends_on,amount,currency\n")
        for n in range(accounts):
            start = today - datetime.timedelta(days=dice.randrange(1, 360))
            out.write(f"k{n},a{n},{start},{start + datetime.timedelta(days=365)},{dice.randrange(1000, 90000)},EUR\n")
    with open(folder / "requests.csv", "w") as out:
        out.write("id,title,status,effort_months,core_use_case\n")
        for n in range(requests):
            out.write(f"r{n},Wish number {n},open,{dice.choice(['0.5', '1', '2', '5'])},{dice.choice(['true', 'false'])}\n")
    rows = {(dice.randrange(requests), dice.randrange(accounts), dice.randrange(1, 300)) for _ in range(asks)}
    with open(folder / "asks.csv", "w") as out:
        out.write("request_id,account_id,asked_on,severity,growth_amount,note\n")
        for request, account, days in sorted(rows):
            asked = today - datetime.timedelta(days=days)
            out.write(f"r{request},a{account},{asked},{dice.randrange(1, 6)},{dice.randrange(0, 5000)},we need it\n")
    return len(rows)


def timed(command):
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in [("requests", 5000), ("asks", 100_000), ("accounts", 20_000), ("runs", 5)]:
        arguments.add_argument(f"--{name}", type=int, default=value)
    arguments.add_argument("--program", default=str(ROOT / "target/release/longroad"))
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        count = data(folder / "data", given.requests, given.asks, given.accounts)
        (folder / "longroad.toml").write_text(CONFIG)
        ours = [given.program, "--config", str(folder / "longroad.toml")]
        subprocess.run([*ours, "pull"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        tables = "; ".join(
            f"CREATE TABLE {name} AS FROM read_csv('{folder}/data/{name}.csv')" for name in ["requests", "asks", "contracts"]
        )
        script = f"import duckdb; duckdb.connect('{folder}/rival.db').execute(\"\"\"%s\"\"\").fetchall()"
        subprocess.run([sys.executable, "-c", script % tables], check=True)
        sides = {"longroad": [*ours, "requests", "--json"], "duckdb": [sys.executable, "-c", script % QUERY]}
        seconds = {name: [] for name in sides}
        for run in range(given.runs):
            for name in list(sides) if run % 2 == 0 else list(sides)[::-1]:
                seconds[name].append(timed(sides[name]))
    print(f"{given.requests} requests, {count} asks, {given.accounts} accounts, {given.runs} runs of each")
    for name, all_of_it in seconds.items():
        print(f"{name:9} median {statistics.median(all_of_it):.2f} s, {min(all_of_it):.2f} to {max(all_of_it):.2f}")
    print(f"ratio {statistics.median(seconds['longroad']) / statistics.median(seconds['duckdb']):.1f}")


main()
