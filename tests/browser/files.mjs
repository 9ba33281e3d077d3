// node tests/browser/files.mjs mails|pages FILE…
//
// Looks at HTML that lies in files: at mails, or at pages as if they were ours.

import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { examine, examinePrint, tell, withChromium } from "./checks.mjs";

const [kind, ...files] = process.argv.slice(2);
// A mail program puts a mail into a page of its own.
const mail = { rules: ["landmark-one-main", "page-has-heading-one", "region"], whole: false };

await withChromium(async (browser) => {
  const page = await browser.page();
  for (const file of files) {
    await page.open(pathToFileURL(resolve(file)).href);
    tell({ walked: basename(file) });
    await examine(page, basename(file), kind === "mails" ? mail : {});
    if (kind === "pages") await examinePrint(page, basename(file));
  }
});
