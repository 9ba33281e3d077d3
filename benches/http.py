#!/usr/bin/env python3
"""How fast `longroad pull` takes rows out of a web service's JSON pages, beside curl fetching the same pages into a file.

  benches/http.py                             1,200,000 rows of usage in pages of 5,000, 5 runs of each
  benches/http.py --accounts 1000 --runs 3

Needs curl and `cargo build --release` (or --binary). The service is a private one in this process's child, in a folder in /tmp
that is gone at the end; its pages are made before anything is timed. What is timed is the whole process, in turn:
  longroad   `longroad pull` into a fresh SQLite store: asked, unpacked from JSON, mapped, checked row by row, stored
  curl       all pages by one connection into a file, nothing else
  files      `longroad pull` of the same rows as CSV files: how much of the pull is checking and storing
The comparison leans to curl, which neither reads nor stores.
"""

import argparse
import http.server
import json
import multiprocessing
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
METRICS, DAYS, PAGE = ["logins", "reports", "errors"], 40, 5_000
MAPPING = """\
documentation: https://docs.example.com/bench
authentication: [none]
requests:
  accounts:
    record: accounts
    all: {path: /accounts, query: {page: '{page}'}}
    rows: /rows
    pages: {by: page, size: 5000, total: /total}
    fields: {id: /id, name: /name}
  usage:
    record: usage
    all: {path: /usage, query: {page: '{page}'}}
    rows: /rows
    pages: {by: page, size: 5000, total: /total}
    fields: {account_id: /account/id, metric: /metric, day: /day, value: /value}
"""


def rows(accounts):
    """Usage as (account, metric, day, value), day by day."""
    for d in range(DAYS):
        day = f"2026-{9 + d // 30:02}-{1 + d % 30:02}"
        for n in range(accounts):
            for m, metric in enumerate(METRICS):
                yield f"acct-{n:07}", metric, day, (n * 2654435761 + m * 40503 + d * 2246822519) % 4294967296 // 65536 % 60


def make(folder, accounts):
    """The pages and the files; how many pages of each record."""
    (folder / "data").mkdir()
    usage = [{"account": {"id": a}, "metric": m, "day": d, "value": v, "source": "web"} for a, m, d, v in rows(accounts)]
    people = [{"id": f"acct-{n:07}", "name": f"Account {n}"} for n in range(accounts)]
    counts = {}
    for name, all_rows in [("accounts", people), ("usage", usage)]:
        counts[name] = -(-len(all_rows) // PAGE)
        for page in range(counts[name]):
            body = {"total": len(all_rows), "rows": all_rows[page * PAGE : (page + 1) * PAGE]}
            (folder / f"{name}-{page + 1}.json").write_text(json.dumps(body))
    with open(folder / "data/accounts.csv", "w") as out:
        out.write("id,name\n")
        out.writelines(f"{one['id']},{one['name']}\n" for one in people)
    with open(folder / "data/usage.csv", "w") as out:
        out.write("account_id,metric,day,value\n")
        out.writelines(f"{a},{m},{d},{v}\n" for a, m, d, v in rows(accounts))
    return counts, len(usage)


def serve(folder, port):
    class Pages(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            path, _, query = self.path.partition("?page=")
            body = (folder / f"{path.strip('/')}-{int(query)}.json").read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    port.put(server.server_port)
    server.serve_forever()


def timed(command, cwd):
    before = time.perf_counter()
    with open(cwd / "out", "w") as out:
        child = subprocess.Popen(command, cwd=cwd, stdout=out)
    _, status, used = os.wait4(child.pid, 0)
    if status != 0:
        raise SystemExit(f"{command[:3]} ended with {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - before, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--binary", type=Path, default=ROOT / "target/release/longroad")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="longroad-http-"))
    try:
        pages, total = make(folder, arguments.accounts)
        port = multiprocessing.Queue()
        server = multiprocessing.Process(target=serve, args=(folder, port), daemon=True)
        server.start()
        address = f"http://127.0.0.1:{port.get()}"
        metrics = "\n".join(f"[metrics.{name}]" for name in METRICS)
        urls = [f"{address}/{name}?page={page}" for name in ["accounts", "usage"] for page in range(1, pages[name] + 1)]
        http_source = f'kind = "http"\nmapping = "bench"\nurl = "{address}"\nallow_internal = true\nrequests_per_second = 100000'
        ways = {"longroad": http_source, "files": f'kind = "csv"\npath = "{folder}/data"', "curl": None}
        figures = {name: [] for name in ways}
        for run in range(arguments.runs):
            names = list(ways)
            for name in names[run % 3 :] + names[: run % 3]:
                place = folder / "place"
                shutil.rmtree(place, ignore_errors=True)
                (place / "playbooks/sources").mkdir(parents=True)
                (place / "playbooks/sources/bench.yaml").write_text(MAPPING)
                source = ways[name]
                (place / "longroad.toml").write_text(f'[[source]]\nname = "web"\n{source}\n{metrics}\n')
                command = [arguments.binary, "pull"] if source else ["curl", "-s", "--fail", *urls]
                figures[name].append(timed(command, place))
        print(f"{total:,} rows of usage in {len(urls)} pages, {arguments.runs} runs, medians\n")
        print(f"{'':10}{'seconds':>10}{'CPU s':>10}{'rows/s':>12}{'peak MiB':>10}")
        medians = {name: [statistics.median(column) for column in zip(*runs)] for name, runs in figures.items()}
        for name, (wall, cpu, memory) in medians.items():
            print(f"{name:10}{wall:>10.2f}{cpu:>10.2f}{total / wall:>12,.0f}{memory:>10.0f}")
        print(f"\nlongroad / curl: {medians['longroad'][0] / medians['curl'][0]:.1f} of its time")
        server.terminate()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
