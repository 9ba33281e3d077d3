"""One nightly cycle of longroad beside DuckDB computing only the windows, in turn, in one run.

Workload: N accounts x 3 metrics x 90 days, dense, in CSV with text ids and dates; then one more day. A value is a pure
function of account, metric and day. One contract for each account. Nobody reads mail: there are no users.

  A  `longroad cycle --as-of DAY --no-send`: the new day read from CSV, every account scored, diagnosed and prescribed
     for, everything stored; each run on a fresh copy of the store as of the day before.
  B  DuckDB, from its own table with integer keys that holds the new day already: sum, active days and sum of day x value
     over 7, 28 and 90 days for each account and metric. Nothing is read from CSV, scored or stored. Its clock starts after
     Python and DuckDB are loaded; its peak memory is the process's.

The new day's file is read by A and not by B, and A's figures are of the whole process: the comparison leans to B.
"""

import argparse
import json
import multiprocessing
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

METRICS = ["logins", "reports", "errors"]
HISTORY_DAYS = 90
FIRST_DAY = "2026-01-01"
DAY_BEFORE = "2026-04-01"  # the morning after the history: as of a day, facts before it count
NEW_DAY = "2026-04-02"  # the morning after the new day

CONFIGURATION = """
[company]
name = "Workload"
timezone = "UTC"
currency = "EUR"
language = "en"

[store]
url = "sqlite:longroad.db"

[mail]
transport = "file"
folder = "mail"
from = "longroad@example.com"

[[source]]
name = "files"
kind = "csv"
path = "data"

[metrics.logins]
kind = "total"
polarity = "good"

[metrics.reports]
kind = "total"
polarity = "good"

[metrics.errors]
kind = "total"
polarity = "bad"
"""


def value_rows(accounts, first, days):
    """SQL: one row for each account, metric and day, day by day, as exports come."""
    per_day = accounts * len(METRICS)
    return f"""
        SELECT account, metric, day,
            (((account * 2654435761 + metric * 40503 + day * 2246822519) % 4294967296) >> 16) % 60 AS value FROM (
            SELECT (i // {len(METRICS)}) % {accounts} AS account, i % {len(METRICS)} AS metric, i // {per_day} AS day
            FROM range({first * per_day}, {(first + days) * per_day}) AS rows(i))"""


def apart(function, *arguments):
    """Runs it in a child. A process counts the memory of the one that started it as its own peak, so this one stays small
    and never loads DuckDB itself."""
    child = multiprocessing.Process(target=function, args=arguments)
    child.start()
    child.join()
    if child.exitcode != 0:
        sys.exit(f"{function.__name__} failed")


def usage_csv(accounts, first, days, path):
    import duckdb

    names = "[" + ", ".join(f"'{name}'" for name in METRICS) + "]"
    duckdb.execute(f"""COPY (
        SELECT printf('A%07d', account) AS account_id, {names}[metric + 1] AS metric,
               strftime(DATE '{FIRST_DAY}' + day::INTEGER, '%Y-%m-%d') AS day, value
        FROM ({value_rows(accounts, first, days)})) TO '{path}' (HEADER)""")


def write_workload(accounts, place):
    """Everything that longroad reads, with the 90 days as its usage; the new day lies beside it."""
    data = place / "data"
    data.mkdir(parents=True)
    (place / "longroad.toml").write_text(CONFIGURATION)
    tiers = ["enterprise", "mid", "mid", "mid", "small", "small", "small", "small", "small", "small"]
    with (data / "accounts.csv").open("w") as out:
        out.write("id,name,csm,tier,industry,signed_on,live_on\n")
        for n in range(accounts):
            out.write(f"A{n:07},Company {n},c{n // 40},{tiers[n % 10]},industry {n % 12},2025-01-15,2025-02-15\n")
    with (data / "contracts.csv").open("w") as out:
        out.write("id,account_id,starts_on,ends_on,amount,currency,seats,auto_renews,notice_days,signed_on\n")
        for n in range(accounts):
            month = n % 12 + 1
            ends, starts = f"{2026 + (month < 4)}-{month:02}-01", f"{2025 + (month < 4)}-{month:02}-01"
            out.write(f"C{n:07},A{n:07},{starts},{ends},{1200 + n % 97 * 100},EUR,{5 + n % 60},true,30,2025-01-15\n")
    apart(usage_csv, accounts, 0, HISTORY_DAYS, data / "usage.csv")
    apart(usage_csv, accounts, HISTORY_DAYS, 1, place / "new-day.csv")


