const { NANOBANANA_URL, NANOBANANA_KEY } = process.env;

const answer = await fetch(`${NANOBANANA_URL}/v1/generate`, {
  method: "POST",
  headers: { Authorization: `Bearer ${NANOBANANA_KEY}`, "Content-Type": "application/json" },
  body: JSON.stringify({ prompt: "A cute banana wearing sunglasses", size: "1024x1024" }),
});
if (!answer.ok) throw new Error((await answer.json()).detail);
console.log((await answer.json()).url);
