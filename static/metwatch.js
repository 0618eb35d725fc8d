// The little script Metwatch owns. Every page works without it: it adds keys, saves a click, and guards against a lost or doubled entry.
(() => {
  "use strict";
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  document.documentElement.classList.add("js");

  const typing = (target) => target instanceof Element && target.closest("input, select, textarea, [contenteditable]");

  // Triage: j and k move the marked row, enter opens it, a goes to its acknowledge form.
  const rows = all("table.triage tbody tr");
  let at = rows.findIndex((row) => row.classList.contains("here"));
  const mark = (next) => {
    if (!rows.length) return;
    rows[at]?.classList.remove("here");
    at = Math.max(0, Math.min(rows.length - 1, next));
    rows[at].classList.add("here");
    one("a.id, .id a", rows[at])?.focus({ preventScroll: true });
    rows[at].scrollIntoView({ block: "nearest" });
  };
  const acknowledge = () => {
    const here = one("[data-acknowledge]");
    if (here) {
      const details = here.closest("details");
      if (details) details.open = true;
      here.focus();
      return;
    }
    const link = at >= 0 ? one("a.id, .id a", rows[at]) : null;
    if (link) location.href = `${link.href}#acknowledge`;
  };
  if (location.hash === "#acknowledge") acknowledge();

  // The patient page knows its neighbours on the list as rel=prev and rel=next.
  const follow = (rel) => one(`a[rel="${rel}"]`)?.click();

  const keys = {
    j: () => (rows.length ? mark(at + 1) : follow("next")),
    k: () => (rows.length ? mark(at - 1) : follow("prev")),
    a: acknowledge,
    "/": () => one("[data-search]")?.focus(),
    "?": () => one("#keys")?.showModal?.(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || one("dialog[open]")) return;
    if (event.key === "Enter" && at >= 0 && !event.target.closest("a, button, summary")) {
      one("a.id, .id a", rows[at])?.click();
      return;
    }
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  all("[data-keys]").forEach((button) => button.addEventListener("click", keys["?"]));

  // Filters send themselves; the button is for readers without script.
  all("form[data-auto]").forEach((form) => {
    form.addEventListener("change", (event) => {
      if (event.target.matches("select, input[type=checkbox], input[type=radio], input[type=date]")) form.requestSubmit();
    });
    all("[data-auto-button]", form).forEach((button) => { button.hidden = true; });
  });

  // A second click does not post twice. The server's idempotency key is the wall; this only keeps the reader calm.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    all("button[type=submit], button:not([type])", form).forEach((button) => button.setAttribute("aria-disabled", "true"));
  });
  // The back button may bring a page back out of memory, after a sign-out too: what is shown is asked of the server again.
  const signed = one('form[action="/sign-out"]');
  addEventListener("pagehide", (event) => { if (signed && event.persisted) document.body.hidden = true; });
  addEventListener("pageshow", (event) => {
    if (signed && event.persisted) { location.reload(); return; }
    all("form[data-sent]").forEach((form) => {
      delete form.dataset.sent;
      all("button", form).forEach((button) => button.removeAttribute("aria-disabled"));
    });
  });

  // Leaving an entry form with unsaved values asks first.
  all("form[data-guard]").forEach((form) => {
    let changed = form.dataset.guard === "changed";
    form.addEventListener("input", () => { changed = true; });
    form.addEventListener("submit", () => { changed = false; });
    addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });
  });

  // A suggested value goes into its box; without script the button posts it.
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-mend-for]");
    if (!button) return;
    const box = document.getElementById(button.dataset.mendFor);
    if (!box) return;
    event.preventDefault();
    box.value = button.dataset.mend;
    box.removeAttribute("aria-invalid");
    box.closest(".field")?.classList.remove("hard", "soft");
    box.dispatchEvent(new Event("input", { bubbles: true }));
    box.focus();
    button.closest("p")?.remove();
  });

  // Another assay reports in another unit: the one beside the result follows, and is sent along. Without script the server
  // finds the two at odds and asks.
  all("[data-units]").forEach((boxes) => {
    const units = JSON.parse(boxes.dataset.units || "{}");
    const told = one("[data-unit-of]", boxes);
    if (!told) return;
    const boxOf = (name) => document.getElementById(name)?.parentElement;
    const beside = [boxOf(told.dataset.unitOf), boxOf(`${boxes.dataset.measure}.lod`)].map((box) => box && one(".unit", box)).filter(Boolean);
    document.getElementById(`${boxes.dataset.measure}.assay`)?.addEventListener("change", (event) => {
      const unit = units[event.target.value];
      if (!unit) return;
      told.value = unit;
      beside.forEach((place) => { place.textContent = unit; });
    });
  });

  // The summary of what to mend is read first, and its links go to the box itself.
  one(".errors")?.focus();
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('.errors a[href^="#"]');
    const box = link && document.getElementById(link.hash.slice(1));
    if (box) { event.preventDefault(); box.focus(); box.scrollIntoView({ block: "center" }); }
  });
})();
