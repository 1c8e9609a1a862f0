// The one place for toasts: news that needs no action and leaves by itself.
export function toast(text, action, act) {
  const place = document.querySelector(".toasts");
  if (!place) return;
  const box = document.createElement("div");
  const button = document.createElement("button");
  box.className = "toast";
  button.type = "button";
  button.textContent = action || "Dismiss";
  button.addEventListener("click", () => { box.remove(); if (act) act(); });
  box.append(text, button);
  place.append(box);
  setTimeout(() => box.remove(), 6000);
}
