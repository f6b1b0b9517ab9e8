/* A row in the theme's cart drawer, read anew from the cart page once the cart has changed. */
(() => {
  "use strict";

  const source = document.querySelector("[data-shelfwise-drawer]");
  let row = null;

  const place = () => {
    try {
      const part = document.querySelector(source.dataset.shelfwiseDrawer);
      if (!part || row?.isConnected) return;
      row = source.content.firstElementChild.cloneNode(true);
      part.before(row);
    } catch { /* No CSS selector: no row. */ }
  };

  const renew = async () => {
    if (!row) return;
    const page = await (await fetch(source.dataset.shelfwiseCart)).text();
    const newer = new DOMParser().parseFromString(page, "text/html").querySelector("[data-shelfwise-drawer]");
    if (newer) source.content.replaceChildren(...newer.content.childNodes);
    row.remove();
    place();
  };

  if (!source) return;
  place();
  document.addEventListener("shopify:cart:lines-update", (event) => {
    Promise.resolve(event.promise).then(renew).catch(() => {});
  });
})();
