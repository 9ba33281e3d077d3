// node tests/browser/walk.mjs ADDRESS NAME=LINK…
//
// Signs each in by a link of theirs and walks through the pages that the ways lead to, and one of each kind behind them.
// Tells each page, and what is wrong with it.

import { examine, examinePrint, tell, withChromium } from "./checks.mjs";

// Of a page with something behind the question mark, so many are looked at by all together: another list, the second page.
const OF_A_KIND = 2;

const [address, ...people] = process.argv.slice(2);
const routes = await known();
const walked = new Set();
const kinds = new Map();

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

async function walk(browser, name, link) {
  const page = await browser.page();
  await page.open(link);
  await examine(page, `${name} /sign-in/LINK`);
  await page.turn(() => page.call(() => document.querySelector("main form button").click()));
  const queue = [await page.ask("location.href")];
  for (const [path, status] of [["/tasks/none", 404], ["/tasks?page=0", 422]]) {
    await page.open(address + path);
    await examine(page, `${name} ${path}`);
    if (page.status !== status) tell({ page: `${name} ${path}`, fault: `it answers ${page.status}` });
  }
  for (const next of queue) {
    const url = new URL(next);
    if (url.origin !== new URL(address).origin) continue;
    const route = routeOf(url.pathname);
    const given = [...url.searchParams].filter(([, value]) => value).map(([name]) => name);
    const who = given.length ? "all" : name;
    const kind = `${who} ${route ?? url.pathname.replace(/(?<=.\/).*/, "")}?${given.join("&")}`;
    const before = kinds.get(kind) ?? new Set();
    const here = url.pathname + url.search;
    if (before.has(here) || before.size >= (given.length ? OF_A_KIND : 1)) continue;
    kinds.set(kind, before.add(here));
    const what = `${name} ${here}`;
    page.status = 0;
    if (!(await page.open(url.href))) {
      await keep(page, what, url);
      continue;
    }
    tell({ walked: what, status: page.status });
    if (page.status !== 200) {
      tell({ page: what, fault: `it answers ${page.status}` });
      page.complaints();
      continue;
    }
    walked.add(route);
    queue.push(...(await page.call(waysOn)));
    await examine(page, what);
    await examinePrint(page, what);
  }
}

// What is no page but a table to be kept.
async function keep(page, what, url) {
  const answer = await fetch(url, { headers: { cookie: await page.cookies() } });
  const text = await answer.text();
  tell({ kept: what, status: answer.status });
  if (answer.status !== 200 || text.trim() === "") tell({ page: what, fault: `it answers ${answer.status} and ${text.length} characters` });
  page.complaints();
}

// What is seen by who is not signed in, and by who asks for what is not there.
async function refused(browser) {
  const page = await browser.page();
  await page.open(`${address}/tasks`);
  await examine(page, "nobody /sign-in");
  await page.turn(() => page.call(() => {
    document.querySelector("input[type=email]").value = "nobody@example.com";
    document.querySelector("main form button").click();
  }));
  await examine(page, "nobody /sign-in sent");
  await page.open(`${address}/sign-in/old`);
  await page.turn(() => page.call(() => document.querySelector("main form button").click()));
  await examine(page, "nobody /sign-in/old");
  if (page.status !== 410) tell({ page: "nobody /sign-in/old", fault: `it answers ${page.status}` });
}

await withChromium(async (browser) => {
  await refused(browser);
  await Promise.all(people.map((person) => walk(browser, person.split("=", 1)[0], person.slice(person.indexOf("=") + 1))));
  for (const route of routes) if (!walked.has(route)) tell({ page: route, fault: "nothing leads there" });
});
