/* Elements, numbers and scales. Text only ever goes in as text nodes and attributes. */
const SVG = 'http://www.w3.org/2000/svg';

function fill(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes || {}))
    if (value !== null && value !== undefined) node.setAttribute(key, value);
  for (const child of children) if (child !== null) node.append(child);
  return node;
}
const svg = (name, attributes, ...children) => fill(document.createElementNS(SVG, name), attributes, children);
const html = (name, attributes, ...children) => fill(document.createElement(name), attributes, children);
const byId = (id) => document.getElementById(id);

const prefixes = [[1e18, 'E'], [1e15, 'P'], [1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e3, 'k'], [1, ''], [1e-3, 'm'], [1e-6, 'µ'], [1e-9, 'n']];

function digits(value, n = 4) {
  if (value === 0) return '0';
  const rounded = Number(value.toPrecision(n));
  return Math.abs(rounded) >= 1e6 ? rounded.toExponential(2) : String(rounded);
}

/* "18.51 ms": four digits and the prefix that fits. */
function quantity(value, unit, n = 4) {
  if (value === null || !Number.isFinite(value)) return '–';
  if (value === 0) return '0 ' + unit;
  const [scale, prefix] = prefixes.find(([size]) => Math.abs(value) >= size * 0.9999995) || prefixes[prefixes.length - 1];
  return digits(value / scale, n) + ' ' + prefix + unit;
}
const count = (value) => value.toLocaleString('en-US', { maximumSignificantDigits: value >= 1e4 ? 6 : 4, useGrouping: value >= 1e4 });
/* "1k", for axes. */
const tick = (value) => (value < 1e3 ? String(Number(value.toPrecision(1))) : value / 1e3 + 'k');
const percent = (value) => (value * 100 >= 10 ? (value * 100).toFixed(0) : (value * 100).toFixed(1)) + ' %';
const times = (value) => '×' + (value >= 100 ? value.toFixed(0) : Number(value.toPrecision(3)));

/* "5.26 ms", zeros kept, so that a column of them stands in line. */
function column3(value, unit) {
  const [number, prefix] = quantity(value, unit, 3).split(' ');
  return /^[0-9.]+$/.test(number) && value > 0 ? `${Number(number).toPrecision(3)} ${prefix}` : `${number} ${prefix ?? ''}`;
}

/* "17.3–19.9 ms" */
function range(low, high, unit) {
  const [a, from] = column3(low, unit).split(' '), [b, to] = column3(high, unit).split(' ');
  return from === to ? `${a}–${b} ${to}` : `${a} ${from} – ${b} ${to}`;
}

/* A logarithmic scale onto pixels, clamped to them. */
function logScale(low, high, from, to) {
  const a = Math.log10(low), b = Math.log10(high);
  const at = (value) => from + (to - from) * Math.min(1, Math.max(0, (Math.log10(value) - a) / (b - a)));
  at.low = low;
  at.high = high;
  at.decades = [];
  for (let e = Math.ceil(a - 1e-9); e <= b + 1e-9; e++) at.decades.push(10 ** e);
  return at;
}

/* Rectangles that are taken; labels look for a free place around their point. */
function labelMap(left, top, right, bottom) {
  const taken = [];
  const overlaps = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
  const free = (box) => box[0] >= left && box[2] <= right && box[1] >= top && box[3] <= bottom && !taken.some((t) => overlaps(box, t));
  const take = (box) => taken.push(box);
  function place(x, y, radius, width, height) {
    for (const gap of [4, 14, 26, 40, 58])
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, -1], [0, 1], [.8, -.8], [-.8, -.8], [.8, .8], [-.8, .8]]) {
        const reach = radius + gap;
        const cx = x + dx * (reach + width / 2), cy = y + dy * (reach + height / 2);
        const box = [cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2];
        if (free(box)) {
          take(box);
          return { x: box[0], y: cy, box, far: gap > 14 };
        }
      }
    return null;
  }
  return { take, free, place };
}
