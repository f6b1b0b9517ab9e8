/* What a visitor looks at, searches for and puts into the cart, told to Shelfwise: with consent to analytics only.
   It subscribes to nothing that carries a name, an address or a payment, and sends no address of a page.
   https://shopify.dev/docs/api/web-pixels-api */
import { register } from "@shopify/web-pixels-extension";

// The theme's own script knows the visitor by the same token.
const VISITOR = "shelfwise:visitor";
const TOKEN = /^[A-Za-z0-9_-]{8,64}$/;
const FLUSH_MS = 500;
const LARGEST_BATCH = 100;
const LONGEST_QUERY = 200;

const random = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
  byte.toString(16).padStart(2, "0")).join("");

/* "123" as well as "gid://shopify/Product/123". */
const number = (id) => /\d+$/.exec(String(id ?? ""))?.[0];

const ofLine = ({ cartLine }) => {
  const product = number(cartLine?.merchandise?.product?.id);
  return product && { product, quantity: Math.max(1, Math.round(Number(cartLine.quantity) || 1)) };
};

/* Shopify's events, each with our kind of it and what we keep of it; nothing is kept of one without a product. */
const KINDS = {
  product_viewed: ["view", ({ productVariant }) => {
    const product = number(productVariant?.product?.id);
    return product && { product };
  }],
  search_submitted: ["search", ({ searchResult }) => {
    const query = String(searchResult?.query ?? "").replaceAll("\0", "").trim().slice(0, LONGEST_QUERY);
    return query && { query };
  }],
  product_added_to_cart: ["cart_add", ofLine],
  product_removed_from_cart: ["cart_remove", ofLine],
};

register(({ analytics, browser, customerPrivacy, init, settings }) => {
  const { accountID: shop, api } = settings;
  let agreed = init.customerPrivacy?.analyticsProcessingAllowed === true;
  let waiting = [];
  let timer = 0;
  let known = "";

  const post = (batch) =>
    // Plain text, so that the browser does not ask first whether it may.
    fetch(`${api}/v1/events`, { method: "POST", body: JSON.stringify({ shop, ...batch }), keepalive: true });

  const visitor = async () => {
    const kept = await browser.localStorage.getItem(VISITOR);
    known = TOKEN.test(kept ?? "") ? kept : known || random();
    if (kept !== known) await browser.localStorage.setItem(VISITOR, known);
    return known;
  };

  const flush = async () => {
    timer = 0;
    const events = waiting.splice(0, LARGEST_BATCH);
    if (!agreed || !events.length) return;
    try {
      const token = await visitor();
      if (agreed) await post({ visitor: token, consent: true, events });
    } catch {
      // Each has an id of its own: sent twice it counts once.
      if (agreed) waiting = [...events, ...waiting].slice(0, LARGEST_BATCH);
    }
  };

  const note = (kind, { id, timestamp }, fields) => {
    if (!agreed || !fields) return;
    waiting.push({ id: String(id).slice(0, 64), kind, at: timestamp, ...fields });
    timer ||= setTimeout(flush, FLUSH_MS);
  };

  /* Consent that is taken back takes with it what was kept under it. */
  const forget = async () => {
    const token = (await browser.localStorage.getItem(VISITOR)) || known;
    known = "";
    await browser.localStorage.removeItem(VISITOR);
    if (TOKEN.test(token)) await post({ visitor: token, consent: false, events: [] });
  };

  const decide = ({ customerPrivacy: now }) => {
    const before = agreed;
    agreed = now?.analyticsProcessingAllowed === true;
    if (agreed) return;
    waiting = [];
    if (before) forget().catch(() => {});
  };

  customerPrivacy.subscribe("visitorConsentCollected", decide);
  for (const [name, [kind, fields]] of Object.entries(KINDS)) {
    analytics.subscribe(name, (event) => note(kind, event, fields(event.data ?? {})));
  }
});
