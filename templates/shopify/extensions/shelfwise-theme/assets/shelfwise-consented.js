/* Loaded with consent alone: personal lists and products looked at (preferences), counting (analytics). */

const FLUSH_MS = 3000;
const SEEN_MS = 1000;
const MOST_EVENTS = 100;
const MOST_RECENT = 12;
const PROXY = "apps/shelfwise";
const PERSONAL = ["session", "history", "bought_before"];

const memory = {
  read(key) {
    try {
      return localStorage.getItem(`shelfwise:${key}`) || "";
    } catch {
      return "";
    }
  },
  write(key, value) {
    try {
      if (value) localStorage.setItem(`shelfwise:${key}`, value);
      else localStorage.removeItem(`shelfwise:${key}`);
    } catch { /* Nothing is remembered. */ }
  },
};

const random = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
  byte.toString(16).padStart(2, "0")).join("");

const visitor = () => {
  const token = memory.read("visitor") || random();
  memory.write("visitor", token);
  return token;
};

const proxied = ({ told: { root, proxy } }, path) => `${root}${(proxy || PROXY).replace(/^\/+|\/+$/g, "")}/${path}`;

const handleOf = (address) => /\/products\/([^/?#]+)/.exec(address || "")?.[1] || "";

const idOf = (card) => card.dataset.shelfwise.split(",")[0];

const placed = (card, slate, position) => {
  card.dataset.shelfwise = `${idOf(card)},${slate},${position}`;
  const mark = card.querySelector("[name='properties[_shelfwise]']");
  if (mark) mark.value = `${slate}:${position}`;
  return card;
};

export const begin = ({ allowed, get, lists, post }) => {
  const asked = new WeakSet();
  const sights = new WeakMap();
  const noted = new Set();
  const waiting = [];
  let address = "";
  let timer = 0;

  const flush = () => {
    clearTimeout(timer);
    timer = 0;
    if (!waiting.length || !allowed("analytics")) return;
    const body = JSON.stringify({ visitor: visitor(), consent: true, events: waiting.splice(0) });
    navigator.sendBeacon(address, body);
  };

  const note = (list, kind, card) => {
    const [product, slate, position] = card.dataset.shelfwise.split(",");
    if (!allowed("analytics") || !slate) return;
    address = proxied(list, "events");
    waiting.push({ id: random(), kind, at: new Date().toISOString(), product, slate, position: Number(position) });
    if (waiting.length >= MOST_EVENTS) flush();
    else timer ||= setTimeout(flush, FLUSH_MS);
  };

  /* Seen: half of a card for a second. */
  const watch = (list) => {
    sights.get(list)?.disconnect();
    if (!allowed("analytics")) return;
    const timers = new Map();
    const sight = new IntersectionObserver((changes) => {
      for (const { target, isIntersecting } of changes) {
        clearTimeout(timers.get(target));
        const mark = target.dataset.shelfwise;
        if (!isIntersecting || noted.has(mark)) continue;
        timers.set(target, setTimeout(() => noted.add(mark) && note(list, "impression", target), SEEN_MS));
      }
    }, { threshold: 0.5 });
    for (const card of list.cards.children) sight.observe(card);
    sights.set(list, sight);
  };

  const query = ({ told }) => {
    const { placement, product, cart, most: count } = told;
    const { country, currency, locale } = window.Shopify;
    const wanted = new URLSearchParams({ placement, count, visitor: visitor(), preferences: 1 });
    if (locale) wanted.set("locale", locale);
    if (country) wanted.set("market", country);
    if (currency) wanted.set("currency", currency.active);
    if (told.query) wanted.set("q", told.query.replaceAll("=", " ").slice(0, 200));
    if (placement === "product") wanted.append("product", product);
    for (const id of cart.split(",").filter(Boolean).slice(0, 50)) wanted.append("cart", id);
    return wanted;
  };

  /* Only where it knows more than the page does. */
  const personal = async (list) => {
    const slate = await get(`${proxied(list, "slates")}?${query(list)}`);
    const own = list.told.product;
    const knows = ({ reason }) => (own ? PERSONAL.includes(reason?.kind) && String(reason.because) !== String(own) : reason?.because);
    if (!slate?.items?.some(knows)) return;
    const here = new Map([...list.cards.children].map((card) => [idOf(card), card]));
    const made = await Promise.all(slate.items.map(async (item, index) => {
      const card = here.get(String(item.product))?.cloneNode(true) || (await list.fetched(handleOf(item.url)));
      return card && placed(card, slate.slate, index + 1);
    }));
    const cards = made.filter(Boolean);
    const taken = new Set(cards.map(idOf));
    const rest = [...here.values()].filter((card) => !taken.has(idOf(card)));
    const heading = list.querySelector("h2[data-shelfwise]");
    if (!list.show([...cards, ...rest].slice(0, here.size || list.told.most)) || !heading) return;
    heading.firstElementChild.textContent = heading.dataset.shelfwise;
  };

  const recent = async (list) => {
    const { handle, most } = list.told;
    const others = memory.read("recent").split(",").filter((each) => each && each !== handle);
    const cards = await Promise.all(others.slice(0, most).map((each) => list.fetched(each)));
    list.show(cards.filter(Boolean));
  };

  const remember = ({ told: { handle } }) => {
    if (!handle) return;
    const others = memory.read("recent").split(",").filter((each) => each && each !== handle);
    memory.write("recent", [handle, ...others].slice(0, MOST_RECENT).join(","));
  };

  const meet = (list) => {
    watch(list);
    if (!allowed("preferences") || asked.has(list)) return;
    asked.add(list);
    remember(list);
    const better = { recent, undefined: personal }[list.told.kind || undefined];
    better?.(list).catch(() => {});
  };

  /* Lets an order be credited. */
  const bought = async (list) => {
    if (!allowed("analytics") || list.told.visitor === visitor()) return;
    await post(`${list.told.root}cart/update.js`, { attributes: { _shelfwise_visitor: visitor() } });
    for (const each of lists) each.told.visitor = visitor();
  };

  const decided = () => {
    if (!allowed("preferences")) memory.write("recent", "");
    if (!allowed("analytics")) waiting.length = 0;
    lists.forEach(meet);
  };

  addEventListener("pagehide", flush);
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && flush());

  return {
    bought,
    clicked: (list, card) => note(list, "click", card),
    decided,
    leave: (list) => sights.get(list)?.disconnect(),
    meet,
    watch,
  };
};
