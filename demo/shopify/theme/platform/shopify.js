/* Plays what Shopify itself puts into every page: the Customer Privacy API with its banner, and the standard actions.
   No part of our extension: it is what that is tried against. */
(() => {
  "use strict";

  const told = JSON.parse(document.getElementById("shopify-told").textContent);
  const COOKIE = "_tracking_consent";
  const PURPOSES = ["analytics", "marketing", "preferences", "sale_of_data"];

  const decided = () => {
    const found = document.cookie.split("; ").find((each) => each.startsWith(`${COOKIE}=`));
    return found ? decodeURIComponent(found.slice(COOKIE.length + 1)).split(",") : null;
  };
  const may = (purpose) => (decided() || []).includes(purpose);

  const setTrackingConsent = (wanted, done) => {
    const granted = PURPOSES.filter((purpose) => wanted[purpose] === true);
    document.cookie = `${COOKIE}=${encodeURIComponent(granted.join(",") || "none")}; path=/; max-age=15552000; samesite=lax`;
    document.querySelector(".shopify-banner")?.remove();
    const detail = Object.fromEntries(PURPOSES.map((purpose) => [purpose, granted.includes(purpose)]));
    document.dispatchEvent(new CustomEvent("visitorConsentCollected", { detail }));
    done?.();
  };

  const privacy = {
    analyticsProcessingAllowed: () => may("analytics"),
    marketingAllowed: () => may("marketing"),
    preferencesProcessingAllowed: () => may("preferences"),
    saleOfDataAllowed: () => may("sale_of_data"),
    currentVisitorConsent: () => Object.fromEntries(PURPOSES.map((each) => [each, may(each) ? "yes" : decided() ? "no" : ""])),
    shouldShowBanner: () => told.banner && decided() === null,
    setTrackingConsent,
  };

  const post = async (path, body) => {
    const headers = { "Content-Type": "application/json", Accept: "application/json" };
    const answer = await fetch(told.routes.root + path, { method: "POST", headers, body: JSON.stringify(body) });
    return [answer.ok, await answer.json()];
  };

  const number = (gid) => Number(String(gid).split("/").pop());

  const changed = async (lines) => {
    const added = lines.filter((line) => line.merchandiseId);
    const items = added.map(({ merchandiseId, quantity = 1, attributes = [] }) => ({
      id: number(merchandiseId),
      quantity,
      properties: Object.fromEntries(attributes.map(({ key, value }) => [key, value])),
    }));
    const userErrors = [];
    if (items.length) {
      const [taken, said] = await post("cart/add.js", { items });
      if (!taken) userErrors.push({ code: "INVALID", message: said.description || said.message });
    }
    for (const { id, quantity } of lines.filter((line) => line.id)) {
      const [taken, said] = await post("cart/change.js", { id, quantity });
      if (!taken) userErrors.push({ code: "INVALID", message: said.description || said.message });
    }
    const cart = await (await fetch(`${told.routes.root}cart.js`)).json();
    return { cart: { totalQuantity: cart.item_count, ...cart }, userErrors };
  };

  const updateCart = ({ lines = [] } = {}, options = {}) => {
    const action = lines.some((line) => line.merchandiseId) ? "add" : "update";
    const event = new Event("shopify:cart:lines-update", { bubbles: true });
    const promise = changed(lines);
    Object.assign(event, { action, lines, promise, context: options.event?.context || "standard-action" });
    document.dispatchEvent(event);
    return promise;
  };
  updateCart.isDefault = () => false;

  const banner = () => {
    if (!privacy.shouldShowBanner()) return;
    const bar = document.createElement("section");
    bar.className = "shopify-banner";
    bar.setAttribute("aria-label", "Cookies and privacy");
    const text = document.createElement("p");
    text.textContent = "This shop would like to remember what you look at, to show you what fits and to count what helps.";
    const button = (label, granted) => {
      const made = document.createElement("button");
      made.type = "button";
      made.textContent = label;
      made.addEventListener("click", () =>
        setTrackingConsent(Object.fromEntries(PURPOSES.map((purpose) => [purpose, granted]))));
      return made;
    };
    bar.append(text, button("Accept", true), button("Decline", false));
    document.body.append(bar);
  };

  window.Shopify = {
    shop: told.shop,
    locale: told.locale,
    country: told.country,
    currency: told.currency,
    routes: told.routes,
    designMode: false,
    /* As there: the feature comes some time after it was asked for. */
    loadFeatures: (features, done) => setTimeout(() => {
      window.Shopify.customerPrivacy = privacy;
      done?.();
    }, 0),
  };
  document.addEventListener("DOMContentLoaded", () => {
    window.Shopify.actions = { updateCart, openCart: async () => document.querySelector("[data-drawer]")?.showModal() };
    banner();
  });
})();