def usage_table(accounts, path):
    import duckdb

    with duckdb.connect(str(path)) as table:
        table.execute("CREATE TABLE usage (account INTEGER, metric UTINYINT, day SMALLINT, value DOUBLE)")
        table.execute(f"INSERT INTO usage {value_rows(accounts, 0, HISTORY_DAYS + 1)}")


def run_longroad(binary, place, day):
    """One cycle as a process of its own: its report, wall and CPU seconds, peak memory in MB."""
    command = [binary, "--config", str(place / "longroad.toml"), "cycle", "--as-of", day, "--no-send", "--json"]
    with (place / "report.json").open("wb") as out, (place / "log.txt").open("wb") as log:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=log)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}:\n{(place / 'log.txt').read_text()[-3000:]}")
    report = json.loads((place / "report.json").read_text())
    return report, {"wall": wall, "cpu": used.ru_utime + used.ru_stime, "mb": used.ru_maxrss / 1024}


def store_files(place):
    return sorted(path for path in place.glob("longroad.db*"))


def prepare(binary, accounts, place):
    """The workload, longroad's store as of the day before, and DuckDB's table; what already lies there is kept."""
    if (place / "ready").exists():
        return
    shutil.rmtree(place, ignore_errors=True)
    print(f"{accounts} accounts: writing the workload", file=sys.stderr)
    write_workload(accounts, place)
    print(f"{accounts} accounts: loading 90 days into longroad", file=sys.stderr)
    _, used = run_longroad(binary, place, DAY_BEFORE)
    loaded = {"longroad": used, "longroad_mb_on_disk": megabytes(store_files(place))}
    shutil.copytree(place, place / "prepared", ignore=lambda _, names: [n for n in names if not n.startswith("longroad.db")])
    (place / "new-day.csv").replace(place / "data" / "usage.csv")
    print(f"{accounts} accounts: loading 91 days into DuckDB", file=sys.stderr)
    apart(usage_table, accounts, place / "usage.duckdb")
    loaded["duckdb_mb_on_disk"] = megabytes([place / "usage.duckdb"])
    (place / "ready").write_text(json.dumps(loaded))


def megabytes(paths):
    return sum(path.stat().st_size for path in paths) / 1e6


def cycle(binary, accounts, place):
    """A: one cycle on a fresh copy of the store; a run that did not do the work is none."""
    for path in store_files(place):
        path.unlink()
    for path in store_files(place / "prepared"):
        # On disk before the clock starts: a cycle would be charged with writing out the whole copy when it syncs its own pages.
        with open(shutil.copy(path, place), "rb+") as copy:
            os.fsync(copy.fileno())
    shutil.rmtree(place / "mail", ignore_errors=True)
    report, used = run_longroad(binary, place, NEW_DAY)
    pulled, judged = sum(report["pulled"].values()), report["scored"] + report["unknown"]
    if pulled < accounts * len(METRICS) or judged != accounts:
        sys.exit(f"the cycle pulled {pulled} rows and judged {judged} of {accounts} accounts: {report}")
    return used | {"stages": report["seconds"]}


def aggregate(place):
    """B, in a process of its own: prints what it used."""
    import duckdb

    windows = ", ".join(
        f"sum(CASE WHEN day >= {HISTORY_DAYS + 1 - n} THEN value END) AS sum{n}, "
        f"count(CASE WHEN day >= {HISTORY_DAYS + 1 - n} AND value > 0 THEN 1 END) AS active{n}, "
        f"sum(CASE WHEN day >= {HISTORY_DAYS + 1 - n} THEN value * (day - {HISTORY_DAYS + 1 - n}) END) AS slope{n}"
        for n in (7, 28, 90)
    )
    totals = ", ".join(f"sum({name}{n})" for n in (7, 28, 90) for name in ("sum", "active", "slope"))
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    with duckdb.connect(str(place / "usage.duckdb"), read_only=True) as table:
        series = f"SELECT account, metric, {windows} FROM usage WHERE day >= 1 GROUP BY account, metric"
        checks = table.execute(f"SELECT count(*), {totals} FROM ({series})").fetchone()
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"wall": wall, "cpu": cpu, "mb": after.ru_maxrss / 1024, "checks": [float(c) for c in checks]}))


