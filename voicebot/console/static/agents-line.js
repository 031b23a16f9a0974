// The line between the agent's browser and the caller's: the same messages as the browser phone's, over /agent/media.
import { Sound, askForMicrophone } from "./talk-sound.js";

const FRAME_MS = 20;
const STUCK_BYTES = 16000; // a second of sound that the network has not taken: what is older nobody wants to hear

// Events: open, caption (line), state (name), level (caller's, 0 to 1), over ({told}): whether the service said why.
export class AgentLine extends EventTarget {
  constructor(settings) {
    super();
    this.settings = settings;
    this.call = "";
    this.socket = null;
    this.sound = null;
    this.told = false;
  }

  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  // Raises SoundProblem. The microphone is asked for before a caller is taken, so that nobody waits for that.
  async prepare() {
    if (this.sound) return;
    const microphone = await askForMicrophone();
    this.sound = await Sound.open(this.settings.worklet, microphone, {
      frame: (bytes) => this.frame(bytes),
      mark: () => {},
      speaking: () => {},
      microphoneLost: () => this.tell("microphone"),
    });
    const meter = this.sound.context.createAnalyser();
    meter.fftSize = 512;
    this.sound.gain.connect(meter);
    const samples = new Float32Array(meter.fftSize);
    this.timer = setInterval(() => {
      meter.getFloatTimeDomainData(samples);
      this.level = Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length);
      this.tell("level", this.level);
    }, 100);
  }

  open(call) {
    this.call = call;
    this.told = false;
    this.chunk = 0;
    this.streamSid = `MZ${call.slice(2)}`;
    const url = new URL(`${this.settings.media}?call=${encodeURIComponent(call)}`, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url);
    this.socket = socket;
    socket.addEventListener("open", () => {
      const mediaFormat = { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 };
      const start = { streamSid: this.streamSid, callSid: call, tracks: ["inbound"], mediaFormat };
      this.send({ event: "start", streamSid: this.streamSid, start });
      this.tell("open");
    });
    socket.addEventListener("message", ({ data }) => this.receive(JSON.parse(data)));
    socket.addEventListener("close", () => {
      if (socket !== this.socket) return;
      this.socket = null;
      this.tell("over", { told: this.told });
    });
  }

  receive({ event, media, caption, state }) {
    if (event === "media") this.sound?.play(Uint8Array.from(atob(media.payload), (sign) => sign.charCodeAt(0)));
    else if (event === "caption") this.tell("caption", caption);
    else if (event === "state") {
      this.told ||= state.name === "caller_left";
      this.tell("state", state.name);
    }
  }

  send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  frame(bytes) {
    const socket = this.socket;
    if (socket?.readyState !== WebSocket.OPEN || socket.bufferedAmount > STUCK_BYTES) return;
    this.chunk++;
    const payload = btoa(String.fromCharCode.apply(null, bytes));
    socket.send(`{"event":"media","streamSid":"${this.streamSid}","media":{"track":"inbound","chunk":"${this.chunk}","timestamp":"${this.chunk * FRAME_MS}","payload":"${payload}"}}`);
  }

  // hold {on}, say {text}, hang_up, bot, transfer {queue, to}
  ask(what, values = {}) {
    if (["hang_up", "bot", "transfer"].includes(what)) this.told = true;
    this.send({ event: "desk", desk: { do: what, ...values } });
  }

  mute(muted) {
    this.sound?.mute(muted);
  }

  close() {
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    clearInterval(this.timer);
    this.sound?.close();
    this.sound = null;
  }
}
