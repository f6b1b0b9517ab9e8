/* The Shelfwise widget: <shelfwise-slate placement="product" product="123">. See README.md beside this file. */
(() => {
  "use strict";

  const script = document.currentScript;
  const api = script.dataset.api || new URL(script.src).origin;
  const BUDGET_MS = Number(script.dataset.budget) || 600;
  const LONGEST_MS = 10 * BUDGET_MS;
  const FLUSH_MS = 3000;
  const SEEN_MS = 1000;
  const SEEN_RATIO = 0.5;
  const LARGEST_BATCH = 100;
  const VISITOR = "shelfwise:visitor";

  const WORDS = {
    en: {
      session: "Because you looked at {}", similar: "Similar to {}", bought_together: "Bought together with {}",
      history: "Because you bought {}", bought_before: "You bought this before",
      same_category: "More of the same kind", trending: "Popular right now", new: "New in",
      search: "Matches your search",
      this_similar: "Similar to this", this_bought_together: "Bought together with this", count: "{} orders",
      in_cart: "Goes with {} in your cart",
      low: "Only a few left", back_soon: "Back soon", add: "Add to cart", was: "Before", now: "Now",
      next: "Show more", previous: "Show previous", choose: "Details",
    },
    de: {
      session: "Weil Sie {} angesehen haben", similar: "Ähnlich wie {}", bought_together: "Zusammen gekauft mit {}",
      history: "Weil Sie {} gekauft haben", bought_before: "Das hatten Sie schon einmal",
      same_category: "Mehr aus dieser Kategorie", trending: "Gerade beliebt", new: "Neu",
      search: "Passt zu Ihrer Suche",
      this_similar: "Ähnlich wie dies", this_bought_together: "Zusammen damit gekauft", count: "{} Bestellungen",
      in_cart: "Passt zu {} in Ihrem Warenkorb",
      low: "Nur noch wenige da", back_soon: "Bald wieder da", add: "In den Warenkorb", was: "Vorher", now: "Jetzt",
      next: "Weitere zeigen", previous: "Vorige zeigen", choose: "Ansehen",
    },
    fr: {
      session: "Parce que vous avez vu {}", similar: "Semblable à {}", bought_together: "Acheté avec {}",
      history: "Parce que vous avez acheté {}", bought_before: "Vous l'avez déjà acheté",
      same_category: "Dans le même rayon", trending: "Populaire en ce moment", new: "Nouveau",
      search: "Correspond à votre recherche",
      this_similar: "Semblable à cet article", this_bought_together: "Acheté avec cet article", count: "{} commandes",
      in_cart: "Va avec {} dans votre panier",
      low: "Plus que quelques pièces", back_soon: "Bientôt de retour", add: "Ajouter au panier", was: "Avant",
      now: "Maintenant", next: "Suivants", previous: "Précédents", choose: "Voir",
    },
  };

  const language = () => document.documentElement.lang || "en";
  const words = () => ({ ...WORDS.en, ...WORDS[language().slice(0, 2).toLowerCase()], ...window.shelfwiseWords });
  const fill = (text, value) => text.replace("{}", () => value);
  const random = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  };

  /* Consent: nothing is stored and nothing is sent before it was given; once taken back, the visitor is forgotten. */
  let consent = script.dataset.consent === "granted" || window.shelfwiseConsent === true;

  const visitor = () => {
    if (!consent) return "";
    try {
      const known = localStorage.getItem(VISITOR) || random();
      localStorage.setItem(VISITOR, known);
      return known;
    } catch {
      return "";
    }
  };

  const setConsent = (granted) => {
    consent = granted;
    if (granted) {
      document.querySelectorAll("shelfwise-slate").forEach((slate) => slate.watch());
    } else {
      waiting.clear();
      try {
        localStorage.removeItem(VISITOR);
      } catch { /* There is no storage, so nothing was stored. */ }
    }
  };

  /* Events wait for a moment, so that a page sends one batch rather than ten. */
  const waiting = new Map();
  const viewed = new Set();
  let timer = 0;

  const note = (shop, kind, fields) => {
    if (!consent || !shop) return;
    const batch = waiting.get(shop) || [];
    batch.push({ id: random(), kind, at: new Date().toISOString(), ...fields });
    waiting.set(shop, batch);
    if (batch.length >= LARGEST_BATCH) flush();
    else timer ||= setTimeout(flush, FLUSH_MS);
  };

  const flush = () => {
    clearTimeout(timer);
    timer = 0;
    const token = visitor();
    for (const [shop, events] of waiting) {
      if (!token) break;
      const body = JSON.stringify({ shop, visitor: token, consent: true, events });
      if (!navigator.sendBeacon?.(`${api}/v1/events`, body)) {
        fetch(`${api}/v1/events`, { method: "POST", body, keepalive: true }).catch(() => {});
      }
    }
    waiting.clear();
  };

  addEventListener("pagehide", flush);
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && flush());
  document.addEventListener("shelfwise:consent", (event) => setConsent(event.detail?.granted === true));

  const element = (name, className, text) => {
    const made = document.createElement(name);
    if (className) made.className = `shelfwise-${className}`;
    if (text) made.textContent = text;
    return made;
  };

  /* An attribute with ids: one, several with commas between them, or a JSON list. */
  const ids = (value) => {
    if (!value) return [];
    try {
      const list = JSON.parse(value);
      return Array.isArray(list) ? list.map(String) : [String(value)];
    } catch {
      return value.split(",").map((id) => id.trim()).filter(Boolean);
    }
  };

  const money = (price) => new Intl.NumberFormat(language(), { style: "currency", currency: price.currency })
    .format(Number(price.amount));

  const address = (item, own, pattern) =>
    own || (pattern ? pattern.replaceAll("{product}", encodeURIComponent(item.product)) : "");

  const safe = (url) => (/^(https?:|\/|[^:]*$)/i.test(url) ? url : "");

  class Slate extends HTMLElement {
    static observedAttributes = ["product", "cart"];

    connectedCallback() {
      this.load();
    }

    attributeChangedCallback(name, before, after) {
      if (this.loading && before !== after) queueMicrotask(() => this.isConnected && this.load());
    }

    disconnectedCallback() {
      this.loading?.abort();
      this.sight?.disconnect();
    }

    get shop() {
      return this.getAttribute("shop") || script.dataset.shop || "";
    }

    get placement() {
      return this.getAttribute("placement") || "home";
    }

    /* Ask for a slate and show it. Whatever goes wrong, the page is left as if the element were not there. */
    async load() {
      this.loading?.abort();
      const loading = (this.loading = new AbortController());
      const begun = performance.now();
      // Whoever looks at its place waits for the budget only; below the page's fold a slate may come a little later.
      const late = setInterval(() => {
        const inSight = this.getBoundingClientRect().top < innerHeight;
        if (inSight || performance.now() - begun > LONGEST_MS) loading.abort();
      }, BUDGET_MS);
      try {
        const answer = await fetch(`${api}/v1/slates?${this.query()}`, { signal: loading.signal, credentials: "omit" });
        const slate = answer.ok ? await answer.json() : { items: [] };
        if (loading === this.loading) this.show(slate);
      } catch {
        if (loading === this.loading) this.show({ items: [] });
      } finally {
        clearInterval(late);
      }
      this.watch();
    }

    query() {
      const query = new URLSearchParams({ shop: this.shop, placement: this.placement, locale: language() });
      for (const name of ["market", "currency", "count"]) {
        if (this.hasAttribute(name)) query.set(name, this.getAttribute(name));
      }
      if (this.hasAttribute("query")) query.set("q", this.getAttribute("query").slice(0, 200));
      for (const name of ["product", "cart"]) {
        ids(this.getAttribute(name)).forEach((id) => query.append(name, id));
      }
      const token = visitor();
      if (token) query.set("visitor", token);
      return query;
    }

    show(slate) {
      this.slate = slate;
      this.sight?.disconnect();
      if (!slate.items.length) {
        this.replaceChildren();
        this.dataset.state = "empty";
        return;
      }
      const list = element("ul", "list");
      list.append(...slate.items.map((item, index) => this.card(item, index)));
      const head = element("div", "head");
      const heading = element("h2", "heading", this.getAttribute("heading"));
      head.append(heading, this.arrows(list));
      this.replaceChildren(head, list);
      list.setAttribute("role", "list");
      if (heading.textContent) list.setAttribute("aria-label", heading.textContent);
      this.dataset.state = "ready";
      this.dispatchEvent(new CustomEvent("shelfwise:shown", { bubbles: true, detail: slate }));
    }

    arrows(list) {
      const arrows = element("div", "arrows");
      const say = words();
      const make = (label, sign, direction) => {
        const arrow = element("button", "arrow", sign);
        arrow.type = "button";
        arrow.setAttribute("aria-label", label);
        arrow.addEventListener("click", () => list.scrollBy({ left: direction * list.clientWidth * 0.9 }));
        return arrow;
      };
      const back = make(say.previous, "\u2190", -1);
      const on = make(say.next, "\u2192", 1);
      const update = () => {
        back.disabled = list.scrollLeft < 2;
        on.disabled = list.scrollLeft > list.scrollWidth - list.clientWidth - 2;
        arrows.hidden = back.disabled && on.disabled;
      };
      list.addEventListener("scroll", update, { passive: true });
      new ResizeObserver(update).observe(list);
      arrows.append(back, on);
      return arrows;
    }

    card(item, index) {
      const say = words();
      const card = element("li", "card");
      const link = element("a", "title", item.title);
      link.href = safe(address(item, item.url, this.getAttribute("link"))) || "#";
      link.addEventListener("click", () => this.note("click", item, index));
      card.append(this.picture(item), link, this.price(item), this.reason(item), this.button(item, index, link));
      if (item.stock === "low" || item.stock === "back_soon") {
        card.append(element("span", `mark shelfwise-${item.stock}`, say[item.stock]));
      }
      return card;
    }

    picture(item) {
      const frame = element("div", "picture");
      const source = safe(address(item, item.image, this.getAttribute("picture")));
      if (source) {
        const picture = element("img");
        Object.assign(picture, { loading: "lazy", decoding: "async", alt: "", width: 400, height: 400, src: source });
        frame.append(picture);
      }
      return frame;
    }

    price(item) {
      const line = element("p", "price");
      const say = words();
      const part = (name, label, price) => {
        const made = element(name, "", "");
        made.append(element("span", "hidden", `${label} `), money(price));
        return made;
      };
      if (item.price && item.compare_at_price) {
        line.append(part("ins", say.now, item.price), " ", part("del", say.was, item.compare_at_price));
      } else if (item.price) {
        line.append(money(item.price));
      }
      return line;
    }

    reason(item) {
      const { kind, because, because_title: title, count } = item.reason || {};
      const say = words();
      const here = this.placement === "product" && ids(this.getAttribute("product")).includes(String(because));
      const inCart = kind === "session" && ids(this.getAttribute("cart")).includes(String(because));
      const text = (here && say[`this_${kind}`]) || say[inCart ? "in_cart" : kind] || "";
      if (text.includes("{}") && !title) return element("p", "reason");
      const counted = count ? ` (${fill(say.count, count)})` : "";
      return element("p", "reason", fill(text, title) + (kind === "bought_together" ? counted : ""));
    }

    /* The theme adds to its own cart: it listens to `shelfwise:add-to-cart` and calls preventDefault. */
    button(item, index, link) {
      const say = words();
      const soldOut = item.stock === "back_soon" || !item.variant;
      const button = element("button", "add", soldOut ? say.choose : say.add);
      button.type = "button";
      button.setAttribute("aria-label", `${button.textContent}: ${item.title}`);
      button.addEventListener("click", () => {
        const detail = { product: item.product, variant: item.variant, title: item.title, quantity: 1 };
        const asked = new CustomEvent("shelfwise:add-to-cart", { bubbles: true, cancelable: true, detail });
        if (soldOut || this.dispatchEvent(asked)) {
          link.click();
        } else {
          this.note("cart_add", item, index, { quantity: 1 });
        }
      });
      return button;
    }

    note(kind, item, index, more) {
      note(this.shop, kind, { product: item.product, slate: this.slate.slate, position: index + 1, ...more });
    }

    /* With consent: the page's product counts as viewed, and a card as seen once half of it was there for a second. */
    watch() {
      this.sight?.disconnect();
      if (!consent) return;
      this.viewOnce();
      const items = this.slate?.items || [];
      const cards = [...this.querySelectorAll(".shelfwise-card")];
      const timers = new Map();
      this.sight = new IntersectionObserver((changes) => {
        for (const { target, intersectionRatio } of changes) {
          clearTimeout(timers.get(target));
          if (intersectionRatio < SEEN_RATIO) continue;
          timers.set(target, setTimeout(() => {
            this.sight.unobserve(target);
            const index = cards.indexOf(target);
            this.note("impression", items[index], index);
          }, SEEN_MS));
        }
      }, { threshold: SEEN_RATIO });
      cards.forEach((card) => this.sight.observe(card));
    }

    viewOnce() {
      const [product] = ids(this.getAttribute("product"));
      const query = this.getAttribute("query");
      const kind = this.placement === "product" && product ? "view" : query ? "search" : "";
      const key = `${kind} ${this.shop} ${product} ${query}`;
      if (!kind || viewed.has(key)) return;
      viewed.add(key);
      note(this.shop, kind, kind === "view" ? { product } : { query: query.slice(0, 200) });
    }
  }

  window.shelfwise = { visitor, flush, consent: setConsent };
  if (!customElements.get("shelfwise-slate")) customElements.define("shelfwise-slate", Slate);
})();
