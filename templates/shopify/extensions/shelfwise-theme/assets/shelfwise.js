/* Adds to the cart without leaving the page, and fills lists that Liquid left empty. */
(() => {
  "use strict";

  if (customElements.get("shelfwise-list")) return;

  const BUDGET_MS = 800;
  const LONGEST_MS = 6000;
  const begun = performance.now();
  const lists = new Set();
  let more = null;
  let loading = null;

  /* Says why in the shopper's words. */
  class Refused extends Error {}

  const get = async (address) => {
    try {
      const answer = await fetch(address, { signal: AbortSignal.timeout(LONGEST_MS) });
      return answer.ok ? await answer.json() : null;
    } catch {
      return null;
    }
  };

  const post = async (address, body) => {
    const headers = { "Content-Type": "application/json", Accept: "application/json" };
    const answer = await fetch(address, { method: "POST", headers, body: JSON.stringify(body) });
    const said = await answer.json();
    if (!answer.ok) throw new Refused(said.description || said.message);
    return said;
  };

  /* True where the theme shows its new cart itself. */
  const put = async (list, lines) => {
    const update = window.Shopify?.actions?.updateCart;
    if (!update) {
      const items = lines.map(({ id, quantity, mark }) =>
        ({ id: Number(id), quantity, properties: mark ? { _shelfwise: mark } : {} }));
      await post(`${list.told.root}cart/add.js`, { items });
      return false;
    }
    const answer = await update({
      lines: lines.map(({ id, quantity, mark }) => ({
        merchandiseId: `gid://shopify/ProductVariant/${id}`,
        quantity,
        attributes: mark ? [{ key: "_shelfwise", value: mark }] : [],
      })),
    });
    const [error] = answer?.userErrors || [];
    if (error) throw new Refused(error.message);
    return true;
  };

  const linesOf = (form) => {
    const ticks = form.querySelectorAll("[type=checkbox]");
    if (!ticks.length) {
      const { id, quantity } = form.elements;
      const mark = form.elements["properties[_shelfwise]"].value;
      return [{ id: id.value, quantity: Number(quantity.value) || 1, mark }];
    }
    return [...ticks].filter((tick) => tick.checked).map((tick) => {
      const [, slate, position] = tick.closest(".shelfwise-card").dataset.shelfwise.split(",");
      // The page's own product: as it was chosen since.
      const chosen = slate ? null : new URLSearchParams(location.search).get("variant");
      return { id: chosen || tick.value, quantity: 1, mark: slate && `${slate}:${position}` };
    });
  };

  const add = async (list, form) => {
    const button = form.querySelector("button");
    const lines = linesOf(form);
    if (!lines.length || button.getAttribute("aria-disabled")) return;
    button.setAttribute("aria-disabled", "true");
    list.say("");
    try {
      const shown = await put(list, lines);
      list.say(list.told.added, true);
      await more?.bought(list).catch(() => {});
      if (!shown && list.told.placement === "cart") location.reload();
    } catch (error) {
      list.say((error instanceof Refused && error.message) || list.told.failed);
    } finally {
      button.removeAttribute("aria-disabled");
    }
  };

  class List extends HTMLElement {
    connectedCallback() {
      lists.add(this);
      this.told ||= JSON.parse(this.dataset.shelfwise);
      this.section ||= this.querySelector("section");
      this.cards ||= this.querySelector("ul");
      for (const kind of ["submit", "click", "change"]) this.addEventListener(kind, this);
      this.standIn();
      more?.meet(this);
    }

    disconnectedCallback() {
      lists.delete(this);
      more?.leave(this);
    }

    handleEvent(event) {
      const card = event.target.closest(".shelfwise-card");
      if (event.type === "submit") {
        event.preventDefault();
        add(this, event.target);
      } else if (event.type === "click" && card && event.target.closest("a")) {
        more?.clicked(this, card);
      } else if (event.type === "change" && event.target.type === "checkbox") {
        this.sum();
      }
    }

    /* As the shop writes money: read off how it writes 1234.56. */
    money(cents) {
      const shape = /1(\D*?)23([45])(?:(\D+)56)?/;
      const [, group, , point] = this.told.money.match(shape) || ["", "", "", "."];
      const [whole, rest] = (point ? (cents / 100).toFixed(2) : String(Math.round(cents / 100))).split(".");
      const text = whole.replace(/\B(?=(\d{3})+$)/g, group) + (rest ? point + rest : "");
      return shape.test(this.told.money) ? this.told.money.replace(shape, () => text) : text;
    }

    say(text, done) {
      const line = this.querySelector(".shelfwise-said");
      line.textContent = text;
      if (!done) return;
      const link = document.createElement("a");
      link.href = `${this.told.root}cart`;
      link.textContent = this.told.see;
      line.append(" ", link);
    }

    sum() {
      const ticks = [...this.querySelectorAll("[type=checkbox]:checked")];
      const cents = ticks.reduce((total, tick) => total + Number(tick.dataset.shelfwise), 0);
      this.querySelector(".shelfwise-total").textContent = this.money(cents);
      this.querySelector("button").disabled = !ticks.length;
    }

    /* Shopify's own recommendations. */
    async standIn() {
      const { root, product, intent, most, cart } = this.told;
      if (this.cards.childElementCount || !intent || !product) return;
      const asked = new URLSearchParams({ product_id: product, limit: Math.min(most, 10), intent });
      const found = await get(`${root}recommendations/products.json?${asked}`);
      const inCart = cart.split(",");
      const fit = (found?.products || []).filter((each) => each.available && !inCart.includes(String(each.id)));
      this.show(fit.map((each) => this.made(each)));
    }

    async fetched(handle) {
      const product = handle && (await get(`${this.told.root}products/${handle}.js`));
      return product?.available ? this.made(product) : null;
    }

    /* Only where it moves nothing in sight. */
    show(cards) {
      const { top, bottom } = this.getBoundingClientRect();
      const before = this.cards.childElementCount;
      const ahead = top >= innerHeight;
      const early = performance.now() - begun < BUDGET_MS;
      const free = before ? (early || ahead || bottom < 0) && !this.matches(":hover, :focus-within") : ahead;
      if (!free || !cards.length || cards.length < before) return false;
      this.cards.replaceChildren(...cards);
      this.section.hidden = false;
      more?.watch(this);
      return true;
    }

    made(product) {
      const card = this.querySelector("template").content.firstElementChild.cloneNode(true);
      const variant = product.variants.find((each) => each.available) || product.variants[0];
      const fill = (name, text) => card.querySelectorAll(`.shelfwise-${name}`).forEach((each) => (each.textContent = text));
      card.dataset.shelfwise = `${product.id},,`;
      card.querySelectorAll("a").forEach((link) => (link.href = `${this.told.root}products/${product.handle}`));
      fill("link", product.title);
      fill("vendor", product.vendor);
      fill("now", this.money(variant.price));
      card.querySelectorAll(".shelfwise-button .shelfwise-unseen").forEach((each) => each.append(product.title));
      const was = card.querySelector(".shelfwise-was");
      if (was && variant.compare_at_price > variant.price) {
        was.lastElementChild.textContent = this.money(variant.compare_at_price);
      } else if (was) {
        card.querySelector(".shelfwise-price").replaceChildren(card.querySelector(".shelfwise-now"));
      }
      const form = card.querySelector("form");
      const plain = product.variants.length === 1 && !product.requires_selling_plan;
      if (form) form.elements["properties[_shelfwise]"].value = "";
      if (form && plain) form.elements.id.value = variant.id;
      card.querySelector(plain ? ".shelfwise-options" : "form")?.remove();
      this.picture(card, product.featured_image);
      return card;
    }

    picture(card, source) {
      if (!source) return;
      const image = new Image(360, 360);
      const sized = (width) => `${source}${source.includes("?") ? "&" : "?"}width=${width}`;
      Object.assign(image, { loading: "lazy", alt: "", sizes: "(min-width: 750px) 25vw, 45vw" });
      image.srcset = [180, 360, 540, 720].map((width) => `${sized(width)} ${width}w`).join(", ");
      image.src = sized(360);
      card.querySelector(".shelfwise-picture").append(image);
    }
  }

  /* "No" until Shopify's own answer is here. */
  const allowed = (purpose) => {
    try {
      return window.Shopify.customerPrivacy[`${purpose}ProcessingAllowed`]() === true;
    } catch {
      return false;
    }
  };

  const forget = () => {
    try {
      for (const key of ["recent", "visitor"]) localStorage.removeItem(`shelfwise:${key}`);
    } catch { /* There is no storage. */ }
  };

  const decided = async () => {
    const [list] = lists;
    if (!allowed("preferences") && !allowed("analytics")) {
      forget();
    } else if (list) {
      loading ||= import(list.told.more).then((file) => (more = file.begin({ allowed, get, lists, post })));
      await loading.catch(() => {});
    }
    more?.decided();
  };

  customElements.define("shelfwise-list", List);
  document.addEventListener("visitorConsentCollected", decided);
  window.Shopify?.loadFeatures?.([{ name: "consent-tracking-api", version: "0.1" }], (error) => error || decided());
})();
