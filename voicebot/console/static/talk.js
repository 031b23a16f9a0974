// The page /talk: what is shown and said to the caller while the line and the sound do their work.
import { Line, rate } from "./talk-line.js";
import { Sound, SoundProblem, askForMicrophone } from "./talk-sound.js";

const $ = (id) => document.getElementById(id);
const settings = JSON.parse($("settings").textContent);
const words = settings.words;
const page = document.querySelector("main");

let stage = "idle"; // idle, connecting, talking, ended
let line = null;
let sound = null;
let attempt = 0;
let muted = false;
let speaking = false;
let waiting = false;
let lost = false;
let people = "";
let last = { sound: true, microphone: true };

// What is shown when

function show(next) {
  stage = next;
  page.dataset.now = next;
  for (const part of document.querySelectorAll("[data-stage]")) part.hidden = !part.dataset.stage.split(" ").includes(next);
  $("heading").classList.toggle("visually-hidden", next === "talking");
  // Another language is another page, and another call.
  $("language-choice").hidden = next === "connecting" || next === "talking";
  if (next !== "talking") openKeypad(false);
  $("mute").hidden = next !== "talking" || !sound?.microphone;
  $("call-text").textContent = { idle: words.start, connecting: words.cancel, talking: words.hang_up, ended: words.again }[next];
  $("heading").textContent = { connecting: words.connecting, ended: words.ended }[next] || words.heading;
  status();
}

// What is below a line that scrolls into view is not hidden by the controls.
new ResizeObserver(() => {
  const held = stage === "talking" ? $("controls").offsetHeight + 8 : 0;
  document.documentElement.style.scrollPaddingBottom = `${held}px`;
  if (held) toEnd();
}).observe($("controls"));

function toEnd() {
  const smooth = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  $("captions").lastElementChild?.scrollIntoView({ block: "end", behavior: smooth ? "smooth" : "auto" });
}

function status() {
  const doing = lost ? "lost" : stage === "connecting" ? "connecting" : people || (speaking ? "speaking" : waiting ? "thinking" : !sound?.microphone ? "writing" : muted ? "muted" : "listening");
  $("status").dataset.doing = doing;
  $("status-text").textContent = words[`status_${doing}`].replace("{place}", $("status-text").dataset.place);
}

function tell(text) {
  $("told").textContent = text;
}

function problem(kind, actions = []) {
  $("problem-title").textContent = words[`problem_${kind}`];
  $("problem-help").textContent = words[`problem_${kind}_help`];
  $("problem-actions").replaceChildren(
    ...actions.map(([text, act], place) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = place ? "" : "primary";
      button.textContent = text;
      button.addEventListener("click", act);
      return button;
    }),
  );
  $("problem").hidden = false;
  $("problem").dataset.kind = kind;
}

function noProblem() {
  $("problem").hidden = true;
}

const again = [words.try_again, () => begin(last)];
const writing = [words.in_writing, () => begin({ sound: false, microphone: false })];
const listening = [words.without_microphone, () => begin({ sound: true, microphone: false })];
const WAYS_ON = {
  refused: [listening, again],
  no_microphone: [listening, again],
  busy_microphone: [again, listening],
  insecure: [writing],
  unsupported: [writing],
  full: [writing, again],
  not_ready: [again],
  too_often: [again],
  connection: [again],
  lost: [again, writing],
  failed: [again, writing],
};

// A call

async function begin(how) {
  const mine = ++attempt;
  last = how;
  noProblem();
  lost = speaking = waiting = muted = false;
  people = "";
  $("mute").setAttribute("aria-pressed", "false");
  $("mute-text").textContent = words.mute;
  $("captions").replaceChildren();
  $("captions-empty").hidden = false;
  show("connecting");
  let opened = null;
  try {
    if (how.sound) {
      const microphone = how.microphone ? await askForMicrophone() : null;
      opened = await Sound.open(settings.worklet, microphone, {
        frame: (bytes, level) => {
          line?.frame(bytes);
          $("call").style.setProperty("--level", muted ? 0 : Math.min(1, level * 6).toFixed(2));
        },
        mark: (name) => line?.played(name),
        speaking: (on) => {
          speaking = on;
          if (on) waiting = false;
          status();
        },
        microphoneLost: () => {
          sound.microphone = null;
          $("mute").hidden = true;
          problem("microphone_lost");
          status();
        },
      });
    }
  } catch (error) {
    if (mine !== attempt) return;
    const kind = error instanceof SoundProblem ? error.kind : "unsupported";
    show("idle");
    problem(kind, WAYS_ON[kind]);
    return;
  }
  if (mine !== attempt) {
    opened?.close();
    return;
  }
  sound = opened;
  sound?.volume(Number($("volume").value));
  line = listenTo(new Line(settings, { sound: how.sound }));
  line.open();
}

function listenTo(line) {
  line.addEventListener("sound", ({ detail }) => sound?.play(detail));
  line.addEventListener("mark", ({ detail }) => (sound ? sound.mark(detail) : line.played(detail)));
  line.addEventListener("clear", () => sound?.clear());
  line.addEventListener("caption", ({ detail }) => caption(detail));
  line.addEventListener("state", ({ detail }) => state(detail));
  line.addEventListener("lost", () => {
    lost = true;
    sound?.clear();
    tell(words.status_lost);
    status();
  });
  line.addEventListener("back", () => {
    lost = false;
    tell(words.told_back);
    status();
  });
  line.addEventListener("over", ({ detail }) => over(detail));
  return line;
}

