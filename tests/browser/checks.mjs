// What is asked of every page, and how what is found is told: a line of JSON each.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Chromium } from "./chromium.mjs";

const MODULES = process.env.LONGROAD_TEST_BROWSER;
const PICTURES = process.env.LONGROAD_TEST_PICTURES;

export const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

// Does it with a browser, which ends whatever happens.
export async function withChromium(doing) {
  const browser = new Chromium();
  try {
    await doing(browser);
  } catch (error) {
    tell({ fault: `it broke down: ${error.stack}` });
  } finally {
    await browser.end();
  }
}

// What is true of widths is true by night, and what is true of colours is true of both widths: two looks see it all. Whoever
// looks at pictures wants all four.
const LOOKS = [
  { width: 375, scheme: "dark" },
  { width: 1280, scheme: "light" },
  ...(PICTURES ? [{ width: 375, scheme: "light" }, { width: 1280, scheme: "dark" }] : []),
];

// Looks at the page that is open in every way, tells what is wrong with it, and takes its picture where pictures are wanted.
// `rules`: what axe need not ask. `whole`: it is a page of ours, and not a mail.
export async function examine(page, name, { rules = [], whole = true } = {}) {
  const found = new Map(page.complaints().map((fault) => [fault, []]));
  for (const look of LOOKS) {
    await page.look(look);
    const faults = [...(await page.call(faultsOf, whole)), ...(await axe(page, rules)), ...page.complaints()];
    for (const fault of faults) found.set(fault, [...(found.get(fault) ?? []), `${look.width} ${look.scheme}`]);
    await picture(page, name, look);
  }
  for (const [fault, looks] of found) tell({ page: name, looks: looks.join(), fault });
}

let axeText;
async function axe(page, rules) {
  if (!MODULES) throw new Error("LONGROAD_TEST_BROWSER is not set: run `tests/run`, which fetches axe-core and runs all tests");
  axeText ??= readFileSync(join(MODULES, "node_modules/axe-core/axe.min.js"), "utf8");
  if (!(await page.ask("'axe' in window"))) await page.ask(`${axeText};0`);
  return page.call(async (off) => {
    const rules = Object.fromEntries(off.map((rule) => [rule, { enabled: false }]));
    const { violations } = await window.axe.run(document, { rules, preload: false, resultTypes: ["violations"] });
    const told = ({ target, failureSummary }) => `${target.join(" ")}: ${failureSummary.split("\n").slice(1).join(" ").trim()}`;
    return violations.map(({ id, nodes }) => `axe ${id} (${nodes.length}): ${nodes.slice(0, 3).map(told).join("; ")}`);
  }, rules);
}

async function picture(page, name, { width, scheme }) {
  if (!PICTURES) return;
  mkdirSync(PICTURES, { recursive: true });
  const file = `${name.replace(/[^A-Za-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 120)}-${width}-${scheme}.png`;
  writeFileSync(join(PICTURES, file), await page.picture());
}

// Runs within the page. `whole`: it is a page of ours, and not a mail.
function faultsOf(whole) {
  const faults = [];
  const shown = (element) => `${element.localName}.${element.className} ${element.textContent.trim().slice(0, 60)}`;
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) {
    const scrolls = (element) => getComputedStyle(element).overflowX !== "visible";
    const within = (element) => element !== document.body && (scrolls(element) || within(element.parentElement));
    const beyond = (element) => element.getBoundingClientRect().right > root.clientWidth + 0.5;
    const wide = [...document.body.querySelectorAll("*")].filter((one) => beyond(one) && !within(one.parentElement));
    faults.push(`wider than ${root.clientWidth}: ${wide.slice(-3).map(shown).join("; ")}`);
  }
  if (window.ran !== undefined) faults.push("a name was run as a script");
  for (const link of document.querySelectorAll("a[href], form[action]")) {
    const { protocol } = new URL(link.href ?? link.action);
    if (!["http:", "https:", "mailto:"].includes(protocol)) faults.push(`leads to ${protocol} ${shown(link)}`);
  }
  if (!whole) return faults;
  const heads = document.querySelectorAll("h1").length;
  if (heads !== 1) faults.push(`${heads} h1`);
  if (!document.title.trim()) faults.push("no title");
  // What turns the direction of reading must not reach beyond the name that it stands in.
  const turns = /[\u202a-\u202e\u2066-\u2069]/;
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const parent = texts.currentNode.parentElement;
    if (turns.test(texts.currentNode.data) && !parent.closest("bdi, option, textarea")) faults.push(`no bdi: ${shown(parent)}`);
  }
  return faults;
}

// As it is printed: the page itself, and nothing that one can only click on.
export async function examinePrint(page, name) {
  await page.look({ width: 800, media: "print" });
  const faults = await page.call(() => {
    const isShown = (element) => element.getClientRects().length > 0;
    const left = [...document.querySelectorAll("nav, header, button, input, select, textarea")].filter(isShown);
    const missing = isShown(document.querySelector("h1")) ? [] : ["the h1 is not printed"];
    return missing.concat(left.map((element) => `${element.localName}.${element.className} is printed`));
  });
  const bytes = await page.print();
  if (bytes.subarray(0, 5).toString() !== "%PDF-") faults.push("it cannot be printed");
  faults.forEach((fault) => tell({ page: name, looks: "print", fault }));
}
