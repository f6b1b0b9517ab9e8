// The home page goes on showing how far the app is. Every call carries a fresh ID token from App Bridge; no cookies.
(() => {
  "use strict";
  const WORDS = { done: "Done", doing: "In progress", waiting: "Waiting", yours: "Your turn", failed: "Trying again" };
  const PACE = 3000;
  const SLOWEST = 60000;
  const find = (name, within = document) => within.querySelector(`[data-${name}]`);
  let pause = PACE;
  let timer = 0;

  async function call(path, method) {
    const token = await window.shopify.idToken();
    const answer = await fetch(`/shopify/app/api/${path}`, { method, headers: { Authorization: `Bearer ${token}` } });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  }

  function put(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  function showStep(step) {
    const row = document.querySelector(`[data-step="${step.key}"]`);
    if (!row) return;
    if (row.dataset.state !== step.state) put(find("said"), `${step.title}: ${WORDS[step.state]}`);
    row.dataset.state = step.state;
    put(find("word", row), WORDS[step.state]);
    put(find("detail", row), step.detail);
    const bar = find("bar", row);
    bar.hidden = step.fraction === null || step.state === "done";
    bar.value = step.fraction || 0;
  }

  function show(progress) {
    put(find("headline"), progress.headline);
    progress.steps.forEach(showStep);
    find("older").hidden = !progress.older_orders;
    document.querySelectorAll("[data-placed]").forEach((each) => {
      each.hidden = !progress.placed.includes(each.dataset.placed);
    });
    const notices = find("notices");
    if ([...notices.children].map((each) => each.textContent).join("\n") === progress.notices.join("\n")) return;
    notices.replaceChildren(...progress.notices.map((text) => {
      const line = document.createElement("p");
      line.className = "notice";
      line.textContent = text;
      return line;
    }));
  }

  async function look() {
    try {
      const progress = await call("progress", "GET");
      show(progress);
      pause = progress.moving ? PACE : SLOWEST;
    } catch {
      pause = Math.min(pause * 2, SLOWEST);
    }
    plan();
  }

  function plan() {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(look, pause);
  }

  document.addEventListener("visibilitychange", plan);
  function say(text) {
    put(find("said"), text);
    if (window.shopify.toast) window.shopify.toast.show(text);
  }

  async function during(button, work) {
    button.disabled = true;
    try {
      await work();
      show(await call("look-again", "POST"));
      pause = PACE;
    } catch {
      say("That did not work. Try again in a minute.");
    }
    setTimeout(() => { button.disabled = false; look(); }, PACE);
  }

  find("look-again").addEventListener("click", (event) => during(event.currentTarget, async () => {
    say("Shelfwise looks at your theme.");
  }));

  // Shopify asks the merchant in a window of its own; an app that it has not approved for this can't ask.
  find("ask-older").addEventListener("click", (event) => during(event.currentTarget, async () => {
    const answer = await window.shopify.scopes.request(["read_all_orders"]);
    say(answer.result === "granted-all" ? "All your orders are read now." : "It stays with the last 60 days.");
  }));
  if (window.shopify) plan();
})();
