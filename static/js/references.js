// Reference images of the create form: by drop, paste or the file dialog, shown before they are sent.
const TYPES = ["image/jpeg", "image/png", "image/webp"];
const LARGEST = 10 * 1024 * 1024;

export function references(form, toast) {
  const place = form.querySelector("[data-drop]");
  const input = form.querySelector("[name=refs]");
  const add = form.querySelector(".add");
  const max = Number(place.dataset.max);
  let chosen = [];

  const kept = () => form.querySelectorAll(".kept input:checked").length;

  function draw() {
    for (const old of place.querySelectorAll(".new")) {
      URL.revokeObjectURL(old.querySelector("img").src);
      old.remove();
    }
    chosen.forEach((file, index) => add.before(tile(file, index)));
    form.querySelector("[data-refs]").textContent = kept() + chosen.length;
    add.hidden = kept() + chosen.length >= max;
    const all = new DataTransfer();
    for (const file of chosen) all.items.add(file);
    input.files = all.files;
  }

  function tile(file, index) {
    const box = document.createElement("div");
    const picture = document.createElement("img");
    const remove = document.createElement("button");
    box.className = "new";
    picture.src = URL.createObjectURL(file);
    picture.width = picture.height = 80;
    picture.alt = `Reference ${kept() + index + 1}: ${file.name}`;
    remove.type = "button";
    remove.className = "x";
    remove.textContent = "✕";
    remove.setAttribute("aria-label", `Remove ${file.name}`);
    remove.addEventListener("click", () => {
      chosen = chosen.filter((one) => one !== file);
      draw();
      input.focus();
    });
    box.append(picture, remove);
    return box;
  }

  function take(files) {
    for (const file of files) {
      if (!TYPES.includes(file.type) || file.size > LARGEST) toast(`${file.name} was not added. Use JPEG, PNG or WebP, up to 10 MB.`);
      else if (kept() + chosen.length >= max) { toast(`Up to ${max} reference images.`); break; }
      else chosen.push(file);
    }
    draw();
    const image = form.querySelector("[name=mode][value=image]");
    const video = form.querySelector("[name=mode][value=video]");
    if (chosen.length && !video?.checked && !image.checked) {
      image.checked = true;
      image.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }

  input.addEventListener("change", () => take([...input.files]));
  place.addEventListener("change", (event) => { if (event.target.matches(".chk")) draw(); });
  addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) { event.preventDefault(); take(files); }
  });
  form.addEventListener("dragover", (event) => {
    if (event.dataTransfer.types.includes("Files")) { event.preventDefault(); place.classList.add("over-me"); }
  });
  form.addEventListener("dragleave", () => place.classList.remove("over-me"));
  form.addEventListener("drop", (event) => {
    place.classList.remove("over-me");
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    take([...event.dataTransfer.files]);
  });
}
