// Labelling by the keyboard: the next turns are fetched ahead, what was typed is never lost.
import { combobox } from "./labelling-combobox.js";

const $ = (id) => document.getElementById(id);
const settings = JSON.parse($("settings").textContent);
const say = (key, values = {}) => (settings.words[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
const stage = $("stage");
const url = location.pathname;
const AHEAD = 3;
const MOST_BACK = 20;
const KEYS = "voicebot-labelling-keys";

let ahead = []; // cards to come: {turn, html}
let back = []; // cards that were saved, as they were, the newest last
const skipped = new Set();
let fetching = null;
let saving = false;

// What was typed stays with this tab until it is saved, whatever happens to the page.
const draft = {
  key: (turn) => `voicebot-label-${turn}`,
  keep(form) {
    const content = Object.fromEntries([...new FormData(form)].filter(([name]) => !["csrf_token", "turn", "sample"].includes(name)));
    sessionStorage.setItem(this.key(form.dataset.turn), JSON.stringify(content));
  },
  restore(form) {
    const kept = JSON.parse(sessionStorage.getItem(this.key(form.dataset.turn)) ?? "null");
    if (!kept) return;
    for (const field of form.elements) {
      if (field.type === "radio") field.checked = field.value === kept[field.name];
      else if (field.name in kept) field.value = kept[field.name];
    }
  },
  drop: (turn) => sessionStorage.removeItem(draft.key(turn)),
};

function tell(text) {
  $("told").textContent = "";
  requestAnimationFrame(() => ($("told").textContent = text));
}

function problem(form, text, field = "") {
  const box = form.querySelector("#turn-problem");
  box.textContent = text;
  box.hidden = !text;
  for (const wrong of form.querySelectorAll("[aria-invalid]")) wrong.removeAttribute("aria-invalid");
  if (!text) return;
  const at = field === "intent" ? form.querySelector("#other") : field && form.elements[field];
  if (at) {
    at.setAttribute("aria-invalid", "true");
    at.focus();
  } else box.scrollIntoView({ block: "nearest" });
}

// One card

function begin() {
  const form = $("turn-form");
  $("nothing").hidden = Boolean(form);
  if (!form) return;
  draft.restore(form);
  for (const button of form.querySelectorAll("[data-act]")) {
    button.hidden = button.dataset.act === "back" && !back.length;
    button.addEventListener("click", () => actions[button.dataset.act](form));
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save(form);
  });
  form.addEventListener("input", () => {
    draft.keep(form);
    slots(form);
  });
  const other = form.querySelector("#other");
  combobox(other, settings.intents, {
    label: say("options"),
    found: (count) => tell(count ? say("chosen", { count }) : say("no_match")),
    choose: (name) => {
      const likely = [...form.elements.choice].find((radio) => radio.value === name);
      (likely ?? [...form.elements.choice].find((radio) => radio.value === ":other")).checked = true;
      draft.keep(form);
      slots(form);
      (likely ?? form.querySelector(".actions .primary")).focus();
    },
  });
  other.addEventListener("input", () => {
    [...form.elements.choice].find((radio) => radio.value === ":other").checked = true;
  });
  // The fields are left with Enter: what is said in one breath has no lines.
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing && !event.defaultPrevented && event.target.matches("textarea, select")) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  slots(form);
  form.focus({ preventScroll: true });
  fill();
}

function intent(form) {
  const chosen = form.elements.choice.value;
  if (chosen !== ":other") return chosen;
  const typed = form.elements.other.value.trim().toLowerCase();
  return settings.intents.find((one) => one.title.toLowerCase() === typed || one.name === typed)?.name ?? "";
}

function slots(form) {
  const parts = form.querySelector("[data-slots]");
  if (!parts) return;
  const chosen = intent(form);
  let shown = 0;
  for (const field of parts.querySelectorAll("[data-slot-of]")) {
    field.hidden = !field.dataset.slotOf.split(" ").includes(chosen);
    shown += !field.hidden;
  }
  parts.hidden = !shown;
}

const actions = {
  play(form) {
    const audio = form.querySelector("audio");
    if (!audio) return tell(say("no_sound"));
    audio.currentTime = 0;
    audio.play().catch(() => tell(say("no_sound")));
  },
  skip(form) {
    skipped.add(form.dataset.turn);
    tell(say("skipped"));
    show();
  },
  back() {
    const last = back.pop();
    if (!last) return tell(say("back_first"));
    const here = $("turn-form");
    if (here) ahead.unshift({ turn: here.dataset.turn, html: here.outerHTML });
    put(last.html);
  },
};

function put(html) {
  stage.innerHTML = html;
  for (const audio of stage.querySelectorAll("audio")) audio.preload = "auto";
  begin();
  stage.scrollIntoView({ block: "nearest" });
}

// Saving, and what comes next

async function send(form) {
  const content = new FormData(form);
  content.set("csrf_token", document.querySelector('meta[name="csrf-token"]').content);
  const answer = await fetch(url, { method: "POST", body: content, headers: { Accept: "application/json" }, redirect: "manual" });
  if (answer.type === "opaqueredirect" || answer.status === 401) return { problem: say("signed_out") };
  const found = await answer.json().catch(() => null);
  if (!found) return { problem: say("save_failed"), again: answer.status === 400 };
  return found;
}