const WITH_PEOPLE = ["people", "waiting", "number", "agent", "held", "line_lost"];

function state({ name, place }) {
  if (name === "begun" && stage === "connecting") {
    show("talking");
    tell(sound?.microphone ? words.told_begun : words.told_begun_writing);
    const speed = Number($("speed").value);
    if (speed !== 1) line.pace(speed);
    if (!sound?.microphone) $("written").focus();
  }
  if (name === "number") openKeypad(true);
  if (name === "begun") people = "";
  else if (WITH_PEOPLE.includes(name)) {
    people = name;
    $("status-text").dataset.place = place ?? "";
    tell(words[`status_${name}`].replace("{place}", place));
  }
  status();
}

function caption({ who, text, keys, hidden }) {
  const item = document.createElement("li");
  item.className = `line ${who}`;
  const name = document.createElement("span");
  name.className = "who";
  name.textContent = { caller: words.you, bot: words.bot }[who] || words.agent;
  const said = document.createElement("span");
  said.textContent = keys ? words.keyed.replace("{count}", keys) : hidden ? words.hidden : text;
  item.append(name, said);
  $("captions-empty").hidden = true;
  $("captions").append(item);
  toEnd();
  waiting = who === "caller" && !people;
  status();
}

function over({ problem: kind, state: how }) {
  const call = line?.call;
  sound?.close();
  sound = line = null;
  lost = false;
  people = "";
  const held = stage === "talking";
  if (kind) {
    show(held && $("captions").children.length ? "ended" : "idle");
    problem(kind, WAYS_ON[kind] || WAYS_ON.failed);
  } else {
    noProblem();
    show("ended");
  }
  if (stage !== "ended") return;
  $("after").hidden = Boolean(kind);
  $("after-text").textContent = how?.kind === "hand_over" ? words.ended_people : words.ended_thanks;
  $("rating").hidden = !settings.rates || !call;
  $("rating").reset();
  $("rating").dataset.call = call || "";
  $("rated").textContent = "";
  $("heading").focus();
}

// What the caller does

$("call").addEventListener("click", () => {
  if (stage === "idle" || stage === "ended") begin({ sound: true, microphone: true });
  else if (line) line.hangUp();
  else {
    attempt++;
    show("idle");
  }
});
$("write").addEventListener("click", () => begin({ sound: false, microphone: false }));
$("writing").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("written").value.trim();
  if (!text || !line) return;
  line.text(text);
  waiting = true;
  $("written").value = "";
  status();
});

function press(key) {
  line?.key(key);
}

function openKeypad(open) {
  $("keypad").hidden = !open;
  $("keypad-toggle").setAttribute("aria-expanded", String(open));
}

for (const button of document.querySelectorAll("[data-key]")) button.addEventListener("click", () => press(button.dataset.key));
$("keypad-toggle").addEventListener("click", () => openKeypad($("keypad").hidden));
document.addEventListener("keydown", (event) => {
  const typing = event.target.matches?.("input, select, textarea");
  if (stage !== "talking" || typing || event.ctrlKey || event.metaKey || event.altKey || !/^[0-9*#]$/.test(event.key)) return;
  event.preventDefault();
  press(event.key);
});
$("mute").addEventListener("click", () => {
  muted = !muted;
  sound?.mute(muted);
  $("mute").setAttribute("aria-pressed", String(muted));
  $("mute-text").textContent = muted ? words.unmute : words.mute;
  status();
});
window.addEventListener("pagehide", () => line?.hangUp());

$("rating").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = $("rating");
  const kept = await rate(settings, form.dataset.call, Number(new FormData(form).get("score")));
  form.hidden = kept;
  $("rated").textContent = kept ? words.rate_thanks : words.rate_failed;
});

// What is remembered of the settings

function remembered(id, apply, name = "value") {
  const field = $(id);
  const kept = localStorage.getItem(`voicebot-talk-${id}`);
  if (kept !== null) field[name] = name === "checked" ? kept === "true" : kept;
  const changed = () => {
    localStorage.setItem(`voicebot-talk-${id}`, field[name]);
    apply(field[name]);
  };
  field.addEventListener("input", changed);
  apply(field[name]);
}

remembered("volume", (value) => sound?.volume(Number(value)));
remembered("speed", (value) => line?.pace(Number(value)));
remembered("size", (value) => (document.documentElement.dataset.size = value));
remembered("contrast", (on) => (on ? (document.documentElement.dataset.contrast = "high") : delete document.documentElement.dataset.contrast), "checked");
remembered("read", (on) => $("captions-log").setAttribute("aria-live", on ? "polite" : "off"), "checked");
if (!window.isSecureContext) problem("insecure", WAYS_ON.insecure);
else if (!window.AudioWorkletNode || !navigator.mediaDevices) problem("unsupported", WAYS_ON.unsupported);
show("idle");
