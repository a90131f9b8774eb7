// The page works without this file: every form can be sent as it is, and is
// when something here fails.

const say = (text) => { document.querySelector("#status").textContent = text; };

const post = (form, accept) => fetch(form.action, {
  method: "POST",
  headers: { Accept: accept },
  body: new URLSearchParams(new FormData(form, form.querySelector("button[name=do]"))),
});

// giveUp lets the browser send the form; the answer says what is wrong.
const giveUp = (form) => {
  const chosen = document.createElement("input");
  chosen.type = "hidden";
  chosen.name = "do";
  chosen.value = form.querySelector("button[name=do]").value;
  form.append(chosen);
  form.submit();
};

// A value is fetched when it is asked for, and leaves the page when it is hidden.
async function toggle(form) {
  const place = form.closest("[data-var]");
  const name = form.dataset.reveal;
  const button = form.querySelector("button");
  const value = place.querySelector(".value");
  if (button.value === "show") {
    const word = document.createElement("span");
    word.className = "hidden";
    word.textContent = "Hidden";
    value.replaceChildren(word);
  } else {
    const answer = await post(form, "text/plain");
    if (!answer.ok || !answer.headers.get("Content-Type").startsWith("text/plain")) return giveUp(form);
    const code = document.createElement("code");
    code.textContent = await answer.text();
    value.replaceChildren(code);
  }
  button.value = button.value === "show" ? "reveal" : "show";
  button.textContent = (button.value === "show" ? "Hide " : "Reveal ") + name;
  offerCopies();
}

// offerCopies shows the copy buttons of values that can be seen.
function offerCopies() {
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = !button.closest("[data-var]").querySelector(".value code");
  }
}

// A platform's frame may keep the clipboard from us; selecting is always possible.
async function copy(button) {
  const code = button.closest("[data-var]").querySelector(".value code");
  try {
    if (document.featurePolicy?.allowsFeature("clipboard-write") === false) throw new Error("not in this frame");
    await navigator.clipboard.writeText(code.textContent);
  } catch {
    getSelection().selectAllChildren(code);
    if (!document.execCommand("copy")) return say("Selected " + button.dataset.copy + ": copy it with your keyboard.");
  }
  say("Copied " + button.dataset.copy + ".");
}

// follow looks again while the resource changes, and touches the page only when
// it has changed.
async function follow() {
  const main = document.querySelector("main[data-changing]");
  const form = main?.querySelector("form[data-refresh]");
  if (!form) return;
  if (!document.hidden) {
    try {
      const answer = await post(form, "text/html");
      if (!answer.ok) return giveUp(form);
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const next = fresh.querySelector("main");
      if (next.dataset.state !== main.dataset.state) {
        document.title = fresh.title;
        main.replaceWith(document.adoptNode(next));
        offerCopies();
        say("State: " + next.querySelector(".state").textContent + ".");
      }
    } catch {
      // No connection: the next look may find one.
    }
  }
  setTimeout(follow, 3000);
}

document.addEventListener("submit", (event) => {
  if (!event.target.dataset.reveal) return;
  event.preventDefault();
  toggle(event.target).catch(() => giveUp(event.target));
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});

offerCopies();
setTimeout(follow, 3000);
