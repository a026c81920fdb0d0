// The search box of the index. Without scripts it stays hidden.
const things = JSON.parse(document.getElementById("things").textContent);
const box = document.getElementById("search");
const found = document.getElementById("found");
const count = document.getElementById("count");

// Better ones have lower numbers: the name itself, the beginning of a part of it, a part, other words.
function rank([name, , , summary, words], asked) {
  const whole = name.toLowerCase();
  const all = `${whole} ${summary} ${words}`.toLowerCase();
  if (!asked.every((word) => all.includes(word))) return -1;
  const parts = whole.split(".");
  const last = parts[parts.length - 1];
  if (asked.every((word) => last === word)) return 0;
  if (asked.some((word) => last.startsWith(word))) return 1;
  if (asked.some((word) => whole.includes(word))) return 2;
  return 3;
}

function item([name, kind, link, summary]) {
  const line = document.createElement("li");
  const a = document.createElement("a");
  a.href = link;
  a.append(Object.assign(document.createElement("code"), { textContent: name }));
  const badge = Object.assign(document.createElement("span"), { textContent: kind, className: "badge" });
  line.append(a, " ", badge);
  if (summary) line.append(Object.assign(document.createElement("p"), { textContent: summary }));
  return line;
}

function search() {
  const asked = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  const ranked = asked.length
    ? things.map((thing) => [rank(thing, asked), thing]).filter(([place]) => place >= 0)
    : [];
  ranked.sort(([a], [b]) => a - b);
  found.replaceChildren(...ranked.slice(0, 50).map(([, thing]) => item(thing)));
  const more = ranked.length > 50 ? ", the first 50" : "";
  count.textContent = asked.length ? `${ranked.length || "Nothing"} found${more}` : "";
}

box.addEventListener("input", search);
box.addEventListener("keydown", (event) => {
  const first = found.querySelector("a");
  if (event.key === "Enter" && first) first.click();
});
document.getElementById("searching").hidden = false;
search(); // what the browser has kept in the box
if (location.hash === "#search") box.focus();
