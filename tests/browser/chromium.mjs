// Chromium without a window, over the DevTools protocol by a pipe: what a person does with a page, and what the browser
// says of it. Nothing but Node is needed.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// So long anything may take, on a slow machine too. Milliseconds.
const LIMIT = 60_000;

const sleep = (milliseconds) => new Promise((wake) => setTimeout(wake, milliseconds));

// A browser; `end` stops it and removes what it kept.
export class Chromium {
  #process;
  #folder = mkdtempSync(join(tmpdir(), "longroad-chromium-"));
  #waiting = new Map();
  #pages = new Map();
  #last = 0;
  #ended = "";

  constructor() {
    // Without a sandbox, which root and containers cannot have: it opens our own pages alone.
    const quiet = ["background-networking", "component-update", "default-apps", "extensions", "sync", "gpu", "quic"];
    const flags = ["headless", "remote-debugging-pipe", "no-sandbox", "no-first-run", "hide-scrollbars", `user-data-dir=${this.#folder}`];
    const all = [...flags, ...quiet.map((what) => `disable-${what}`)].map((flag) => `--${flag}`);
    this.#process = spawn("chromium", all, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    this.#process.on("error", (error) => this.#fail(`chromium does not start: ${error.message}`));
    this.#process.on("exit", (code, signal) => this.#fail(`chromium ended: ${code ?? signal}`));
    // Whoever waits for an answer is told that there is none.
    this.#process.stdio[3].on("error", () => {});
    let rest = "";
    this.#process.stdio[4].setEncoding("utf8").on("data", (text) => {
      const parts = (rest + text).split("\0");
      rest = parts.pop();
      parts.forEach((part) => this.#hear(JSON.parse(part)));
    });
  }

  #hear({ id, sessionId, method, params, result, error }) {
    if (id === undefined) return this.#pages.get(sessionId)?.hear(method, params);
    const { done, fail, what } = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) fail(new Error(`${what}: ${error.message}`));
    else done(result);
  }

  #fail(why) {
    this.#ended = why;
    for (const { fail, what } of this.#waiting.values()) fail(new Error(`${what}: ${why}`));
    this.#waiting.clear();
  }

  send(method, params = {}, sessionId = undefined) {
    return new Promise((done, fail) => {
      if (this.#ended) return fail(new Error(`${method}: ${this.#ended}`));
      const id = ++this.#last;
      this.#waiting.set(id, { done, fail, what: method });
      this.#process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }

  // A page with cookies and a history of its own.
  async page() {
    const { browserContextId } = await this.send("Target.createBrowserContext");
    await this.send("Browser.setDownloadBehavior", { behavior: "deny", browserContextId });
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank", browserContextId });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page(this, sessionId);
    this.#pages.set(sessionId, page);
    await page.begin();
    return page;
  }

  async end() {
    const ended = this.#ended || new Promise((done) => this.#process.on("exit", done));
    this.send("Browser.close").catch(() => {});
    await ended;
    // Its helpers may write a moment longer.
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

// A page. `complaints`: what the browser found wrong since they were last taken.
class Page {
  #browser;
  #session;
  #complaints = [];
  #turns = 0;
  status = 0;

  constructor(browser, session) {
    this.#browser = browser;
    this.#session = session;
  }

  #send(method, params) {
    return this.#browser.send(method, params, this.#session);
  }

  async begin() {
    for (const domain of ["Page", "Runtime", "Log", "Network", "Audits"]) await this.#send(`${domain}.enable`);
    await this.#send("Emulation.setFocusEmulationEnabled", { enabled: true });
  }

  hear(method, params) {
    if (method === "Page.frameNavigated" && !params.frame.parentId) this.#turns += 1;
    if (method === "Network.responseReceived") {
      const { status, url } = params.response;
      if (params.type === "Document") this.status = status;
      else if (status >= 400) this.#complaints.push(`${url} answers ${status}`);
    }
    if (method === "Network.loadingFailed" && !params.canceled) this.#complaints.push(`a request failed: ${params.errorText}`);
    if (method === "Runtime.exceptionThrown") this.#complaints.push(`an exception: ${params.exceptionDetails.text}`);
    if (method === "Runtime.consoleAPICalled") this.#complaints.push(`the console: ${params.args.map((one) => one.value).join(" ")}`);
    if (method === "Page.javascriptDialogOpening") {
      this.#complaints.push(`a dialog: ${params.message}`);
      this.#send("Page.handleJavaScriptDialog", { accept: true });
    }
    // Of a whole page that is refused, its status tells.
    if (method === "Log.entryAdded" && params.entry.source !== "network") this.#complaints.push(`the log: ${params.entry.text}`);
    if (method === "Audits.issueAdded") {
      const { code, details } = params.issue;
      const violation = details.contentSecurityPolicyIssueDetails;
      if (violation) this.#complaints.push(`against the policy: ${violation.violatedDirective} ${violation.blockedURL ?? ""}`);
      else this.#complaints.push(`an issue: ${code} ${JSON.stringify(details)}`);
    }
  }

  complaints() {
    return this.#complaints.splice(0);
  }

  // Does what leads to another page, and waits until that one stands.
  async turn(doing) {
    const before = this.#turns;
    const done = await doing();
    if (done?.errorText) return false;
    await this.#until("another page", async () => this.#turns > before && (await this.ask("document.readyState")) === "complete");
    return true;
  }

  async #until(what, asked) {
    for (const end = Date.now() + LIMIT; Date.now() < end; await sleep(5)) {
      // While one page gives way to another, there is none to ask.
      if (await asked().catch(() => false)) return;
    }
    throw new Error(`${what} never came`);
  }

  // Opens an address. False: there is no page, but something to be kept.
  open(url) {
    return this.turn(() => this.#send("Page.navigate", { url }));
  }

  again() {
    return this.turn(() => this.#send("Page.reload"));
  }

  async back() {
    const { currentIndex, entries } = await this.#send("Page.getNavigationHistory");
    await this.turn(() => this.#send("Page.navigateToHistoryEntry", { entryId: entries[currentIndex - 1].id }));
  }

  // The value of an expression, also where the page's own scripts are switched off.
  async ask(expression) {
    const { result, exceptionDetails } = await this.#send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true, userGesture: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  // What a function of a script says of the page; it sees nothing of what stands around it.
  call(how, ...given) {
    return this.ask(`(${how})(${given.map((one) => JSON.stringify(one)).join()})`);
  }

  async look({ width, scheme = "light", media = "screen" }) {
    const size = { width, height: 900, deviceScaleFactor: 1, mobile: false };
    await this.#send("Emulation.setDeviceMetricsOverride", size);
    await this.#send("Emulation.setEmulatedMedia", { media, features: [{ name: "prefers-color-scheme", value: scheme }] });
  }

  withoutScripts() {
    return this.#send("Emulation.setScriptExecutionDisabled", { value: true });
  }

  async press(key) {
    const code = { Tab: 9, Enter: 13, Space: 32 }[key];
    const text = { Enter: "\r", Space: " " }[key];
    const event = { key: text === " " ? " " : key, code: key, windowsVirtualKeyCode: code };
    await this.#send("Input.dispatchKeyEvent", { type: text ? "keyDown" : "rawKeyDown", text, ...event });
    await this.#send("Input.dispatchKeyEvent", { type: "keyUp", ...event });
  }

  type(text) {
    return this.#send("Input.insertText", { text });
  }

  async cookies() {
    const { cookies } = await this.#send("Network.getCookies");
    return cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
  }

  async picture() {
    const { data } = await this.#send("Page.captureScreenshot", { captureBeyondViewport: true });
    return Buffer.from(data, "base64");
  }

  // The bytes of the page as it is printed.
  async print() {
    const { data } = await this.#send("Page.printToPDF", {});
    return Buffer.from(data, "base64");
  }
}
