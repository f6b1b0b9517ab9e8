/* The theme's own script: the cart drawer. Everything works without it. */
(() => {
  "use strict";

  const one = (selector, from = document) => from.querySelector(selector);
  const drawer = one("[data-drawer]");

  one("[data-open-cart]").addEventListener("click", (event) => {
    if (location.pathname.endsWith("/cart")) return;
    event.preventDefault();
    drawer.showModal();
  });

  /* The cart as the shop shows it now, read off its own page. */
  const renew = async ({ userErrors } = {}) => {
    if (userErrors?.length) return;
    const page = new DOMParser().parseFromString(await (await fetch(one("[data-open-cart]").href)).text(), "text/html");
    const main = one("main [data-lines]");
    if (main) one("main .cart").replaceWith(one("main .cart", page));
    for (const part of ["[data-lines]", "[data-total]"]) one(part, drawer).replaceWith(one(`[data-drawer] ${part}`, page));
    one("[data-pieces]").textContent = one("[data-pieces]", page).textContent;
    one("[data-open-cart]").setAttribute("aria-label", one("[data-open-cart]", page).getAttribute("aria-label"));
    if (!main && !drawer.open) drawer.showModal();
  };

  document.addEventListener("shopify:cart:lines-update", (event) => event.promise.then(renew));

  one("[data-variants]")?.addEventListener("change", ({ target }) => {
    const here = new URL(location.href);
    here.searchParams.set("variant", target.value);
    history.replaceState(null, "", here);
  });
})();
