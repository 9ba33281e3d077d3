#!/usr/bin/env python3
"""How fast `longroad pull` takes rows out of databases, beside their own clients dumping the same rows, in turn, in one run;
and what a large table of events in ClickHouse costs the daemon.

  benches/sources.py                        1,200,000 rows of usage, 5 runs of each; 20,000,000 events
  benches/sources.py --accounts 1000 --runs 3 --events 1000000

Needs what tests/run installs, and `cargo build --release`. The servers are private, in a folder in /tmp that is gone at the end.

Rows: ACCOUNTS x 3 metrics x 40 days of usage, text ids, and the accounts themselves. What is timed is the whole process:
  longroad   `longroad pull` into a fresh SQLite store: asked, checked row by row, stored
  client     psql \\copy, mariadb --batch --quick, sqlite3 -csv, clickhouse-client: the usage rows into a file, nothing else
  files      `longroad pull` of the same rows as CSV files: how much of the pull is checking and storing
The comparison leans to the client, which neither checks nor stores. The order changes from run to run.
"""

import argparse
import os
import random
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
METRICS, DAYS, FIRST_DAY = ["logins", "reports", "errors"], 40, "2026-09-01"
ACCOUNTS_QUERY = "SELECT id, name FROM accounts"
USAGE_QUERY = "SELECT account_id, metric, day, value FROM usage_rows"


def csv_files(folder, accounts):
    """The rows as files, which all databases are filled from."""
    day = [time.strftime("%Y-%m-%d", time.gmtime(time.mktime((2026, 9, 1 + n, 12, 0, 0, 0, 0, 0)))) for n in range(DAYS)]
    with open(folder / "accounts.csv", "w") as out:
        out.write("id,name\n")
        out.writelines(f"acct-{n:07},Account {n}\n" for n in range(accounts))
    with open(folder / "usage.csv", "w") as out:
        out.write("account_id,metric,day,value\n")
        for d in range(DAYS):
            out.writelines(
                f"acct-{n:07},{metric},{day[d]},{(n * 2654435761 + m * 40503 + d * 2246822519) % 4294967296 // 65536 % 60}\n"
                for n in range(accounts)
                for m, metric in enumerate(METRICS)
            )


