/* The demo theme: what a shop's own script does around the Shelfwise widget. Every form works without it. */
(() => {
  "use strict";

  window.shelfwiseConsent = document.documentElement.dataset.consent === "granted";

  const one = (selector) => document.querySelector(selector);
  const say = (text) => {
    const line = one("[data-said]");
    line.textContent = text;
    clearTimeout(say.timer);
    say.timer = setTimeout(() => (line.textContent = ""), 5000);
  };

  const post = (address, fields) =>
    fetch(address, { method: "POST", body: new URLSearchParams(fields), headers: { Accept: "application/json" } });

  document.addEventListener("shelfwise:add-to-cart", async (event) => {
    event.preventDefault();
    const { product, variant, quantity, title } = event.detail;
    try {
      const answer = await post("/demo/cart/add", { product, variant, quantity });
      const { count, message } = await answer.json();
      if (answer.ok) one("[data-cart-count]").textContent = count;
      say(answer.ok ? `${title} is in your cart.` : message);
    } catch {
      say("The cart can't be reached just now.");
    }
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("[data-consent-form]")) {
      event.preventDefault();
      decide(event.submitter.value, form);
    } else if (form.matches("[data-buy]")) {
      form.elements.visitor.value = window.shelfwise?.visitor() || "";
    }
  });

  const decide = async (choice, form) => {
    const granted = choice === "yes";
    await post("/demo/consent", { choice }).catch(() => {});
    document.dispatchEvent(new CustomEvent("shelfwise:consent", { detail: { granted } }));
    const bar = form.closest("[data-consent-bar]");
    if (bar) bar.remove();
    else location.reload();
  };

  document.addEventListener("change", ({ target }) => {
    if (!target.matches(".choice input")) return;
    const { price, before, stock, picture } = target.dataset;
    const now = document.createElement(before ? "ins" : "span");
    now.textContent = price;
    const was = document.createElement("del");
    was.textContent = before;
    one("[data-price]").replaceChildren(now, ...(before ? [" ", was] : []));
    const line = one("p[data-stock]");
    line.textContent = stock;
    line.classList.toggle("few", /Only|Last/.test(stock));
    one("[data-picture]").src = picture;
  });
})();
