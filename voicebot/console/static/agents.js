// The agents' desk: who waits, the conversation, suggested answers, the outcome.
import { AgentLine } from "./agents-line.js";
import { SoundProblem } from "./talk-sound.js";

const $ = (id) => document.getElementById(id);
const settings = JSON.parse($("settings").textContent);
const say = (key, values = {}) => (settings.words[`agents.${key}`] ?? settings.words[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
const title = document.title;
const AGAIN_MS = [300, 1000, 2000, 4000];

let stage = "idle"; // idle, connecting, talking, after
let caller = null; // the card of the one at this desk
let line = null;
let began = 0;
let heard = ""; // what the caller said last
let given = []; // answers that were given, for learning
let known = new Set(); // callers that were waiting when last looked
let tries = 0;
let taking = false;
let done = ""; // the call whose outcome was put down last

function made(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function button(text, className, act, label) {
  const node = made("button", className, text);
  node.type = "button";
  if (label) node.setAttribute("aria-label", label);
  node.addEventListener("click", act);
  return node;
}

function clock(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = String(seconds % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

setInterval(() => {
  for (const node of document.querySelectorAll("[data-since]")) {
    const waited = Date.now() - Date.parse(node.dataset.since);
    node.textContent = clock(waited);
    node.classList.toggle("long", waited > 120000);
  }
  if (began) $("clock").textContent = clock(Date.now() - began);
}, 1000);

async function ask(path, content) {
  const answer = await fetch(settings.desk + path, {
    method: content === undefined ? "GET" : "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').content },
    body: content === undefined ? undefined : JSON.stringify(content),
  }).catch(() => null);
  const found = (await answer?.json().catch(() => ({}))) ?? {};
  return answer?.ok ? found : { problem: found.problem || "failed" };
}

function problem(kind) {
  $("problem").hidden = !kind;
  $("problem").textContent = kind ? say(`problem_${kind}`) : "";
}

function tell(text) {
  $("told").textContent = text;
}

// Who waits

const FEELINGS = { angry: "bad", displeased: "warn", glad: "good" };

function badges(one) {
  const row = made("p", "badges");
  const add = (text, kind = "") => row.append(made("span", `badge ${kind}`, text));
  if (one.first) add(say("first_again"), "accent");
  if (one.mine) add(say("for_me"), "accent");
  else if (one.wanted) add(say("for_other", { name: one.wanted }));
  if (one.priority > 0) add(say("priority_high"), "warn");
  if (FEELINGS[one.feeling]) add(say(`console.feeling_${one.feeling}`), FEELINGS[one.feeling]);
  if (one.queue && settings.queues.length > 1) add(one.queue);
  add(one.language === "ko" ? "한국어" : "English");
  add(say(`console.channel_${one.way}`));
  if (settings.words[`agents.reason_${one.reason}`]) add(say(`reason_${one.reason}`));
  return row;
}

function waitingItem(one) {
  const item = made("li");
  item.dataset.call = one.call;
  const top = made("p", "top");
  const since = made("span", "number");
  since.dataset.since = one.since;
  since.textContent = clock(Date.now() - Date.parse(one.since));
  const summary = one.summary || say("no_summary");
  top.append(made("span", one.summary ? "summary" : "soft", summary), since);
  const actions = made("p", "row");
  actions.append(
    button(say("take"), "primary compact", () => take(one), say("take_named", { summary })),
    button(say("decline"), "quiet compact", () => ask(`/callers/${one.call}/decline`, {}), say("decline_named", { summary })),
  );
  item.append(top, badges(one), actions);
  return item;
}

// Whoever stands on a button with the keyboard stays there, whatever changes around it.
function put(list, items) {
  const active = document.activeElement;
  const row = active?.closest("li[data-call]");
  const place = row && list.contains(row) ? [row.dataset.call, [...row.querySelectorAll("button")].indexOf(active)] : null;
  list.replaceChildren(...items);
  if (place) [...list.children].find((one) => one.dataset.call === place[0])?.querySelectorAll("button")[place[1]]?.focus();
}

let shownWaiting = "";
let shownLater = "";

function showDesk(desk) {
  const now = JSON.stringify(desk.waiting) + stage;
  if (now !== shownWaiting) {
    shownWaiting = now;
    put($("waiting"), desk.waiting.map(waitingItem));
    for (const node of $("waiting").querySelectorAll("button.primary")) node.disabled = stage !== "idle";
  }
  $("nobody").hidden = desk.waiting.length > 0;
  $("count").textContent = desk.waiting.length;
  $("count").className = desk.waiting.length ? "badge warn" : "badge";
  document.title = desk.waiting.length ? `(${desk.waiting.length}) ${title}` : title;
  const fresh = desk.waiting.filter((one) => !known.has(one.call));
  known = new Set(desk.waiting.map((one) => one.call));
  if (fresh.length) announce(fresh[0], desk.state);
  for (const input of document.querySelectorAll('[name="state"]')) input.checked = input.value === desk.state;
  showLater(desk.later);
  showPlaces(desk.agents);
  // The page was loaded anew in the middle of a call.
  if (desk.mine && stage === "idle" && !taking && desk.mine.call !== done) resume(desk.mine);
}

function announce(one, state) {
  if (state === "break") return;
  tell(`${say("new_caller")} ${one.summary}`);
  if ($("chime").checked) chime();
  if (document.hidden && window.Notification?.permission === "granted") {
    const note = new Notification(say("new_caller"), { tag: "voicebot-desk", silent: true });
    note.addEventListener("click", () => window.focus());
  }
}

// Two soft notes. A browser plays nothing before the first click on the page, and that is all right.
function chime() {
  const context = new AudioContext();
  [660, 880].forEach((hertz, place) => {
    const at = context.currentTime + place * 0.18;
    const tone = context.createOscillator();
    const gain = context.createGain();
    tone.frequency.value = hertz;
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(0.06, at + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.0005, at + 0.4);
    tone.connect(gain).connect(context.destination);
    tone.start(at);
    tone.stop(at + 0.45);
  });
  setTimeout(() => context.close(), 1200);
}

function showPlaces(agents) {
  const others = agents.filter((one) => one.name !== settings.me && one.state === "available");
  const wanted = JSON.stringify(others);
  if ($("pass").dataset.shown === wanted) return;
  $("pass").dataset.shown = wanted;
  const choice = (value, text) => {
    const option = made("option", "", text);
    option.value = value;
    return option;
  };
  $("pass").replaceChildren(
    choice("", `${say("pass_to")}…`),
    choice("bot", say("pass_bot")),
    choice("queue", say("pass_queue")),
    ...(settings.queues.length > 1 ? settings.queues.map((name) => choice(`queue ${name}`, say("pass_named", { name }))) : []),
    ...others.map((one) => choice(`to ${one.name}`, say("pass_person", { name: one.shown }))),
  );
}

// Who is to be contacted

function laterItem(one, kind, later) {
  const item = made("li");
  item.dataset.call = one.id;
  const top = made("p", "top");
  const at = new Intl.DateTimeFormat(settings.language, { dateStyle: "short", timeStyle: "short" }).format(new Date(one.at));
  top.append(made("span", "summary", one.summary || say(kind)), made("span", "small soft nowrap", at));
  const row = made("p", "badges");
  row.append(made("span", "badge", say(kind)), made("span", "badge", one.language === "ko" ? "한국어" : "English"));
  if (one.attempts) row.append(made("span", "badge", say("callback_attempts", { count: one.attempts })));
  if (one.seconds) row.append(made("span", "badge", say("voicemail_seconds", { count: one.seconds })));
  const actions = made("p", "row");
  if (one.number) {
    const number = made("a", "number", one.number);
    number.href = `tel:${one.number}`;
    actions.append(number);
  }
  if (kind === "callback") {
    if (one.dialling) actions.append(made("span", "badge accent", say("callback_dialling")));
    else if (later.dials) actions.append(button(say("callback_dial"), "compact", () => settle(`/callbacks/${one.id}`, { what: "dial" })));
  } else if (later.plays) {
    actions.append(
      button(say("voicemail_play"), "compact", ({ target }) => {
        const player = made("audio");
        player.controls = true;
        player.src = `${settings.desk}/voicemails/${one.id}`;
        player.setAttribute("aria-label", say("voicemail"));
        player.addEventListener("error", () => problem("failed"));
        target.replaceWith(player);
        player.play().catch(() => {});
      }),
    );
  }
  const done = kind === "callback" ? [`/callbacks/${one.id}`, { what: "done" }] : [`/voicemails/${one.id}`, {}];
  actions.append(button(say("callback_done"), "quiet compact", () => settle(...done)));
  item.append(top, row, actions);
  return item;
}

async function settle(path, content) {
  const { problem: kind } = await ask(path, content);
  problem(kind);
}

function showLater(later) {
  if (!later) return;
  const now = JSON.stringify(later);
  if (now === shownLater) return;
  shownLater = now;
  const items = [...later.callbacks.map((one) => laterItem(one, "callback", later)), ...later.voicemails.map((one) => laterItem(one, "voicemail", later))];
  put($("later"), items);
  $("later-count").textContent = items.length;
  $("no-later").hidden = items.length > 0;
}

// The conversation

function show(next) {
  stage = next;
  $("conversation").dataset.stage = next;
  const here = next === "connecting" ? "talking" : next;
  for (const part of document.querySelectorAll("[data-for]")) part.hidden = !part.dataset.for.split(" ").includes(here);
  $("about").hidden = next === "idle";
  $("controls").hidden = here !== "talking" || caller?.way !== "browser";
  $("own").hidden = caller?.way !== "browser";
  for (const node of $("waiting").querySelectorAll("button.primary")) node.disabled = next !== "idle";
}

function lineState(name) {
  // Why it ended is still to be read while the outcome is put down.
  if (["caller_left", "line_gone"].includes(name)) $("line-state").dataset.final = "1";
  else delete $("line-state").dataset.final;
  $("line-state").textContent = say(name);
  $("line-state").className = `badge ${{ talking: "good", held: "warn", caller_left: "", line_lost: "bad", line_gone: "bad" }[name] ?? "accent"}`;
}

async function take(one) {
  await start(one, async () => {
    const { caller: taken, problem: kind } = await ask(`/callers/${one.call}/accept`, {});
    if (kind) problem(kind);
    return taken;
  });
}

async function resume(one) {
  await start(one, async () => one);
}

async function start(one, claim) {
  if (taking) return;
  taking = true;
  problem("");
  const fresh = one.way === "browser" ? newLine() : null;
  try {
    await fresh?.prepare();
    const taken = await claim();
    if (taken) begin(taken, fresh);
    else fresh?.close();
  } catch (error) {
    fresh?.close();
    problem(error instanceof SoundProblem ? error.kind : "unsupported");
  }
  taking = false;
}

function begin(one, fresh) {
  caller = one;
  line = fresh;
  given = [];
  heard = "";
  tries = 0;
  began = Date.now();
  $("clock").textContent = "0:00";
  $("lines").replaceChildren();
  $("answers").replaceChildren();
  $("search").value = "";
  $("suggestions-for").textContent = say("suggestions_hint");
  $("mute").setAttribute("aria-pressed", "false");
  $("mute").textContent = say("mute");
  held(false);
  show("connecting");
  lineState(one.way === "browser" ? "connecting" : one.rings ? "ringing" : "on_telephone");
  line?.open(one.call);
  if (!line) {
    show("talking");
    $("hang-up").hidden = true;
    const over = button(say("hang_up"), "danger", finish);
    over.id = "phone-over";
    $("phone-over")?.remove();
    $("about").append(over);
  } else $("phone-over")?.remove();
  $("hang-up").hidden = !line;
  told(one.call);
  $("conversation-title").focus();
}

function newLine() {
  const fresh = new AgentLine(settings);
  fresh.addEventListener("caption", ({ detail }) => spoken(detail));
  fresh.addEventListener("level", ({ detail }) => ($("caller-level").value = Math.min(1, detail * 6)));
  fresh.addEventListener("microphone", () => problem("no_microphone"));
  fresh.addEventListener("state", ({ detail }) => {
    if (detail === "joined") {
      tries = 0;
      show("talking");
      lineState("talking");
      held(false);
    } else if (detail === "held") {
      lineState("held");
      held(true);
    } else if (detail === "caller_left") lineState("caller_left");
  });
  fresh.addEventListener("over", ({ detail }) => {
    if (fresh !== line) return;
    if (detail.told) finish();
    else again();
  });
  return fresh;
}

// The socket was lost: the caller is first in the line again, and this desk asks for the same caller.
function again() {
  lineState("line_lost");
  if (tries >= AGAIN_MS.length) {
    lineState("line_gone");
    finish();
    return;
  }
  const { call } = caller;
  setTimeout(async () => {
    const taken = await ask(`/callers/${call}/accept`, {});
    if (caller?.call !== call || !line) return;
    if (taken.problem === "gone") {
      lineState("line_gone");
      finish();
    } else if (taken.problem) again();
    else line.open(call);
  }, AGAIN_MS[tries++]);
}

function finish() {
  line?.close();
  line = null;
  began = 0;
  if (!$("line-state").dataset.final) lineState("state_after_call");
  $("phone-over")?.remove();
  $("caller-level").value = 0;
  show("after");
  document.querySelector("#topics input")?.focus();
  setState("after_call");
}

async function told(call) {
  const about = await ask(`/callers/${call}`);
  if (caller?.call !== call || about.problem) return;
  showFacts(about);
  const before = about.transcript.filter((one) => one.text);
  if (before.length) {
    $("lines").prepend(made("li", "line divider", say("transcript_before")), ...before.map((one) => lineItem(one)));
    $("nothing-said").hidden = true;
    heard = before.filter((one) => one.who === "caller" && !one.text.startsWith("[")).at(-1)?.text ?? heard;
    if (heard) suggest(heard);
    $("log").scrollTop = $("log").scrollHeight;
  }
  $("topics").replaceChildren(
    ...[...about.topics, { name: "other", title: say("after_other") }].map(({ name, title: text }, place) => {
      const label = made("label");
      const input = made("input");
      input.type = "radio";
      input.name = "about";
      input.value = name;
      input.checked = place === 0;
      label.append(input, text);
      return label;
    }),
  );
}

function showFacts(about) {
  const facts = [];
  const add = (name, ...content) => {
    const value = made("dd");
    value.append(...content);
    facts.push(made("dt", "", name), value);
  };
  const list = (items) => {
    const node = made("ul");
    node.append(...items.map((item) => made("li", "", item)));
    return node;
  };
  if (about.summary) add(say("summary"), about.summary);
  if (about.number) add(say("number"), about.number);
  add(say("caller_language"), caller.language === "ko" ? "한국어" : "English");
  if (caller.feeling) add(say("feeling"), made("span", `badge ${FEELINGS[caller.feeling] ?? ""}`, say(`console.feeling_${caller.feeling}`)));
  if (about.slots.length) add(say("slots"), list(about.slots.map((one) => `${one.title}: ${one.value}`)));
  const tried = about.tried.map((one) => (one.kind === "other" ? one.what : say(`tried_${one.kind}`, { what: one.what })));
  if (tried.length) add(say("tried"), list(tried));
  const day = new Intl.DateTimeFormat(settings.language, { dateStyle: "medium" });
  const earlier = about.earlier.map((one) => [day.format(new Date(one.began)), one.goal, one.resolved === null ? "" : say(one.resolved ? "resolved" : "not_resolved")].filter(Boolean).join(" · "));
  add(say("earlier"), earlier.length ? list(earlier) : say("no_earlier"));
  $("facts").replaceChildren(...facts);
}

function lineItem({ who, text }) {
  const item = made("li", `line ${who}`);
  const keys = text.match(/^\[(\d+) keys\]$/);
  item.append(made("span", "who", say(`said_${who}`)), made("span", "", keys ? say("keys", { count: keys[1] }) : text === "[...]" ? say("secret") : text));
  return item;
}

function spoken(told) {
  if (!told.final) return;
  const atEnd = $("log").scrollHeight - $("log").scrollTop - $("log").clientHeight < 80;
  $("lines").append(lineItem(told));
  $("nothing-said").hidden = true;
  if (atEnd) $("log").scrollTop = $("log").scrollHeight;
  if (told.who === "caller") {
    heard = told.text;
    if (!$("search").value.trim()) suggest(heard);
  }
}

// Suggested answers

let asked = 0;

async function suggest(question) {
  const mine = ++asked;
  const query = new URLSearchParams({ question, language: caller?.language ?? settings.language });
  const { suggestions, problem: kind } = await ask(`/suggestions?${query}`);
  if (mine !== asked || kind || !caller) return;
  $("suggestions-for").textContent = suggestions.length ? say("suggestions_for", { question: question.slice(0, 60) }) : say("no_suggestions");
  $("answers").replaceChildren(...suggestions.map(answerItem));
}

function answerItem(one) {
  const item = made("li");
  const head = made("h4");
  head.append(made("span", "", one.title), made("span", "badge", say(`kind_${one.kind}`)));
  const actions = made("p", "row");
  const use = (how) => given.push({ question: heard, answer: one.answer, kind: one.kind, source: one.source, how });
  actions.append(
    button(say("copy"), "compact", async () => {
      await navigator.clipboard?.writeText(one.answer).catch(() => {});
      use("copied");
      tell(say("copied"));
    }, `${say("copy")}: ${one.title}`),
  );
  if (line) {
    actions.append(
      button(say("say"), "compact", () => {
        line?.ask("say", { text: one.answer.slice(0, 300) });
        use("said");
        tell(say("saying"));
      }, `${say("say")}: ${one.title}`),
    );
  }
  item.append(head, made("p", "answer", one.answer), actions);
  return item;
}

let typing = 0;
$("search").addEventListener("input", () => {
  clearTimeout(typing);
  const question = $("search").value.trim();
  typing = setTimeout(() => suggest(question || heard), 250);
});
$("own").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("own-words").value.trim();
  if (!text || !line) return;
  line.ask("say", { text });
  given.push({ question: heard, answer: text, kind: "typed", source: "", how: "said" });
  $("own-words").value = "";
  tell(say("saying"));
});

// What the agent does with the line

function held(on) {
  $("hold").setAttribute("aria-pressed", String(on));
  $("hold").textContent = say(on ? "unhold" : "hold");
}

$("mute").addEventListener("click", () => {
  const muted = $("mute").getAttribute("aria-pressed") !== "true";
  line?.mute(muted);
  $("mute").setAttribute("aria-pressed", String(muted));
  $("mute").textContent = say(muted ? "unmute" : "mute");
});
$("hold").addEventListener("click", () => line?.ask("hold", { on: $("hold").getAttribute("aria-pressed") !== "true" }));
$("hang-up").addEventListener("click", () => line?.ask("hang_up"));
$("pass").addEventListener("change", () => {
  const wanted = $("pass").value;
  $("pass").value = "";
  if (wanted === "bot") line?.ask("bot");
  else if (wanted) line?.ask("transfer", wanted.startsWith("to ") ? { to: wanted.slice(3) } : { queue: wanted.slice(6) });
});

// The outcome

$("after").addEventListener("submit", async (event) => {
  event.preventDefault();
  const resolved = event.submitter?.value === "yes";
  const about = document.querySelector('#topics input:checked')?.value ?? "other";
  const closed = await ask(`/callers/${caller.call}/close`, { about, resolved, note: $("note").value, answers: given });
  if (closed.problem) {
    problem(closed.problem);
    return;
  }
  problem("");
  tell(say("after_saved"));
  $("note").value = "";
  done = caller.call;
  caller = null;
  show("idle");
  setState("available");
  $("conversation-title").focus();
});

async function setState(state) {
  for (const input of document.querySelectorAll('[name="state"]')) input.checked = input.value === state;
  const { problem: kind } = await ask("/state", { state });
  if (kind) problem(kind);
}

$("states").addEventListener("change", ({ target }) => {
  setState(target.value);
  if (target.value === "available" && window.Notification?.permission === "default") Notification.requestPermission().catch(() => {});
});

$("chime").checked = localStorage.getItem("voicebot-desk-chime") !== "off";
$("chime").addEventListener("change", () => localStorage.setItem("voicebot-desk-chime", $("chime").checked ? "on" : "off"));

const feed = new EventSource(settings.feed);
feed.addEventListener("desk", ({ data }) => {
  if ($("problem").dataset.lost) {
    delete $("problem").dataset.lost;
    problem("");
  }
  showDesk(JSON.parse(data));
});
feed.addEventListener("error", () => {
  $("problem").dataset.lost = "1";
  $("problem").textContent = say("lost");
  $("problem").hidden = false;
});
window.addEventListener("pagehide", () => {
  feed.close();
  line?.close();
});
show("idle");
