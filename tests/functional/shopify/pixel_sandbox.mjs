// Runs the web pixel as Shopify's strict sandbox does: a worker's few globals, and an API of promises and
// subscriptions as @shopify/web-pixels-extension describes it. A play comes in as JSON, what the pixel did goes out.
import { readFileSync } from "node:fs";
import { webcrypto } from "node:crypto";
import vm from "node:vm";

const [, , source] = process.argv;
const play = JSON.parse(readFileSync(0, "utf8"));
const storage = new Map(Object.entries(play.storage ?? {}));
const subscribed = new Map();
const sent = [];
const timers = [];
const touched = [];

const subscribe = (name, callback) => {
  subscribed.set(name, [...(subscribed.get(name) ?? []), callback]);
  return () => true;
};

const api = {
  analytics: { subscribe },
  customerPrivacy: { subscribe },
  browser: {
    localStorage: {
      getItem: async (key) => (touched.push(key), storage.get(key) ?? null),
      setItem: async (key, value) => void storage.set(key, String(value)),
      removeItem: async (key) => void storage.delete(key),
    },
  },
  init: { customerPrivacy: play.consent, data: { customer: play.customer ?? null }, context: play.context ?? {} },
  settings: play.settings,
};

let broken = play.broken ?? 0;
const globals = {
  crypto: webcrypto,
  fetch: async (url, options) => {
    if (broken-- > 0) throw new TypeError("Failed to fetch");
    sent.push({ url, ...options });
    return { ok: true, status: 202 };
  },
  setTimeout: (callback) => timers.push(callback),
  clearTimeout: () => {},
};

const code = readFileSync(source, "utf8");
const imported = /^import \{ register \} from "@shopify\/web-pixels-extension";$/m;
if (!imported.test(code)) throw new Error("the pixel does not import register");
let extend = null;
vm.runInNewContext(`"use strict";${code.replace(imported, "")}`, { ...globals, register: (run) => (extend = run) });
extend(api);

// Enough turns for every promise of the pixel's.
const settle = () => new Promise((done) => setImmediate(() => setImmediate(done)));

for (const step of play.steps) {
  if (step.wait) timers.splice(0).forEach((run) => run());
  else for (const callback of subscribed.get(step.name) ?? []) callback(step.event);
  await settle();
}
const out = { sent, storage: Object.fromEntries(storage), touched, subscribed: [...subscribed.keys()] };
process.stdout.write(JSON.stringify(out));
