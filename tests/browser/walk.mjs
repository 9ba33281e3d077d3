// node tests/browser/walk.mjs ADDRESS NAME=LINK…
//
// Signs each in by a link of theirs and walks through the pages that the ways lead to, and one of each kind behind them.
// Tells each page, and what is wrong with it.

import { examine, examinePrint, tell, withChromium } from "./checks.mjs";

// Of a page with something behind the question mark, so many are looked at by all together: another list, the second page.
const ASKED = 2;
// Where the first of a kind leads nowhere, so many are tried.
const TRIED = 8;

const [address, ...people] = process.argv.slice(2);
const routes = await known();
const walked = new Set();
const kinds = new Map();
const seen = new Set();

// The pages that there are, as `/tasks/{id}`: those of which there is JSON.
async function known() {
  const { paths } = await (await fetch(`${address}/api/v1/openapi.json`)).json();
  return Object.keys(paths).filter((path) => paths[path].get).map((path) => path.replace("/api/v1", "") || "/");
}

// The route of a path: a word is nearer than a name that may be anything.
function routeOf(path) {
  const parts = path.split("/");
  const fits = (route) => route.split("/").length === parts.length && route.split("/").every((part, at) => part.startsWith("{") || part === parts[at]);
  const names = (route) => route.split("{").length;
  return routes.filter(fits).sort((one, other) => names(one) - names(other))[0];
}

// Runs within the page: where its links and the forms that only ask lead.
function waysOn() {
  const asked = [...document.querySelectorAll("form[method=get]")].map((form) => `${form.action}?${new URLSearchParams(new FormData(form))}`);
  return [...[...document.querySelectorAll("a[href]")].map((link) => link.href), ...asked];
}

// Whether the page that is open is as it should be. What is shown to another role just so was examined there.
async function judge(page, what, status = 200) {
  if (page.status !== status) {
    page.complaints();
    return tell({ page: what, fault: `it answers ${page.status}` });
  }
  const main = await page.ask("document.querySelector('main')?.outerHTML");
  if (seen.has(main)) return;
  seen.add(main);
  await examine(page, what);
  await examinePrint(page, what);
}

const press = (page) => page.turn(() => page.call(() => document.querySelector("main form button").click()));

async function walk(browser, name, link) {
  const page = await browser.page();
  await page.open(link);
  await judge(page, `${name} /sign-in/LINK`);
  await press(page);
  const left = await through(page, name, [await page.ask("location.href")], 1);
  for (const [path, status] of [["/tasks/none", 404], ["/tasks?page=0", 422]]) {
    await page.open(address + path);
    await judge(page, `${name} ${path}`, status);
  }
  return async () => through(page, name, left, TRIED);
}

// Walks through these pages and those behind them, `most` of each kind; the addresses that were left out.
async function through(page, name, queue, most) {
  const left = [];
  for (const next of queue) {
    const url = new URL(next);
    if (url.origin !== new URL(address).origin) continue;
    const route = routeOf(url.pathname);
    const given = [...url.searchParams].filter(([, value]) => value).map(([name]) => name).sort();
    const kind = `${given.length ? "all" : name} ${route ?? url.pathname.replace(/(?<=.\/).*/, "")}?${given.join("&")}`;
    const before = kinds.get(kind) ?? new Set();
    const here = url.pathname + url.search;
    if (before.has(here) || (most > 1 && missing().length === 0)) continue;
    if (before.size >= (given.length ? ASKED : most)) {
      left.push(next);
      continue;
    }
    kinds.set(kind, before.add(here));
    const what = `${name} ${here}`;
    if (!(await page.open(url.href))) {
      await keep(page, what, url);
      continue;
    }
    tell({ walked: what });
    if (page.status === 200) walked.add(route);
    queue.push(...(await page.call(waysOn)));
    await judge(page, what);
  }
  return left;
}

const missing = () => routes.filter((route) => !walked.has(route));

// What is no page but a table to be kept.
async function keep(page, what, url) {
  const answer = await fetch(url, { headers: { cookie: await page.cookies() } });
  const text = await answer.text();
  tell({ kept: what, status: answer.status });
  if (answer.status !== 200 || text.trim() === "") tell({ page: what, fault: `it answers ${answer.status} and ${text.length} characters` });
  page.complaints();
}

// What is seen by who is not signed in.
async function nobody(browser) {
  const page = await browser.page();
  await page.open(`${address}/tasks`);
  await judge(page, "nobody /tasks");
  await page.call(() => (document.querySelector("input[type=email]").value = "nobody@example.com"));
  await press(page);
  await judge(page, "nobody /sign-in");
  await page.open(`${address}/sign-in/old`);
  await press(page);
  await judge(page, "nobody /sign-in/old", 410);
}

await withChromium(async (browser) => {
  await nobody(browser);
  const further = await Promise.all(people.map((person) => walk(browser, person.split("=", 1)[0], person.slice(person.indexOf("=") + 1))));
  for (const on of further) await on();
  missing().forEach((route) => tell({ page: route, fault: "nothing leads there" }));
});
