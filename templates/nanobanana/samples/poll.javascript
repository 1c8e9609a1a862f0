const { NANOBANANA_URL, NANOBANANA_KEY } = process.env;
const key = { Authorization: `Bearer ${NANOBANANA_KEY}` };

const answer = await fetch(`${NANOBANANA_URL}/v1/generate`, {
  method: "POST",
  headers: { ...key, "Content-Type": "application/json", Prefer: "respond-async" },
  body: JSON.stringify({ prompt: "A lighthouse at dusk" }),
});
let generation = await answer.json();
while (["pending", "processing"].includes(generation.status)) {
  await new Promise((done) => setTimeout(done, 1000));
  const url = `${NANOBANANA_URL}/v1/generations/${generation.id}`;
  generation = await (await fetch(url, { headers: key })).json();
}
console.log(generation.status, generation.images.map((image) => image.url));
