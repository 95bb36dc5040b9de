// Compares a file with the letter by SHA-256, on this device: the file is sent nowhere unless its form is submitted.
"use strict";
(() => {
  const check = document.getElementById("check");
  const input = document.getElementById("file");
  const result = document.getElementById("result");
  const words = check.dataset;
  let turn = 0;

  function say(text, kind) {
    result.textContent = text;
    result.className = kind ? "result " + kind : "result";
  }

  async function compare(files) {
    const mine = ++turn;
    if (files.length !== 1) {
      say(files.length ? words.many : "", "");
      return;
    }
    say(words.wait, "");
    let hex;
    try {
      const digest = await crypto.subtle.digest("SHA-256", await files[0].arrayBuffer());
      hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
    } catch {
      if (mine === turn) say(words.unable, "");
      return;
    }
    // Only the file that was chosen last is told of.
    if (mine !== turn) return;
    if (hex === words.sha256) say(words.same, "same");
    else say(words.other, "other");
  }

  if (!window.crypto || !crypto.subtle) {
    say(words.unable, "");
    return;
  }
  check.classList.add("script");
  document.getElementById("compare").hidden = false;
  document.getElementById("full").hidden = false;
  const drop = check.querySelector(".drop");
  input.addEventListener("change", () => compare(input.files));
  // A file that misses the field must not replace the page.
  for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => event.preventDefault());
  check.addEventListener("dragover", () => drop.classList.add("over"));
  check.addEventListener("dragleave", () => drop.classList.remove("over"));
  check.addEventListener("drop", (event) => {
    drop.classList.remove("over");
    const files = event.dataTransfer.files;
    if (files.length === 1) input.files = files;
    compare(files);
  });
  if (input.files.length) compare(input.files);
})();
