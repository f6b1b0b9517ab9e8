/* The played admin's side of App Bridge: it answers the app in the frame, and nobody else. */
(() => {
  "use strict";
  const frame = document.querySelector("[data-app]");
  const { origin, root } = frame.dataset;
  const nav = document.querySelector("[data-app-nav]");
  const toast = document.querySelector("[data-toast]");

  const open = async (path) => {
    const answer = await fetch(`${root}/open?path=${encodeURIComponent(path)}`);
    if (answer.ok) frame.src = (await answer.json()).address;
  };

  const showNav = (links) => {
    nav.replaceChildren(...links.filter((each) => !each.home).map(({ title, path }) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.textContent = title;
      link.href = "#";
      link.addEventListener("click", (event) => { event.preventDefault(); open(path); });
      item.append(link);
      return item;
    }));
  };

  const deeds = {
    token: async () => (await (await fetch(`${root}/id-token`)).json()).token,
    nav: showNav,
    toast: (text) => {
      toast.textContent = text;
      toast.hidden = false;
      setTimeout(() => { toast.hidden = true; }, 4000);
    },
    redirect: (path) => open(path),
    scopes: async (wanted) => {
      const asked = wanted.map(String);
      const granted = asked.length > 0 && window.confirm(`Shelfwise asks for more: ${asked.join(", ")}. Allow it?`);
      const body = new URLSearchParams(granted ? asked.map((each) => ["scope", each]) : []);
      const answer = await fetch(`${root}/scopes`, { method: "POST", body });
      return { granted, detail: await answer.json() };
    },
  };

  window.addEventListener("message", async (event) => {
    if (event.source !== frame.contentWindow || event.origin !== origin) return;
    const { played, id, value } = event.data || {};
    if (!Object.hasOwn(deeds, played)) return;
    const answer = await deeds[played](value);
    frame.contentWindow.postMessage({ playedAnswer: id, value: answer ?? null }, origin);
  });
})();
