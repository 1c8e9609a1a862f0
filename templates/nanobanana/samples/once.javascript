import { randomUUID } from "node:crypto";

const { NANOBANANA_URL, NANOBANANA_KEY } = process.env;

async function generate(order, attempts = 5) {
  const headers = {
    Authorization: `Bearer ${NANOBANANA_KEY}`,
    "Content-Type": "application/json",
    "Idempotency-Key": randomUUID(),
  };
  const request = { method: "POST", headers, body: JSON.stringify(order) };
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    let pause = 2 ** attempt;
    const answer = await fetch(`${NANOBANANA_URL}/v1/generate`, request).catch(() => null);
    if (answer) {
      const body = await answer.json();
      if (answer.ok) return body;
      if (answer.status !== 503 && body.code !== "rate_limited") throw new Error(body.detail);
      pause = Number(answer.headers.get("Retry-After")) || pause;
    }
    await new Promise((done) => setTimeout(done, pause * 1000));
  }
  throw new Error("No answer");
}

console.log((await generate({ prompt: "A paper boat" })).id);
