// The line to the service: Twilio's media stream protocol over a WebSocket, gone on with where the connection is lost.

const WAITS_MS = [300, 1000, 2000, 4000, 8000, 8000, 8000, 8000, 8000, 8000];
const STUCK_BYTES = 48000; // three seconds of sound that the network has not taken
const FRAME_MS = 20;

async function post(url, content) {
  const token = document.querySelector('meta[name="csrf-token"]').content;
  const answer = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token },
    body: JSON.stringify(content),
  });
  const found = await answer.json().catch(() => ({}));
  return answer.ok ? found : { problem: found.problem || (answer.status === 429 ? "too_often" : "failed") };
}

// Events: begun, sound (bytes), mark (name), clear, caption (line), state (state), lost, back, over ({problem}).
export class Line extends EventTarget {
  constructor(settings, { sound }) {
    super();
    this.settings = settings;
    this.sound = sound;
    this.call = "";
    this.socket = null;
    this.finished = false;
    this.tries = 0;
    this.offline = () => this.lose();
    window.addEventListener("offline", this.offline);
  }

  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  async open() {
    let leave;
    try {
      leave = await post(this.settings.calls, { language: this.settings.language, sound: this.sound });
    } catch {
      leave = { problem: "connection" };
    }
    if (this.finished) return;
    if (leave.problem) this.finish(leave.problem);
    else {
      this.call = leave.call;
      this.connect(leave.token);
    }
  }

  connect(token) {
    const url = new URL(this.settings.media, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url);
    this.socket = socket;
    this.chunk = 0;
    this.streamSid = "MZ" + this.call.slice(2);
    socket.addEventListener("open", () => {
      this.send({ event: "connected", protocol: "Call", version: "1.0.0" });
      this.send({
        event: "start",
        streamSid: this.streamSid,
        start: {
          streamSid: this.streamSid,
          callSid: this.call,
          tracks: ["inbound"],
          mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
          customParameters: { token },
        },
      });
    });
    socket.addEventListener("message", ({ data }) => this.receive(JSON.parse(data)));
    socket.addEventListener("close", () => {
      if (socket === this.socket) this.lose();
    });
  }

  receive(message) {
    switch (message.event) {
      case "media":
        this.tell("sound", Uint8Array.from(atob(message.media.payload), (sign) => sign.charCodeAt(0)));
        break;
      case "mark":
        this.tell("mark", message.mark.name);
        break;
      case "clear":
        this.tell("clear");
        break;
      case "caption":
        this.tell("caption", message.caption);
        break;
      case "state":
        if (message.state.name === "begun") {
          if (this.tries) this.tell("back");
          this.tries = 0;
        }
        this.tell("state", message.state);
        if (message.state.name === "ended") this.finish(message.state.kind === "failed" ? "failed" : "", message.state);
    }
  }

  send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  frame(bytes) {
    const socket = this.socket;
    if (socket?.readyState !== WebSocket.OPEN) return;
    if (socket.bufferedAmount > STUCK_BYTES) {
      this.lose();
      return;
    }
    this.chunk++;
    const payload = btoa(String.fromCharCode.apply(null, bytes));
    socket.send(`{"event":"media","streamSid":"${this.streamSid}","media":{"track":"inbound","chunk":"${this.chunk}","timestamp":"${this.chunk * FRAME_MS}","payload":"${payload}"}}`);
  }

  key(digit) {
    this.send({ event: "dtmf", streamSid: this.streamSid, dtmf: { track: "inbound_track", digit } });
  }

  text(text) {
    this.send({ event: "text", streamSid: this.streamSid, text: { text } });
  }

  pace(rate) {
    this.send({ event: "pace", streamSid: this.streamSid, pace: { rate } });
  }

  played(name) {
    this.send({ event: "mark", streamSid: this.streamSid, mark: { name } });
  }

  hangUp() {
    this.send({ event: "stop", streamSid: this.streamSid, stop: { callSid: this.call } });
    this.finish("");
  }

  lose() {
    if (this.finished || !this.call) return;
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    clearTimeout(this.timer);
    if (!this.tries) this.tell("lost");
    if (this.tries >= WAITS_MS.length) {
      this.finish("lost");
      return;
    }
    this.timer = setTimeout(() => this.again(), WAITS_MS[this.tries++]);
  }

  async again() {
    let leave;
    try {
      leave = await post(`${this.settings.calls}/${this.call}/again`, {});
    } catch {
      leave = null;
    }
    if (this.finished) return;
    if (leave?.token) this.connect(leave.token);
    else if (leave?.problem === "over") this.finish("lost");
    else this.lose();
  }

  finish(problem, state) {
    if (this.finished) return;
    this.finished = true;
    clearTimeout(this.timer);
    window.removeEventListener("offline", this.offline);
    const socket = this.socket;
    this.socket = null;
    setTimeout(() => socket?.close(), 300);
    this.tell("over", { problem, state });
  }
}

export async function rate(settings, call, score) {
  const answer = await post(`${settings.calls}/${call}/rating`, { score }).catch(() => ({ problem: "connection" }));
  return !answer.problem;
}
