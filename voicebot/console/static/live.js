// Live calls: the list, or one call, kept up to date by server-sent events.
const $ = (id) => document.getElementById(id);
const settings = JSON.parse($("settings").textContent);
const say = (key, values = {}) => (settings.words[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

function made(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

const length = (since) => clock((Date.now() - Date.parse(since)) / 1000);

function clock(exact) {
  const seconds = Math.max(0, Math.floor(exact));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  const rest = String(seconds % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

setInterval(() => {
  for (const node of document.querySelectorAll("[data-since]")) if (node.dataset.since) node.textContent = length(node.dataset.since);
}, 1000);

const FEELINGS = { angry: "bad", displeased: "warn", glad: "good" };

function feeling(node, name) {
  node.hidden = !name;
  node.className = `badge ${FEELINGS[name] || ""}`;
  node.textContent = name ? say(`console.feeling_${name}`) : "";
}

// The list

const cards = new Map();

function tile(call) {
  const item = made("li", "card stack tight live-call");
  const head = made("p", "head");
  const link = made("a", "", "");
  link.href = settings.call + encodeURIComponent(call.call);
  const since = made("span", "number");
  since.dataset.since = call.began;
  since.textContent = length(call.began);
  link.append(`${say(`console.channel_${call.channel}`)} `, since);
  const badges = made("span", "row");
  badges.append(made("span", "badge", call.language === "ko" ? "한국어" : "English"));
  const mood = made("span");
  feeling(mood, call.feeling);
  badges.append(mood);
  head.append(link, badges);
  const last = made("p", "live-last", call.last.text ? `${say(`console.who_${call.last.who}`)}: ${call.last.text}` : say("live.nothing_said"));
  item.append(head, last);
  return item;
}

function put(call) {
  const fresh = tile(call);
  const old = cards.get(call.call);
  if (!old) $("calls").append(fresh);
  // Whoever stands on the link with the keyboard stays there.
  else if (old.contains(document.activeElement)) {
    old.querySelector(".live-last").textContent = fresh.querySelector(".live-last").textContent;
    return;
  } else old.replaceWith(fresh);
  cards.set(call.call, fresh);
}

function count() {
  $("count").textContent = say("live.count", { count: cards.size });
  $("none").hidden = cards.size > 0;
}

function watchList(feed) {
  feed.addEventListener("calls", ({ data }) => {
    cards.clear();
    $("calls").replaceChildren();
    JSON.parse(data).forEach(put);
    count();
  });
  feed.addEventListener("card", ({ data }) => {
    put(JSON.parse(data));
    count();
  });
  feed.addEventListener("ended", ({ data }) => {
    const { call } = JSON.parse(data);
    cards.get(call)?.remove();
    cards.delete(call);
    count();
  });
  feed.addEventListener("error", () => ($("count").textContent = say("live.lost")));
}

// One call

let shown = 0;

function line(entry) {
  const item = made("li", `line ${entry.who}`);
  const about = [say(`console.who_${entry.who}`), clock((entry.at_ms || 0) / 1000)];
  const by = entry.facts?.by;
  if (by) about.push(say("live.by_operator", { name: by }));
  if (entry.intent) about.push(settings.titles[entry.intent] || entry.intent);
  if (entry.verdict === "confirm" || entry.verdict === "reject") about.push(say(`live.verdict_${entry.verdict}`));
  if (entry.feeling?.name && entry.feeling.name !== "neutral") about.push(say(`console.feeling_${entry.feeling.name}`));
  item.append(made("span", "who", about.join(" · ")));
  const keys = entry.listener === "keys" ? (entry.text.match(/\d+/) || ["0"])[0] : "";
  const text = keys ? say("live.keys", { count: keys }) : entry.text === "[...]" ? say("live.secret") : entry.text;
  item.append(made("span", by ? "by-operator" : "", text));
  return item;
}

function add(entry, number) {
  if (number < shown || !entry.text) {
    shown = Math.max(shown, number + 1);
    return;
  }
  shown = number + 1;
  const item = line(entry);
  $("lines").append(item);
  if ($("follow").checked) item.scrollIntoView({ block: "nearest" });
}

function watchCall(feed) {
  feed.addEventListener("call", ({ data }) => {
    const call = JSON.parse(data);
    $("state").textContent = say("console.outcome_live");
    feeling($("feeling"), call.feeling);
    call.entries.forEach(add);
  });
  feed.addEventListener("entry", ({ data }) => {
    const told = JSON.parse(data);
    feeling($("feeling"), told.feeling);
    add(told.entry, told.number);
  });
  feed.addEventListener("ended", () => {
    feed.close();
    $("state").textContent = say("live.ended");
    $("state").className = "badge";
    document.querySelector("[data-since]").removeAttribute("data-since");
    for (const control of document.querySelectorAll("[data-step] button, [data-step] textarea, #take")) control.disabled = true;
  });
  feed.addEventListener("error", () => ($("state").textContent = say("live.lost")));
}

async function stepIn(what, text = "") {
  const answer = await fetch(settings.steer, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').content },
    body: JSON.stringify({ what, text }),
  }).catch(() => null);
  const { problem } = answer && !answer.ok ? await answer.json().catch(() => ({ problem: "failed" })) : {};
  const done = Boolean(answer?.ok);
  $("done").textContent = done ? say(`live.done_${what}`) : say(`live.problem_${problem || "failed"}`);
  $("done").className = done ? "note good" : "note bad";
  return done;
}

const feed = new EventSource(settings.feed);
if ($("calls")) watchList(feed);
else watchCall(feed);
window.addEventListener("pagehide", () => feed.close());

for (const form of document.querySelectorAll("form[data-step]"))
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const field = form.elements.text;
    if (await stepIn(form.dataset.step, field.value)) field.value = "";
  });
$("take")?.addEventListener("click", () => $("sure").showModal());
$("sure")?.addEventListener("close", () => {
  if ($("sure").returnValue === "yes") stepIn("take_over");
});
