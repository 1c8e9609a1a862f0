const { NANOBANANA_URL, NANOBANANA_KEY } = process.env;
const key = { Authorization: `Bearer ${NANOBANANA_KEY}` };

const answer = await fetch(`${NANOBANANA_URL}/v1/generate`, {
  method: "POST",
  headers: { ...key, "Content-Type": "application/json", Prefer: "respond-async" },
  body: JSON.stringify({ prompt: "A field of poppies" }),
});
const { id } = await answer.json();
const events = await fetch(`${NANOBANANA_URL}/v1/generations/${id}/events`, { headers: key });

let text = "";
for await (const piece of events.body.pipeThrough(new TextDecoderStream())) {
  text += piece;
  const lines = text.split("\n");
  text = lines.pop();
  for (const line of lines) {
    if (line.startsWith("data: ")) console.log(JSON.parse(line.slice(6)).status);
  }
}
