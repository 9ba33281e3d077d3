// node tests/browser/hands.mjs LINK LINK
//
// Signs in by a link and answers a task with the keys alone; by the second link the same without scripts.

import { tell, withChromium } from "./checks.mjs";

const [first, second] = process.argv.slice(2);

// Presses Tab until this has the focus, which must be seen on all the way.
async function tabTo(page, selector) {
  for (let presses = 0; presses < 300; presses += 1) {
    if (await page.call((selector) => document.activeElement.matches(selector), selector)) return;
    await page.press("Tab");
    const unseen = await page.call(() => {
      const focused = document.activeElement;
      const { outlineStyle, outlineWidth } = getComputedStyle(focused);
      const { width, height, left, right } = focused.getBoundingClientRect();
      const isSeen = outlineStyle !== "none" && parseFloat(outlineWidth) > 0 && width > 0 && height > 0 && right > 0 && left < innerWidth;
      // Within the field for a day, the browser shows its own button.
      return focused === document.body || !focused.matches(":focus") || isSeen ? "" : focused.outerHTML.slice(0, 200);
    });
    if (unseen) tell({ fault: `one does not see where one is: ${unseen}` });
  }
  throw new Error(`no way to ${selector} on ${await page.ask("location.href")}`);
}

async function go(page, selector, key = "Enter") {
  await tabTo(page, selector);
  await page.turn(() => page.press(key));
}

const says = (page, what, is) => (is ? undefined : page.ask("location.pathname + ' ' + document.body.innerText").then((text) => tell({ fault: `${what}: ${text}` })));

async function answer(browser, link, scripts) {
  const page = await browser.page();
  if (!scripts) await page.withoutScripts();
  const how = scripts ? "with scripts" : "without scripts";
  await page.look({ width: 1280 });
  await page.open(link);
  await go(page, "main form button");
  await says(page, `${how}: not signed in`, await page.ask("document.querySelector('header nav') !== null"));

  await page.press("Tab");
  await tabTo(page, ".skip");
  await page.press("Enter");
  await page.press("Tab");
  await says(page, `${how}: the skip link leads elsewhere`, await page.ask("document.querySelector('main').contains(document.activeElement)"));

  await go(page, "header nav a[href='/tasks']");
  await go(page, "main td a[href^='/tasks/']");
  const task = await page.ask("location.pathname");
  const note = `said by hand ${how}: "they stay" <b>`;
  await tabTo(page, "textarea[name=note]");
  await page.type(note);
  await go(page, "button[value=done]", "Space");
  const text = await page.ask("document.querySelector('main').innerText");
  await says(page, `${how}: the page does not say that it is done`, text.includes("The task is done.") && text.includes(note));
  await says(page, `${how}: another page`, (await page.ask("location.pathname")) === task);

  // Going back and loading again do nothing; an answer that is sent again from an old page is refused.
  await page.again();
  await page.back();
  await says(page, `${how}: back is another page`, (await page.ask("location.pathname + location.search")) === task);
  if (await page.ask("document.querySelector('button[value=done]') !== null")) {
    await tabTo(page, "textarea[name=note]");
    await page.type("once more");
    await go(page, "button[value=done]", "Space");
    await says(page, `${how}: a second answer was taken`, page.status === 422);
  }
  tell({ answered: task, note });
  page.complaints().forEach((fault) => tell({ fault }));
}

await withChromium(async (browser) => {
  await answer(browser, first, true);
  await answer(browser, second, false);
});
