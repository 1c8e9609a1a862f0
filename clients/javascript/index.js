// Client of the NanoBanana API for browsers and Node 18 and newer: generate, wait, follow, upload.

const ENDED = new Set(["completed", "failed", "canceled"]);
const AGAIN = new Set(["rate_limited", "idempotency_in_progress"]);
const LONGEST_PAUSE = 30_000; // ms; a longer Retry-After is told, not waited for
const POLL = 1_000; // ms

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const environment = globalThis.process?.env ?? {};

/** A refusal, or a generation that ended without a picture (then `status` is 0). */
export class NanoBananaError extends Error {
  constructor(message, { code, status = 0, requestId = "" }) {
    super(message);
    Object.assign(this, { name: "NanoBananaError", code, status, requestId });
  }
}

function uuid() {
  // crypto.randomUUID is missing on plain http pages, and `crypto` itself in Node 18's modules.
  const bytes = new Uint8Array(16);
  if (globalThis.crypto) globalThis.crypto.getRandomValues(bytes);
  else bytes.forEach((_, place) => { bytes[place] = Math.floor(Math.random() * 256); });
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function refusal(answer, body) {
  const facts = { code: body.code ?? "error", status: answer.status };
  const requestId = body.request_id ?? answer.headers.get("X-Request-Id") ?? "";
  return new NanoBananaError(body.detail ?? `The server answered ${answer.status}`, { ...facts, requestId });
}

function completed(generation) {
  if (generation.status === "completed") return generation;
  const { message, code } = generation.error ?? {};
  throw new NanoBananaError(message ?? `It is ${generation.status}`, { code: code ?? generation.status });
}

export class NanoBanana {
  constructor({ apiKey, baseUrl, maxRetries = 2 } = {}) {
    this.apiKey = apiKey ?? environment.NANOBANANA_KEY;
    this.baseUrl = (baseUrl ?? environment.NANOBANANA_URL ?? globalThis.location?.origin ?? "").replace(/\/+$/, "");
    this.maxRetries = maxRetries;
    if (!this.apiKey || !this.baseUrl) throw new TypeError("Name apiKey and baseUrl");
  }

  /** A completed generation. */
  async generate(prompt, options = {}) {
    const { id } = await this.#order(prompt, options, {});
    return this.wait(id, options);
  }

  /** The accepted order, at once. */
  submit(prompt, options = {}) {
    return this.#order(prompt, options, { Prefer: "respond-async" });
  }

  /** The generation as it is now. */
  get(id, { signal } = {}) {
    return this.#send("GET", `/v1/generations/${encodeURIComponent(id)}`, { signal });
  }

  /** The generation once it is completed; `seconds` bounds the wait. */
  async wait(id, { seconds = 1800, signal } = {}) {
    const until = Date.now() + seconds * 1000;
    for (;;) {
      const found = await this.get(id, { signal });
      if (ENDED.has(found.status)) return completed(found);
      if (Date.now() >= until) throw new NanoBananaError(`${id} is still ${found.status}`, { code: "timeout" });
      await pause(POLL);
    }
  }

  /** Each change of a generation until its end. */
  async *events(id, { signal } = {}) {
    const path = `/v1/generations/${encodeURIComponent(id)}/events`;
    const answer = await fetch(this.baseUrl + path, { headers: this.#headers({}), signal });
    if (!answer.ok) throw refusal(answer, await answer.json().catch(() => ({})));
    const reader = answer.body.getReader();
    const decoder = new TextDecoder();
    let text = "";
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        text += decoder.decode(value, { stream: true });
        const lines = text.split("\n");
        text = lines.pop();
        for (const line of lines) if (line.startsWith("data: ")) yield JSON.parse(line.slice(6));
      }
    } finally {
      await reader.cancel();
    }
  }

  /** The id of an uploaded JPEG, PNG or WebP (a Blob, or bytes), for `images`. */
  async upload(image, { signal } = {}) {
    const form = new FormData();
    form.append("file", image instanceof Blob ? image : new Blob([image]), "image");
    return (await this.#send("POST", "/api/upload", { body: form, signal })).id;
  }

  /** Asks to stop it; credits of what did not begin are back. */
  cancel(id, { signal } = {}) {
    return this.#send("POST", `/v1/generations/${encodeURIComponent(id)}/cancel`, { signal });
  }

  /** POST an order of the editor's API, which answers with the picture. */
  edit(path, body, { idempotencyKey, signal } = {}) {
    return this.#json(`/api/nano-banana/${path}`, body, { "Idempotency-Key": idempotencyKey ?? uuid() }, signal);
  }

  #order(prompt, { idempotencyKey, signal, seconds: _, ...fields }, headers) {
    const key = { "Idempotency-Key": idempotencyKey ?? uuid() };
    return this.#json("/v1/generate", { prompt, ...fields }, { ...headers, ...key }, signal);
  }

  #json(path, body, headers, signal) {
    const typed = { ...headers, "Content-Type": "application/json" };
    return this.#send("POST", path, { body: JSON.stringify(body), headers: typed, signal });
  }

  #headers(headers) {
    return { ...headers, Authorization: `Bearer ${this.apiKey}` };
  }

  async #send(method, path, { headers = {}, ...request }) {
    const sent = { ...request, method, headers: this.#headers(headers), credentials: "omit" };
    for (let attempt = 0; ; attempt += 1) {
      let wait = 500 * 2 ** attempt;
      const last = attempt >= this.maxRetries;
      try {
        const answer = await fetch(this.baseUrl + path, sent);
        const body = await answer.json().catch(() => ({}));
        if (answer.ok) return body;
        wait = Number(answer.headers.get("Retry-After")) * 1000 || wait;
        const again = answer.status === 503 || AGAIN.has(body.code);
        if (last || !again || wait > LONGEST_PAUSE) throw refusal(answer, body);
      } catch (error) {
        if (last || error instanceof NanoBananaError || request.signal?.aborted) throw error;
      }
      await pause(wait);
    }
  }
}

let common;

/** Sets the address and the key of the two functions below. */
export function configure(options) {
  common = new NanoBanana(options);
}

function client() {
  common ??= new NanoBanana();
  return common;
}

/** A picture from words: `{image, thumbnailUrl, credits, …}`. */
export function generateWithNanoBanana(prompt, style, aspectRatio = "1:1", options) {
  return client().edit("generate", { prompt, style, aspectRatio }, options);
}

/** A picture from a picture (base64, a data URL or an address) and words. */
export function generateWithNanoBananaImageToImage(image, prompt, style, aspectRatio = "1:1", options) {
  return client().edit("image-to-image", { input_image: image, prompt, style, aspectRatio }, options);
}
