"""The style sheet and the script of the HTML page."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --page: #ffffff; --ink: #1b2430; --muted: #5d6877; --line: #dfe3e9;
  --hover: #eef2f7; --crossing: #b93f12; --added: #1d7a3e; --removed: #b53030; --changed: #8a5d00; }
@media (prefers-color-scheme: dark) { :root { --page: #14181f; --ink: #e7eaf0; --muted: #98a2b3;
  --line: #303845; --hover: #212835; --crossing: #ff8a5c; --added: #5fd08a; --removed: #ff8585;
  --changed: #f0c04a; } }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 13px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif; }
main { display: flex; flex-wrap: wrap; gap: 28px; padding: 24px; align-items: flex-start;
  justify-content: center; }
figure { margin: 0; flex: 0 1 var(--width); min-width: 0; max-width: 100%; overflow-x: auto; }
svg { display: block; width: 100%; height: auto; min-width: calc(var(--width) * 0.6); }
aside { position: sticky; top: 24px; max-height: calc(100vh - 48px); overflow: auto; }
@media (min-width: 1100px) { main { flex-wrap: nowrap; } aside { flex: none; max-width: 52vw; } }
.alone aside { position: static; max-height: none; max-width: 100%; }
.alone td, .alone th { white-space: nowrap; }
.alone .changes td, .alone details td { white-space: normal; max-width: 420px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th { position: sticky; top: 0; background: var(--page); text-align: left; font-weight: 500;
  color: var(--muted); }
th, td { padding: 3px 12px 3px 6px; border-bottom: 1px solid var(--line); vertical-align: top; }
.layers th:nth-child(n+5), .layers td:nth-child(n+5) { text-align: right; }
.layers td { white-space: nowrap; }
.layers td:nth-child(3) { white-space: normal; min-width: 60px; max-width: 200px; }
.changes td { overflow-wrap: anywhere; max-width: 230px; }
tfoot td { font-weight: 600; }
tfoot tr:last-child td { border-bottom: 0; }
tbody b { font-weight: 600; }
tbody tr.on, tbody tr[data-layer]:hover { background: var(--hover); }
h1 { margin: 0 6px 8px; font-size: 17px; }
h2 { margin: 20px 6px 4px; font-size: 14px; }
ul { margin: 4px 6px; padding-left: 18px; max-width: 560px; }
li { white-space: pre-wrap; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
summary { margin: 10px 6px 4px; cursor: pointer; font-weight: 600; }
p { margin: 8px 6px; color: var(--muted); }
.crosses { color: var(--crossing); font-weight: 600; }
.add td:first-child { color: var(--added); }
.remove td:first-child { color: var(--removed); }
.change td:first-child, .rename td:first-child { color: var(--changed); }
.along td { color: var(--muted); border-bottom-style: dashed; }
.along td:nth-child(2) { padding-left: 22px; }
.along b { font-weight: 400; }
.box, .edge, .label { transition: opacity 120ms; }
.box { cursor: default; outline: none; }
.box:focus-visible rect { stroke-width: 3; }
.focus .box:not(.on), .focus .label:not(.on) { opacity: 0.3; }
.focus .edge:not(.on) { opacity: 0.12; }
#details { position: fixed; z-index: 2; max-width: 340px; padding: 9px 13px; border-radius: 8px;
  background: #1b2430; color: #dbe1ea; box-shadow: 0 4px 18px rgb(0 0 0 / 30%); pointer-events: none;
  white-space: pre-line; overflow-wrap: anywhere; font-size: 12px; }
#details::first-line { font-weight: 600; color: #ffffff; }
"""

SCRIPT = """
const svg = document.querySelector('svg'), details = document.getElementById('details');
const all = (selector) => [...document.querySelectorAll(selector)];
const boxes = all('.box'), edges = all('.edge'), labels = all('.label'), rows = all('tr[data-layer]');
const by = (list, key) => list.reduce((m, e) => m.set(e.dataset[key], [...(m.get(e.dataset[key]) || []), e]),
  new Map());
const boxOf = by(boxes, 'node'), labelOf = by(labels, 'node'), layerOf = by(boxes, 'layer');
const rowOf = by(rows, 'layer'), leaving = by(edges, 'from'), arriving = by(edges, 'to');
let lit = [];
function light(elements) {
  lit.forEach((e) => e.classList.remove('on'));
  lit = elements;
  lit.forEach((e) => e.classList.add('on'));
  svg.classList.toggle('focus', lit.length > 0);
}
function around(node) {
  const out = leaving.get(node) || [], into = arriving.get(node) || [];
  const near = [node, ...out.map((e) => e.dataset.to), ...into.map((e) => e.dataset.from)];
  const carry = [node, ...into.map((e) => e.dataset.from)];
  return [...out, ...into, ...near.flatMap((n) => boxOf.get(n) || []),
    ...carry.flatMap((n) => labelOf.get(n) || [])];
}
function ends(edge) {
  const { from, to } = edge.dataset;
  return [edge, ...(boxOf.get(from) || []), ...(boxOf.get(to) || []), ...(labelOf.get(from) || [])];
}
function tell(text, x, y) {
  details.textContent = text;
  details.hidden = false;
  const { offsetWidth: w, offsetHeight: h } = details;
  details.style.left = Math.max(8, x + 18 + w > innerWidth ? x - w - 18 : x + 18) + 'px';
  details.style.top = Math.max(8, Math.min(y + 14, innerHeight - h - 8)) + 'px';
}
function clear() { light([]); details.hidden = true; }
function tips(element, elements) {
  const title = element.querySelector('title'), text = title.textContent;
  title.remove();
  element.setAttribute('aria-label', text);
  element.addEventListener('pointerenter', () => light(elements()));
  element.addEventListener('pointermove', (e) => tell(text, e.clientX, e.clientY));
  element.addEventListener('pointerleave', clear);
  return text;
}
for (const box of boxes) {
  const lights = () => [...around(box.dataset.node), ...(rowOf.get(box.dataset.layer) || [])];
  const text = tips(box, lights);
  box.setAttribute('tabindex', '0');
  box.addEventListener('focus', () => {
    const place = box.getBoundingClientRect();
    light(lights());
    tell(text, place.right - 10, place.top);
  });
  box.addEventListener('blur', clear);
}
for (const edge of edges) tips(edge, () => ends(edge));
for (const row of rows) {
  row.addEventListener('pointerenter', () => {
    const found = layerOf.get(row.dataset.layer) || [];
    light([row, ...found.flatMap((box) => around(box.dataset.node))]);
  });
  row.addEventListener('pointerleave', clear);
}
document.addEventListener('keydown', (e) => { if (e.key === 'Escape') clear(); });
"""
