// The sound of a call in the browser: microphone to frames of the line, frames of the line to the loudspeaker.

export class SoundProblem extends Error {
  constructor(kind) {
    super(kind);
    this.kind = kind; // insecure, unsupported, refused, no_microphone, busy_microphone
  }
}

const KINDS = { NotAllowedError: "refused", SecurityError: "refused", NotFoundError: "no_microphone", OverconstrainedError: "no_microphone", NotReadableError: "busy_microphone", AbortError: "busy_microphone" };

export async function askForMicrophone() {
  if (!window.isSecureContext) throw new SoundProblem("insecure");
  if (!navigator.mediaDevices?.getUserMedia || !window.AudioWorkletNode) throw new SoundProblem("unsupported");
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 },
    });
  } catch (error) {
    throw new SoundProblem(KINDS[error.name] || "no_microphone");
  }
}

// `on`: {frame(bytes, level), mark(name), speaking(boolean), microphoneLost()}
export class Sound {
  static async open(worklet, microphone, on) {
    if (!window.AudioContext || !window.AudioWorkletNode) throw new SoundProblem(window.isSecureContext ? "unsupported" : "insecure");
    const sound = new Sound();
    sound.context = new AudioContext({ latencyHint: "interactive" });
    await sound.context.audioWorklet.addModule(worklet);
    await sound.context.resume();
    sound.loudspeaker = new AudioWorkletNode(sound.context, "loudspeaker", { numberOfInputs: 0, outputChannelCount: [1] });
    sound.gain = sound.context.createGain();
    sound.loudspeaker.connect(sound.gain).connect(sound.context.destination);
    sound.loudspeaker.port.onmessage = ({ data }) => {
      if (data.mark !== undefined) on.mark(data.mark);
      else on.speaking(data.speaking);
    };
    sound.microphone = microphone;
    if (microphone) {
      const node = new AudioWorkletNode(sound.context, "microphone", { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" });
      sound.context.createMediaStreamSource(microphone).connect(node);
      node.port.onmessage = ({ data }) => on.frame(data.frame, data.level);
      for (const track of microphone.getAudioTracks()) track.addEventListener("ended", () => on.microphoneLost());
    }
    return sound;
  }

  play(bytes) {
    this.loudspeaker.port.postMessage({ bytes });
  }

  mark(name) {
    this.loudspeaker.port.postMessage({ mark: name });
  }

  clear() {
    this.loudspeaker.port.postMessage({ clear: true });
  }

  volume(share) {
    this.gain.gain.setTargetAtTime(share, this.context.currentTime, 0.02);
  }

  mute(muted) {
    for (const track of this.microphone?.getAudioTracks() ?? []) track.enabled = !muted;
  }

  close() {
    for (const track of this.microphone?.getTracks() ?? []) track.stop();
    this.context.close().catch(() => {});
  }
}