class Servers:
    """The private servers of tests/servers, started by bash, stopped when its input ends."""

    def __init__(self, folder):
        script = 'set -e; PATH="$PATH:/usr/sbin"; . tests/servers; trap stop_servers EXIT; start_servers "$1"; env; echo; read -r _'
        self.bash = subprocess.Popen(
            ["bash", "-c", script, "servers", str(folder)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.address = {}
        for line in self.bash.stdout:
            name, _, value = line.rstrip("\n").partition("=")
            if not name:
                break
            self.address[name.removeprefix("LONGROAD_TEST_")] = value
        if "CLICKHOUSE" not in self.address:
            raise SystemExit("the servers did not start")

    def stop(self):
        self.bash.stdin.close()
        self.bash.wait()


def shell(command, **more):
    subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL, **more)


def clickhouse(url, sql):
    return urllib.request.urlopen(url, data=sql.encode()).read().decode()


def fill(servers, folder):
    """Puts the files into each database; what longroad is told of it, and its client's command."""
    files = {"accounts": folder / "accounts.csv", "usage_rows": folder / "usage.csv"}
    out = folder / "dump"
    columns = {"accounts": "id {text}, name {text}", "usage_rows": "account_id {text}, metric {text}, day DATE, value {number}"}
    kinds = {}

    url = servers["POSTGRES"]
    for table, file in files.items():
        shell(f"psql -q {url} -c 'CREATE TABLE {table} ({columns[table].format(text='TEXT', number='BIGINT')})'")
        shell(f"psql -q {url} -c \"\\copy {table} FROM '{file}' CSV HEADER\"")
    kinds["PostgreSQL"] = ("sql", url, f"psql -q {url} -c \"\\copy ({USAGE_QUERY}) TO '{out}' CSV HEADER\"")

    socket_path = folder / "servers/mariadb/socket"
    client = f"mariadb --no-defaults --socket={socket_path} --user=root --local-infile=1"
    shell(f"{client} -e 'CREATE DATABASE bench; SET GLOBAL local_infile = 1'")
    for table, file in files.items():
        shell(f"{client} bench -e 'CREATE TABLE {table} ({columns[table].format(text='VARCHAR(60)', number='BIGINT')})'")
        shell(f"{client} bench -e \"LOAD DATA LOCAL INFILE '{file}' INTO TABLE {table} FIELDS TERMINATED BY ',' IGNORE 1 LINES\"")
    kinds["MariaDB"] = ("sql", servers["MARIADB"] + "/bench", f"{client} bench --batch --quick -e '{USAGE_QUERY}' > {out}")

    file = folder / "bench.db"
    for table, rows in files.items():
        shell(f"sqlite3 {file} 'CREATE TABLE {table} ({columns[table].format(text='TEXT', number='INTEGER')})'")
        shell(f"sqlite3 {file} '.import --csv --skip 1 {rows} {table}'")
    kinds["SQLite"] = ("sql", f"sqlite:{file}", f"sqlite3 -csv -header {file} '{USAGE_QUERY}' > {out}")

    url = servers["CLICKHOUSE"]
    for table, rows in files.items():
        order = "id" if table == "accounts" else "(account_id, day)"
        kind = columns[table].format(text="String", number="UInt64").replace("DATE", "Date")
        clickhouse(url, f"CREATE TABLE {table} ({kind}) ENGINE=MergeTree ORDER BY {order}" if table == "accounts" else
                   f"CREATE TABLE {table} ({kind}) ENGINE=MergeTree PARTITION BY toYYYYMM(day) ORDER BY {order}")
        shell(f"clickhouse-client --port {servers['CLICKHOUSE_TCP']} --query 'INSERT INTO {table} FORMAT CSVWithNames' < {rows}")
    client = f"clickhouse-client --port {servers['CLICKHOUSE_TCP']}"
    kinds["ClickHouse"] = ("clickhouse", url, f"{client} --query '{USAGE_QUERY} FORMAT CSVWithNames' > {out}")
    return kinds


def company(folder, kind, url, usage=USAGE_QUERY, accounts=ACCOUNTS_QUERY):
    """A fresh company with one source."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    source = f'kind = "csv"\npath = "{url}"' if kind == "csv" else (
        f'kind = "{kind}"\nurl = "{url}"\nqueries.accounts = "{accounts}"\nqueries.usage = "{usage}"'
    )
    metrics = "\n".join(f"[metrics.{name}]" for name in METRICS)
    (folder / "longroad.toml").write_text(f'[company]\ntimezone = "UTC"\n[[source]]\nname = "shop"\n{source}\n{metrics}\n')


def timed(command, cwd=None):
    """Wall and CPU seconds, and the peak memory in MiB, of the process and those that it starts."""
    before = time.perf_counter()
    child = subprocess.Popen(command, shell=isinstance(command, str), cwd=cwd, stdout=subprocess.PIPE)
    said = child.stdout.read().decode()
    _, status, used = os.wait4(child.pid, 0)
    if status != 0:
        raise SystemExit(f"{command}: {said}")
    return time.perf_counter() - before, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


class Counter:
    """Passes everything on to a server, and counts the bytes that come back."""

    def __init__(self, port):
        self.port, self.bytes = port, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(("127.0.0.1", self.port))
            threading.Thread(target=self.copy, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self.copy, args=(server, client, True), daemon=True).start()

    def copy(self, from_, to, count):
        while part := from_.recv(1 << 16):
            self.bytes += len(part) if count else 0
            to.sendall(part)
        to.close()


def speed(servers, folder, binary, accounts, runs):
    csv_files(folder, accounts)
    kinds = fill(servers, folder)
    rows, place = accounts * len(METRICS) * DAYS, folder / "company"
    took = {}

    def pull(name, kind, url):
        company(place, kind, url)
        took.setdefault(name, []).append(timed([str(binary), "pull"], place))

    for _ in range(runs):
        jobs = [lambda: pull("files", "csv", folder)]
        for name, (kind, url, dump) in kinds.items():
            jobs.append(lambda name=name, kind=kind, url=url: pull(name, kind, url))
            jobs.append(lambda name=name, dump=dump: took.setdefault(name + " client", []).append(timed(dump)))
        random.shuffle(jobs)
        for job in jobs:
            job()
    middle = {name: [statistics.median(part) for part in zip(*all_)] for name, all_ in took.items()}
    print(f"{rows:,} rows of usage and {accounts:,} accounts, medians of {runs} runs")
    print(f"{'':12}{'longroad pull':>34}{'its client dumps':>24}{'ratio':>14}")
    print(f"{'':12}{'rows/s':>12}{'CPU s':>10}{'MiB':>12}{'rows/s':>14}{'CPU s':>10}{'of rates':>14}")
    for name in kinds:
        (wall, cpu, peak), (client_wall, client_cpu, _) = middle[name], middle[name + " client"]
        print(f"{name:12}{rows / wall:12,.0f}{cpu:10.2f}{peak:12.0f}{rows / client_wall:14,.0f}{client_cpu:10.2f}{client_wall / wall:14.2f}")
    wall, cpu, peak = middle["files"]
    print(f"{'CSV files':12}{rows / wall:12,.0f}{cpu:10.2f}{peak:12.0f}   the same rows without a database")


def aggregate(servers, folder, binary, events):
    """What a table of so many events costs the daemon."""
    url = servers["CLICKHOUSE"]
    clickhouse(url, "CREATE TABLE events (account_id String, at DateTime, day Date, event String, page String) "
                    "ENGINE=MergeTree PARTITION BY toYYYYMM(day) ORDER BY (account_id, day)")
    done = 0
    while done < events:
        part = min(5_000_000, events - done)
        clickhouse(url, f"INSERT INTO events SELECT concat('acct-', toString(rand(1) % 500)), toDateTime('2026-09-01 12:00:00') + rand(2) % 2592000, "
                        f"toDate('2026-09-01') + intDiv(rand(2) % 2592000, 86400), 'click', concat('/page/', toString(rand(3) % 10000)) FROM numbers({part})")
        done += part
    size = int(clickhouse(url, "SELECT toUInt64(sum(length(account_id) + length(event) + length(page) + 6)) FROM events"))
    counter = Counter(int(url.rsplit(":", 1)[1]))
    usage = "SELECT account_id, 'clicks' AS metric, day, count() AS value FROM events GROUP BY account_id, day"
    accounts = "SELECT account_id AS id, account_id AS name FROM events GROUP BY account_id"
    company(folder / "company", "clickhouse", counter.address, usage, accounts)
    wall, cpu, peak = timed([str(binary), "pull"], folder / "company")
    rows = int(clickhouse(url, f"SELECT count() FROM ({usage})"))
    print(f"\n{events:,} events in ClickHouse ({size:,} bytes of values) become {rows:,} rows of usage:")
    print(f"  {counter.bytes:,} bytes came over the wire ({counter.bytes / size:.5f} of the events), "
          f"{wall:.2f} s, {cpu:.2f} s of CPU and {peak:.0f} MiB in longroad")


def main():
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--accounts", type=int, default=10_000)
    parse.add_argument("--runs", type=int, default=5)
    parse.add_argument("--events", type=int, default=20_000_000)
    parse.add_argument("--binary", type=Path, default=ROOT / "target/release/longroad")
    given = parse.parse_args()
    binary = given.binary.resolve()
    folder = Path(tempfile.mkdtemp(prefix="longroad-sources-"))
    folder.chmod(0o711)
    servers = None
    try:
        servers = Servers(folder / "servers")
        speed(servers.address, folder, binary, given.accounts, given.runs)
        aggregate(servers.address, folder, binary, given.events)
    finally:
        if servers:
            servers.stop()
        shutil.rmtree(folder, ignore_errors=True)


main()