def run_aggregate(place):
    command = [sys.executable, __file__, "--aggregate", str(place)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def spread(runs, key):
    values = [run[key] for run in runs]
    return f"{statistics.median(values):9.3f} ({min(values):.3f}-{max(values):.3f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="target/release/longroad")
    parser.add_argument("--folder", type=Path, default=Path("target/bench"))
    parser.add_argument("--accounts", default="10000,100000", help="sizes, parted by commas")
    parser.add_argument("--runs", type=int, default=7, help="of A and of B, in turn")
    parser.add_argument("--fresh", action="store_true", help="load everything again, as after a change of the store")
    parser.add_argument("--aggregate", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.aggregate:
        return aggregate(arguments.aggregate)

    binary, results = str(Path(arguments.binary).resolve()), {}
    for accounts in [int(text) for text in arguments.accounts.split(",")]:
        place = (arguments.folder / str(accounts)).resolve()
        if arguments.fresh:
            shutil.rmtree(place, ignore_errors=True)
        prepare(binary, accounts, place)
        a, b = [], []
        for number in range(arguments.runs):
            print(f"{accounts} accounts: run {number + 1} of {arguments.runs}", file=sys.stderr)
            a.append(cycle(binary, accounts, place))
            b.append(run_aggregate(place))
        results[accounts] = {"loaded": json.loads((place / "ready").read_text()), "cycle": a, "duckdb": b}

    for accounts, result in results.items():
        a, b, loaded = result["cycle"], result["duckdb"], result["loaded"]
        values = accounts * len(METRICS) * HISTORY_DAYS
        print(f"\n{accounts} accounts x {len(METRICS)} metrics x {HISTORY_DAYS} days + 1 day; {arguments.runs} runs in turn: median (least-most)")
        print(f"  {'':8} {'longroad cycle':>28} {'DuckDB windows':>28}  ratio of medians")
        for key, name in (("wall", "wall s"), ("cpu", "CPU s"), ("mb", "peak MB")):
            ratio = statistics.median(run[key] for run in a) / statistics.median(run[key] for run in b)
            print(f"  {name:8} {spread(a, key):>28} {spread(b, key):>28}  {ratio:.3f}")
        stages = {stage: statistics.median(run["stages"].get(stage, 0) for run in a) for stage in a[0]["stages"]}
        print("  cycle by stage, s: " + ", ".join(f"{stage} {seconds:.3f}" for stage, seconds in stages.items()))
        print(f"  first load of the 90 days: {loaded['longroad']['wall']:.1f} s wall, {loaded['longroad']['cpu']:.1f} s CPU, "
              f"{loaded['longroad']['mb']:.0f} MB peak; on disk {loaded['longroad_mb_on_disk']:.1f} MB "
              f"({loaded['longroad_mb_on_disk'] * 1e6 / values:.1f} bytes a value), DuckDB {loaded['duckdb_mb_on_disk']:.1f} MB")
    sizes = sorted(results)
    for small, large in zip(sizes, sizes[1:]):
        grow = lambda kind, key: (statistics.median(run[key] for run in results[large][kind])
                                  / statistics.median(run[key] for run in results[small][kind]))
        print(f"\n{small} -> {large} accounts ({large / small:.0f}x): longroad wall {grow('cycle', 'wall'):.1f}x, "
              f"CPU {grow('cycle', 'cpu'):.1f}x, memory {grow('cycle', 'mb'):.1f}x; "
              f"DuckDB wall {grow('duckdb', 'wall'):.1f}x, CPU {grow('duckdb', 'cpu'):.1f}x")
    (arguments.folder / "results.json").write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