async function renew() {
  // The session may be a new one: its forms have another token.
  const page = await fetch(url, { redirect: "manual" });
  const text = page.ok ? await page.text() : "";
  const token = new DOMParser().parseFromString(text, "text/html").querySelector('meta[name="csrf-token"]');
  if (token) document.querySelector('meta[name="csrf-token"]').content = token.content;
  return Boolean(token);
}

async function save(form) {
  if (saving) return;
  saving = true;
  stage.setAttribute("aria-busy", "true");
  problem(form, "");
  draft.keep(form);
  let answer;
  try {
    answer = await send(form);
    if (answer.again && (await renew())) answer = await send(form);
  } catch {
    answer = { problem: say("save_failed") };
  }
  saving = false;
  stage.removeAttribute("aria-busy");
  if (answer.problem) return problem(form, answer.problem, answer.field);
  draft.drop(form.dataset.turn);
  remember(form);
  for (const [name, value] of Object.entries(answer.progress)) {
    const place = document.querySelector(`[data-progress="${name}"]`);
    if (place) place.textContent = value.toLocaleString();
  }
  $("to-decide").textContent = answer.progress.conflicts + answer.progress.waiting;
  tell(say("saved", { left: answer.progress.left }));
  await show();
}

function remember(form) {
  // Values into attributes, so that the card comes back as it was saved.
  for (const field of form.elements) {
    if (field.type === "radio") field.toggleAttribute("checked", field.checked);
    else if (field.tagName === "TEXTAREA") field.textContent = field.value;
    else if (field.tagName === "SELECT") for (const one of field.options) one.toggleAttribute("selected", one.selected);
    else if (field.name && field.type !== "hidden") field.setAttribute("value", field.value);
  }
  for (const list of form.querySelectorAll('[role="listbox"]')) list.remove();
  back.push({ turn: form.dataset.turn, html: form.outerHTML });
  back = back.slice(-MOST_BACK);
}

function fill() {
  if (fetching || ahead.length >= AHEAD) return fetching;
  const known = [$("turn-form")?.dataset.turn, ...ahead.map((card) => card.turn), ...skipped].filter(Boolean);
  const query = new URLSearchParams({ count: AHEAD, skip: known.slice(-200).join(",") });
  fetching = fetch(`${url}/next?${query}`, { redirect: "manual", headers: { Accept: "application/json" } })
    .then((answer) => (answer.ok ? answer.json() : { cards: [] }))
    .then(({ cards }) => {
      const here = new Set([$("turn-form")?.dataset.turn, ...ahead.map((card) => card.turn)]);
      ahead.push(...cards.filter((card) => !here.has(card.turn)));
    })
    .catch(() => {})
    .finally(() => (fetching = null));
  return fetching;
}

async function show() {
  if (!ahead.length) await fill();
  const next = ahead.shift();
  if (next) return put(next.html);
  if (skipped.size) {
    // What was put off comes again.
    skipped.clear();
    await fill();
    if (ahead.length) return put(ahead.shift().html);
  }
  stage.replaceChildren();
  $("nothing").hidden = false;
  tell(say("nothing_left"));
}

// Keys: by their place on the keyboard, so that they work with Hangul switched on too.

const toggle = $("keys");
function keysOn(on) {
  toggle.checked = on;
  document.documentElement.classList.toggle("keys-off", !on);
}
document.querySelector("[data-keys]").hidden = false;
keysOn(localStorage.getItem(KEYS) !== "off");
toggle.addEventListener("change", () => {
  localStorage.setItem(KEYS, toggle.checked ? "on" : "off");
  keysOn(toggle.checked);
  tell(say(toggle.checked ? "keys_on" : "keys_off"));
});

const byKey = {
  KeyP: actions.play,
  KeyT: transcript,
  KeyF: other,
  KeyS: firstSlot,
  KeyN: actions.skip,
  KeyB: actions.back,
  KeyX: (form) => choose(form, ":unintelligible"),
};
const typing = (target) => target.matches("textarea, select, input:not([type=radio], [type=checkbox])");

document.addEventListener("keydown", (event) => {
  const form = $("turn-form");
  if (!form || event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && typing(event.target)) {
    event.preventDefault();
    return form.focus();
  }
  if (!toggle.checked || typing(event.target)) return;
  if (event.key === "Enter") {
    // A link, a button and the list of keys do what they always do.
    if (event.target.closest("a, button, summary, audio")) return;
    event.preventDefault();
    return form.requestSubmit();
  }
  const act = byKey[event.code];
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code);
  if (!act && !digit) return;
  if (event.shiftKey) return;
  event.preventDefault();
  if (act) return act(form);
  if (digit[1] === "0") return choose(form, ":out_of_scope");
  const likely = [...form.querySelectorAll(".choices input")].filter((radio) => !radio.value.startsWith(":"));
  if (likely[digit[1] - 1]) choose(form, likely[digit[1] - 1].value);
});

function choose(form, value) {
  const radio = [...form.elements.choice].find((one) => one.value === value);
  radio.checked = true;
  radio.focus();
  draft.keep(form);
  slots(form);
}

function transcript(form) {
  const field = form.elements.transcript;
  field.focus();
  field.setSelectionRange(field.value.length, field.value.length);
}

function other(form) {
  form.elements.other.focus();
  form.elements.other.select();
}

function firstSlot(form) {
  const field = form.querySelector("[data-slots]:not([hidden]) [data-slot-of]:not([hidden]) :is(input, select)");
  if (field) field.focus();
}

begin();
