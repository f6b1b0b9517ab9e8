/* Played App Bridge: as much of the real one as an embedded app leans on. It talks to the played admin around it. */
(() => {
  "use strict";
  const here = new URL(document.currentScript.src).origin;
  const query = new URLSearchParams(location.search);
  const waiting = new Map();
  let number = 0;

  const ask = (played, value) => new Promise((done) => {
    number += 1;
    waiting.set(number, done);
    window.parent.postMessage({ played, id: number, value }, here);
  });

  window.addEventListener("message", (event) => {
    if (event.origin !== here || event.source !== window.parent) return;
    const { playedAnswer, value } = event.data || {};
    waiting.get(playedAnswer)?.(value);
    waiting.delete(playedAnswer);
  });

  const idToken = () => ask("token");

  /* The bounce page: load the wanted page again, with a fresh token. */
  const reload = query.get("shopify-reload");
  if (reload) {
    idToken().then((token) => {
      const wanted = new URL(reload, location.origin);
      wanted.searchParams.set("id_token", token);
      location.replace(wanted);
    });
  }

  /* Requests to the app itself carry a token; one that was refused as stale is sent once more. */
  const plainFetch = window.fetch.bind(window);
  window.fetch = async (input, options = {}) => {
    const request = new Request(input, options);
    if (new URL(request.url).origin !== location.origin) return plainFetch(request);
    const send = async () => {
      const copy = new Request(request.clone());
      copy.headers.set("Authorization", `Bearer ${await idToken()}`);
      return plainFetch(copy);
    };
    const answer = await send();
    return answer.headers.has("X-Shopify-Retry-Invalid-Session-Request") ? send() : answer;
  };

  const showNav = () => {
    const nav = document.querySelector("s-app-nav");
    if (!nav) return;
    nav.hidden = true;
    const links = [...nav.querySelectorAll("s-link, a")];
    ask("nav", links.map((each) => {
      const { pathname, search } = new URL(each.getAttribute("href"), location.origin);
      return { title: each.textContent.trim(), path: pathname + search, home: each.getAttribute("rel") === "home" };
    }));
  };

  document.addEventListener("DOMContentLoaded", showNav);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='/'], s-link[href^='/']");
    if (!link || link.target || event.defaultPrevented) return;
    event.preventDefault();
    ask("redirect", link.getAttribute("href"));
  });

  const meta = document.querySelector("meta[name='shopify-api-key']");
  window.shopify = {
    config: {
      apiKey: meta?.content || "",
      host: query.get("host") || "",
      shop: query.get("shop") || "",
      locale: query.get("locale") || "en",
    },
    environment: { embedded: window.parent !== window, mobile: false, pos: false },
    idToken,
    scopes: {
      query: async () => (await ask("scopes", [])).detail,
      request: async (wanted) => {
        const { granted, detail } = await ask("scopes", wanted);
        return { result: granted ? "granted-all" : "declined-all", detail };
      },
    },
    toast: { show: (text) => { ask("toast", String(text)); }, hide: () => {} },
  };
})();
