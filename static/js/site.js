// What every page gains from script: theme without a reload, counters, menus, copying, dialogs.
import { toast } from "./toast.js";

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

// Theme: the server prints data-theme from this cookie, so there is no flash on the next page.
$("[data-theme-form]")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax${secure}`;
});

// Prompt counter: announced only when it matters. Counts characters as the server does.
function count(area) {
  const out = $(`[data-count="${area.id}"]`);
  if (!out) return;
  const max = Number(area.dataset.max);
  const size = [...area.value].length;
  out.firstChild.data = `${size} / ${max}`;
  out.classList.toggle("over", size > max);
  const near = size > max * 0.9 ? `${max - size} characters left` : "";
  out.lastElementChild.textContent = size > max ? `${size - max} characters over the limit` : near;
}

document.addEventListener("input", (event) => {
  if (event.target.matches?.("textarea[data-max]")) count(event.target);
});
for (const area of $$("textarea[data-max]")) count(area);

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.metaKey || event.ctrlKey) && event.target.matches("textarea[data-max]")) {
    event.target.form.requestSubmit();
  }
  if (event.key !== "Escape") return;
  for (const menu of $$(".pop[open]")) { menu.open = false; $("summary", menu).focus(); }
});

async function copy(text, words) {
  try {
    await navigator.clipboard.writeText(text);
    toast(words || "Copied");
  } catch {
    toast(text);
  }
}

function textOf(target) {
  if (target.value !== undefined) return target.value;
  return ($$("pre", target).find((one) => one.offsetParent) ?? target).textContent;
}

document.addEventListener("click", (event) => {
  for (const menu of $$(".pop[open]")) if (!menu.contains(event.target)) menu.open = false;
  const button = event.target.closest("button, a");
  if (!button) return;
  const { fill, target, copy: source, copyText, open, close, show } = button.dataset;
  if (fill !== undefined) {
    const area = $(target);
    area.value = fill;
    area.dispatchEvent(new Event("input", { bubbles: true }));
    area.focus();
  }
  if (source) copy(textOf($(source)));
  if (copyText) { event.preventDefault(); copy(new URL(copyText, location.href).href, "Link copied"); }
  if (open) { event.preventDefault(); $(open).showModal(); }
  if (close !== undefined) button.closest("dialog").close();
  if (show) {
    const field = $(show);
    const hidden = field.type === "password";
    field.type = hidden ? "text" : "password";
    button.setAttribute("aria-pressed", String(hidden));
  }
});

// A form is sent once: a second press waits for the answer. Coming back by "Back" frees it again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("hx-post")) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  event.submitter?.setAttribute("aria-busy", "true");
  setTimeout(() => free(form, event.submitter), 5000);
});

// A form whose answer is a file leaves its page standing, so a mark does not stay for good.
function free(form, button) {
  delete form.dataset.sent;
  button?.removeAttribute("aria-busy");
}
addEventListener("pageshow", () => {
  for (const form of $$("form[data-sent]")) free(form, $("[aria-busy]", form));
});

// The summary of what is wrong takes the focus, so that it is read first.
$("[data-focus]")?.focus();
