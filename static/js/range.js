// Forms that change the address: typed ranges are sent as ISO 8601 UTC, and fields left empty are not sent at all.
import { instantOf, isoUtc } from "./zone.js";

function sendUtc(event) {
  const { zone } = event.target.dataset;
  for (const name of ["from", "to"]) {
    const wall = new Date(event.formData.get(name)).getTime();
    if (!Number.isNaN(wall)) event.formData.set(name, isoUtc(instantOf(wall, zone)));
  }
}

function dropEmpty(event) {
  for (const [name, value] of [...event.formData]) {
    if (value !== "") continue;
    const told = event.formData.getAll(name).filter((one) => one !== "");
    event.formData.delete(name);
    told.forEach((one) => event.formData.append(name, one));
  }
}

document.addEventListener("formdata", (event) => {
  if (event.target.matches("[data-range-form]")) sendUtc(event);
  if (event.target.matches("[data-drop-empty]")) dropEmpty(event);
});

document.addEventListener("input", (event) => {
  const form = event.target.closest("[data-range-form]");
  if (!form) return;
  const [from, to] = [form.elements.from, form.elements.to];
  to.setCustomValidity(from.value && to.value && from.value >= to.value ? form.dataset.sayOrder : "");
});
