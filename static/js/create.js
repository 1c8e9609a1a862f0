// The create page: the price as you choose, reference images, and cards that keep themselves fresh.
import { toast } from "./toast.js";
import { references } from "./references.js";
import { amount } from "./price.js";

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const number = (value) => value.toLocaleString("en");
const form = $("[data-create]");
const CONTROLS = ["aspect_ratio", "size", "resolution", "quality", "background"];
const IDEAS = [
  "stained glass sunrise over the sea, thick lead lines, glowing centre",
  "a paper lantern village on a hillside, first snow, blue hour",
  "one speckled banana on a coral plinth, teal studio, museum lighting",
  "aurora curtain over a silent pine forest, fresh snow",
  "a lighthouse on black rocks, long exposure, calm sea",
  "isometric workshop of a clockmaker, brass and walnut",
  "desert dunes at golden hour, long shadows, wind ripples",
  "liquid marble in teal, cream and plum, thin gold veins",
];

const mode = () => new FormData(form).get("mode");
const model = () => $(`[name=${mode() === "video" ? "video_model" : "model"}]:checked`, form);

// What the chosen model takes, in the catalogue's words.
function parameters(chosen) {
  const data = new FormData(form);
  const takes = chosen.dataset.takes.split(" ");
  const found = JSON.parse(chosen.dataset.defaults);
  const named = mode() === "video"
    ? { aspect_ratio: data.get("video_aspect_ratio"), quality: data.get("video_quality"), duration: data.get("duration"), audio: data.has("audio") }
    : Object.fromEntries(CONTROLS.map((name) => [name, data.get(name)]));
  for (const [name, value] of Object.entries(named)) {
    if (takes.includes(name === "audio" ? name : `${name}=${value}`)) found[name] = value;
  }
  return found;
}

// A choice that the model does not offer gives way to the model's own.
function settle(chosen) {
  if (mode() === "video") return;
  const takes = chosen.dataset.takes.split(" ");
  const defaults = JSON.parse(chosen.dataset.defaults);
  for (const name of CONTROLS) {
    const on = $(`[name=${name}]:checked`, form);
    if (!takes.includes(name) || (on && takes.includes(`${name}=${on.value}`))) continue;
    const values = takes.filter((one) => one.startsWith(`${name}=`)).map((one) => one.slice(name.length + 1));
    const other = $$(`[name=${name}]`, form).find((one) => one.value === String(defaults[name] ?? values[0]));
    if (other) other.checked = true;
  }
}

function showPrice() {
  const chosen = model();
  if (!chosen) return;
  settle(chosen);
  for (const picker of $$(".picker", form)) {
    const option = $("input:checked", picker)?.closest(".opt");
    if (option) $("[data-now]", picker).textContent = `${$("b", option).textContent}, ${$(".c", option).textContent}`;
  }
  const line = $("#quote");
  if (!line || !$("[data-total]", form)) return;
  const n = mode() === "video" ? 1 : Number(new FormData(form).get("n") || 1);
  const each = amount(JSON.parse(chosen.dataset.price), parameters(chosen));
  const words = mode() === "video" ? "clip" : n === 1 ? "image" : "images";
  if ($("[data-words]", line)) {
    $("[data-words]", line).textContent = `${n} ${words} × ${number(each)} credits`;
    const balance = Number(line.dataset.balance);
    const short = n * each > balance;
    $("[data-leaves]", line).textContent = short ? "You have" : "Leaves";
    $("[data-after]", line).textContent = number(short ? balance : balance - n * each);
  }
  showTotal(n * each);
}

function showTotal(total) {
  $("[data-total]", form).textContent = number(total);
  $("[data-usd]", form).textContent = `$${(total / 1000).toFixed(total % 10 ? 3 : 2)}`;
}

if (form) {
  form.addEventListener("change", (event) => {
    if (event.target.name === "mode" && event.target.value === "image" && model()?.closest(".no-edits")) {
      const other = $(".opt:not(.no-edits) [name=model]:enabled", form);
      if (other) other.checked = true;
    }
    showPrice();
  });
  for (const option of $$(".picker .opt", form)) {
    // A press of the pointer closes the list; arrow keys go on choosing.
    option.addEventListener("click", (event) => {
      if (event.detail) setTimeout(() => { option.closest("details").open = false; }, 120);
    });
  }
  $("[data-surprise]", form)?.addEventListener("click", (event) => {
    const area = $(event.currentTarget.dataset.surprise);
    const others = IDEAS.filter((idea) => idea !== area.value);
    area.value = others[Math.floor(Math.random() * others.length)];
    area.dispatchEvent(new Event("input", { bubbles: true }));
  });
  form.addEventListener("submit", (event) => {
    const area = $("#f-prompt");
    if ([...area.value].length <= Number(area.dataset.max)) return;
    event.preventDefault();
    event.stopPropagation();
    area.focus();
    toast(`The prompt is too long: at most ${area.dataset.max} characters`);
  }, true);
  references(form, toast);
  showPrice();
}

// The server's price is the one that counts: where it answers, its figure is shown.
document.body.addEventListener("htmx:afterSwap", (event) => {
  const fresh = $("#quote");
  if (event.detail.target.id === "quote" && fresh?.dataset.sum) showTotal(Number(fresh.dataset.sum));
});

// Live cards look again by themselves. A hidden page rests; a lost line is said and tried again.
const wake = () => { for (const card of $$("[data-live]")) window.htmx?.trigger(card, "wake"); };
const offline = (yes) => { const note = $("[data-offline]"); if (note) note.hidden = !yes; };
document.body.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.detail.elt.matches("[data-live]")) event.preventDefault();
});
document.addEventListener("visibilitychange", () => { if (!document.hidden) wake(); });
for (const failure of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.body.addEventListener(failure, (event) => {
    if (!event.detail.elt.matches("[data-live]")) return;
    offline(failure === "htmx:sendError");
    setTimeout(wake, 5000);
  });
}
document.body.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful) offline(false); });

// Start, each finished picture and the end are announced; not each percent.
const told = new Map($$("[data-live]").map((card) => [card.id, card.dataset.countDone]));
const ENDS = { completed: "Done", failed: "It failed; your credits are back", canceled: "Cancelled" };
document.body.addEventListener("htmx:afterSettle", () => {
  for (const card of $$("[data-status]")) {
    const end = ENDS[card.dataset.status];
    const state = end || card.dataset.countDone;
    if (!told.has(card.id) || told.get(card.id) === state) continue;
    told.set(card.id, state);
    $("[data-announce]").textContent = end || `${state} ready`;
  }
});
if (told.size) $("[data-announce]").textContent = "Your picture is on its way";
