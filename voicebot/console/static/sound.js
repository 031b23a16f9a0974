// The sound of a recorded call: a waveform to click into, and lines of the transcript to play from.
const player = document.querySelector("[data-sound]");
if (player) start(player);

async function start(player) {
  const audio = player.querySelector("audio");
  const canvas = player.querySelector("canvas");
  const answer = await fetch(player.dataset.peaks, { credentials: "same-origin" });
  if (!answer.ok) {
    player.querySelector("[data-sound-failed]").hidden = false;
    canvas.hidden = true;
    return;
  }
  const sound = await answer.json();
  const total = sound.duration_ms / 1000;
  const lines = [...document.querySelectorAll("[data-at-ms]")];

  const go = (seconds) => {
    audio.currentTime = Math.min(Math.max(seconds, 0), total);
    draw();
  };

  for (const line of lines) {
    const seconds = (Number(line.dataset.atMs) - sound.begin_ms) / 1000;
    if (seconds < 0 || seconds > total) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet compact play-line";
    button.textContent = "▶";
    button.setAttribute("aria-label", `${player.dataset.from} ${clock(seconds)}`);
    button.addEventListener("click", () => {
      // A caller's line is put down when it ends: its words stand before that.
      go(line.classList.contains("caller") ? seconds - 3 : seconds);
      audio.play();
    });
    line.querySelector(".who").prepend(button, " ");
  }

  canvas.addEventListener("click", (event) => {
    const box = canvas.getBoundingClientRect();
    go(((event.clientX - box.left) / box.width) * total);
  });
  canvas.addEventListener("keydown", (event) => {
    const steps = { ArrowRight: 5, ArrowUp: 5, ArrowLeft: -5, ArrowDown: -5, PageUp: 30, PageDown: -30 };
    if (event.key in steps) go(audio.currentTime + steps[event.key]);
    else if (event.key === "Home") go(0);
    else if (event.key === "End") go(total);
    else if (event.key === " " || event.key === "Enter") audio.paused ? audio.play() : audio.pause();
    else return;
    event.preventDefault();
  });
  audio.addEventListener("timeupdate", draw);
  new ResizeObserver(draw).observe(canvas);
  draw();

  function draw() {
    const style = getComputedStyle(document.documentElement);
    const scale = window.devicePixelRatio || 1;
    const width = canvas.clientWidth, height = canvas.clientHeight;
    canvas.width = width * scale;
    canvas.height = height * scale;
    const paint = canvas.getContext("2d");
    paint.scale(scale, scale);
    const half = height / 2;
    rows(sound.caller, half / 2, style.getPropertyValue("--series-1") || "teal");
    rows(sound.bot, half + half / 2, style.getPropertyValue("--series-2") || "orange");
    const now = audio.currentTime;
    paint.globalAlpha = 1;
    paint.fillStyle = style.color;
    paint.fillRect((now / total) * width, 0, 1.5, height);
    canvas.setAttribute("aria-valuenow", Math.round(now));
    canvas.setAttribute("aria-valuemax", Math.round(total));
    canvas.setAttribute("aria-valuetext", `${clock(now)} / ${clock(total)}`);
    let current = null;
    for (const line of lines) {
      if ((Number(line.dataset.atMs) - sound.begin_ms) / 1000 <= now) current = line;
    }
    for (const line of lines) line.classList.toggle("playing", line === current && !audio.paused);

    function rows(peaks, middle, colour) {
      paint.fillStyle = colour;
      const step = width / Math.max(peaks.length, 1);
      peaks.forEach((peak, index) => {
        // A square root: what is said softly can be seen.
        const size = Math.max(0.5, Math.sqrt(peak) * (half / 2 - 2));
        paint.globalAlpha = (index / peaks.length) * total < audio.currentTime ? 1 : 0.5;
        paint.fillRect(index * step, middle - size, Math.max(step - 0.5, 0.5), size * 2);
      });
    }
  }
}

function clock(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
