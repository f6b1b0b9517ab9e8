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
  find("look-again").addEventListener("click", async (event) => {
    const button = event.currentTarget;
    button.disabled = true;
    try {
      show(await call("look-again", "POST"));
      put(find("said"), "Shelfwise looks at your theme.");
      pause = PACE;
    } catch {
      put(find("said"), "That did not work. Try again in a minute.");
    }
    setTimeout(() => { button.disabled = false; look(); }, PACE);
  });
  if (window.shopify) plan();
})();
