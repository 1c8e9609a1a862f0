import { readFile } from "node:fs/promises";

const { NANOBANANA_URL, NANOBANANA_KEY } = process.env;
const key = { Authorization: `Bearer ${NANOBANANA_KEY}` };

const form = new FormData();
form.append("file", new Blob([await readFile("photo.jpg")]), "photo.jpg");
const upload = await fetch(`${NANOBANANA_URL}/api/upload`, { method: "POST", headers: key, body: form });
const image = await upload.json();

const answer = await fetch(`${NANOBANANA_URL}/v1/generate`, {
  method: "POST",
  headers: { ...key, "Content-Type": "application/json" },
  body: JSON.stringify({ prompt: "The same, in watercolor", images: [image.id] }),
});
console.log((await answer.json()).url);
