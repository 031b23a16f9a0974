// The caller's microphone and the bot's voice, in the browser's audio thread. The line carries mu-law at 8 kHz in frames
// of 20 ms; the sound device runs at its own rate. Nothing here allocates while sound flows, but what messages need.

const LINE_RATE = 8000;
const FRAME = 160;
const PASSBAND_HZ = 3700;

// A windowed sinc (Blackman), by phase: row p has the weights for a moment p/phases behind a sample.
function kernel(half, phases, cutoff) {
  const taps = half * 2;
  const table = new Float32Array(phases * taps);
  for (let phase = 0; phase < phases; phase++) {
    let sum = 0;
    for (let tap = 0; tap < taps; tap++) {
      const at = tap - half + 1 - phase / phases;
      const x = Math.PI * cutoff * at;
      const sinc = at === 0 ? 1 : Math.sin(x) / x;
      const w = (at + half) / (2 * half);
      const weight = sinc * (0.42 - 0.5 * Math.cos(2 * Math.PI * w) + 0.08 * Math.cos(4 * Math.PI * w));
      table[phase * taps + tap] = weight;
      sum += weight;
    }
    for (let tap = 0; tap < taps; tap++) table[phase * taps + tap] /= sum;
  }
  return table;
}

// ITU-T G.711, mu-law.
function encode(sample) {
  let value = Math.max(-32635, Math.min(32635, Math.round(sample * 32767)));
  const sign = value < 0 ? 0x80 : 0;
  if (sign) value = -value;
  value += 132;
  let exponent = 7;
  for (let mask = 0x4000; exponent > 0 && !(value & mask); mask >>= 1) exponent--;
  return ~(sign | (exponent << 4) | ((value >> (exponent + 3)) & 0x0f)) & 0xff;
}

const DECODED = new Float32Array(256);
for (let byte = 0; byte < 256; byte++) {
  const code = ~byte & 0xff;
  const value = ((((code & 0x0f) << 3) + 132) << ((code >> 4) & 7)) - 132;
  DECODED[byte] = (code & 0x80 ? -value : value) / 32768;
}

class Microphone extends AudioWorkletProcessor {
  constructor() {
    super();
    this.step = sampleRate / LINE_RATE;
    this.half = Math.ceil(8 * Math.max(1, this.step));
    this.taps = this.half * 2;
    this.phases = 64;
    this.table = kernel(this.half, this.phases, (2 * PASSBAND_HZ) / sampleRate);
    this.ring = new Float32Array(8192);
    this.mask = this.ring.length - 1;
    this.written = 0;
    this.at = this.half;
    this.frame = new Uint8Array(FRAME);
    this.filled = 0;
    this.energy = 0;
    this.message = { frame: this.frame, level: 0 };
  }

  process([input]) {
    const samples = input[0];
    if (!samples) return true;
    for (let n = 0; n < samples.length; n++) this.ring[(this.written + n) & this.mask] = samples[n];
    this.written += samples.length;
    while (this.at + this.half < this.written) {
      const whole = Math.floor(this.at);
      const row = Math.floor((this.at - whole) * this.phases) * this.taps;
      let sum = 0;
      for (let tap = 0; tap < this.taps; tap++)
        sum += this.ring[(whole - this.half + 1 + tap) & this.mask] * this.table[row + tap];
      this.at += this.step;
      this.energy += sum * sum;
      this.frame[this.filled++] = encode(sum);
      if (this.filled === FRAME) {
        this.message.level = Math.sqrt(this.energy / FRAME);
        this.port.postMessage(this.message);
        this.filled = 0;
        this.energy = 0;
      }
    }
    return true;
  }
}

class Loudspeaker extends AudioWorkletProcessor {
  constructor() {
    super();
    this.step = LINE_RATE / sampleRate;
    this.half = 8;
    this.taps = this.half * 2;
    this.phases = 128;
    this.table = kernel(this.half, this.phases, (2 * PASSBAND_HZ) / LINE_RATE);
    this.ring = new Float32Array(1 << 18);
    this.mask = this.ring.length - 1;
    this.written = 0;
    this.at = 0;
    this.speaking = false;
    // So much is kept in hand before speaking begins; a gap in the sound makes it more.
    this.inHand = 0.1 * LINE_RATE;
    this.marks = [];
    this.port.onmessage = ({ data }) => this.take(data);
  }

  take(data) {
    if (data.bytes) {
      for (let n = 0; n < data.bytes.length; n++) this.ring[this.written++ & this.mask] = DECODED[data.bytes[n]];
      // What stands behind the newest sample is silence, for the last taps.
      for (let n = 0; n < this.taps; n++) this.ring[(this.written + n) & this.mask] = 0;
    } else if (data.mark !== undefined) {
      this.marks.push({ at: this.written, name: data.mark });
    } else if (data.clear) {
      this.at = this.written;
      this.tell();
    }
  }

  tell() {
    while (this.marks.length && this.marks[0].at <= this.at) this.port.postMessage({ mark: this.marks.shift().name });
  }

  speak(on) {
    this.speaking = on;
    this.port.postMessage({ speaking: on });
  }

  process(_inputs, [output]) {
    const samples = output[0];
    if (!this.speaking && this.at < this.written && (this.marks.length || this.written - this.at >= this.inHand)) this.speak(true);
    for (let n = 0; n < samples.length && this.speaking; n++) {
      if (this.at >= this.written) {
        if (!this.marks.length) this.inHand = Math.min(this.inHand + 0.04 * LINE_RATE, 0.4 * LINE_RATE);
        this.at = this.written;
        this.speak(false);
        break;
      }
      const whole = Math.floor(this.at);
      const row = Math.floor((this.at - whole) * this.phases) * this.taps;
      let sum = 0;
      for (let tap = 0; tap < this.taps; tap++) {
        const place = whole - this.half + 1 + tap;
        if (place >= 0) sum += this.ring[place & this.mask] * this.table[row + tap];
      }
      samples[n] = sum;
      this.at += this.step;
    }
    if (this.marks.length) this.tell();
    for (let channel = 1; channel < output.length; channel++) output[channel].set(samples);
    return true;
  }
}

registerProcessor("microphone", Microphone);
registerProcessor("loudspeaker", Loudspeaker);
