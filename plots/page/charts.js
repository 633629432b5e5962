/* The three pictures, drawn anew at every answer. */
const bounds = ['compute', 'memory', 'network', 'overhead'];

const tip = html('div', { class: 'tip', hidden: '' });

function showTip(chart, x, y, lines) {
  tip.replaceChildren(html('b', null, lines[0]), ...lines.slice(1).map((line) => html('div', null, line)));
  tip.hidden = false;
  chart.append(tip);
  const wide = chart.clientWidth, scale = wide / chart.querySelector('svg').viewBox.baseVal.width;
  const left = Math.min(Math.max(0, x * scale + 14), Math.max(0, wide - tip.offsetWidth));
  const above = y * scale - tip.offsetHeight - 12;
  tip.style.left = left + 'px';
  tip.style.top = (above > 0 ? above : y * scale + 16) + 'px';
}
const hideTip = () => { tip.hidden = true; };

/* ---- the roofline ---- */

const fontPx = 12, charPx = 6.6;

function frame(width) {
  const narrow = width < 560;
  const height = narrow ? Math.max(340, width * .92) : Math.min(520, Math.max(400, width * .54));
  return { width, height, narrow, left: narrow ? 46 : 66, right: 12, top: narrow ? 24 : 16, bottom: 44 };
}

function scales(f, views) {
  let top = 0, low = Infinity;
  for (const view of views) {
    top = Math.max(top, ...view.roofline.flats.map((flat) => flat.ceiling_flops_per_s));
    for (const p of view.roofline.points) low = Math.min(low, p.flops_per_s);
  }
  const bottom = Math.max(Math.min(low * .6, top * 1e-3), top * 1e-6);
  return {
    x: logScale(.1, 1e4, f.left, f.width - f.right),
    y: logScale(10 ** Math.floor(Math.log10(bottom)), top * 4, f.height - f.bottom, f.top),
  };
}

function axes(f, x, y, mainRidge) {
  const g = svg('g');
  const bottom = f.height - f.bottom, right = f.width - f.right, ridge = x(mainRidge);
  g.append(svg('rect', { class: 'zone-memory', x: f.left, y: f.top, width: Math.max(0, ridge - f.left), height: bottom - f.top }));
  g.append(svg('rect', { class: 'zone-compute', x: ridge, y: f.top, width: Math.max(0, right - ridge), height: bottom - f.top }));
  for (const value of x.decades) {
    g.append(svg('line', { class: 'grid', x1: x(value), x2: x(value), y1: f.top, y2: bottom }));
    g.append(svg('text', { class: 'soft', x: x(value), y: bottom + 16, 'text-anchor': 'middle' }, tick(value)));
  }
  for (const value of y.decades) {
    g.append(svg('line', { class: 'grid', x1: f.left, x2: right, y1: y(value), y2: y(value) }));
    g.append(svg('text', { class: 'soft', x: f.left - 6, y: y(value) + 4, 'text-anchor': 'end' }, quantity(value, '', 1)));
  }
  g.append(svg('line', { class: 'axis', x1: f.left, x2: right, y1: bottom, y2: bottom }));
  g.append(svg('line', { class: 'axis', x1: f.left, x2: f.left, y1: f.top, y2: bottom }));
  g.append(svg('text', { class: 'soft', x: (f.left + right) / 2, y: f.height - 8, 'text-anchor': 'middle' }, 'FLOP per byte of device memory'));
  const name = f.narrow ? [4, 12, null] : [16, (f.top + bottom) / 2, `rotate(-90 16 ${(f.top + bottom) / 2})`];
  g.append(svg('text', { class: 'soft halo', x: name[0], y: name[1], transform: name[2], 'text-anchor': name[2] ? 'middle' : 'start' }, 'FLOP/s of one device'));
  return g;
}

/* Exact vertices: where the slope leaves the picture, the ridge, the right edge. */
function roofPath(x, y, bandwidth, peak) {
  const x0 = Math.max(x.low, y.low / bandwidth), ridge = Math.min(peak / bandwidth, x.high);
  const d = [`M${x(x0)} ${y(bandwidth * x0)}`, `L${x(ridge)} ${y(bandwidth * ridge)}`];
  if (ridge < x.high) d.push(`L${x(x.high)} ${y(peak)}`);
  return d.join('');
}

function slopeOf(view, name) {
  return view.roofline.slopes.find((slope) => slope.name === name);
}

function mainFlat(view) {
  return view.roofline.flats.find((flat) => Math.abs(flat.ridge_flops_per_byte / view.cost.ridge_flops_per_byte - 1) < 1e-9) || view.roofline.flats[view.roofline.flats.length - 1];
}

function drawRoofs(g, map, f, x, y, view) {
  const hbm = slopeOf(view, 'hbm'), flats = view.roofline.flats;
  const top = flats[flats.length - 1].ceiling_flops_per_s;
  for (const slope of view.roofline.slopes)
    if (slope.name === 'l2') g.append(svg('path', { class: 'slope', d: roofPath(x, y, slope.ceiling_bytes_per_s, top) }));
  for (const flat of flats) {
    g.append(svg('path', { class: 'ceiling', d: roofPath(x, y, hbm.ceiling_bytes_per_s, flat.ceiling_flops_per_s) }));
    g.append(svg('path', { class: 'roof', d: roofPath(x, y, hbm.expected_bytes_per_s || hbm.ceiling_bytes_per_s, flat.expected_flops_per_s || flat.ceiling_flops_per_s) }));
  }
  flats.forEach((flat, i) => {
    const label = `${flat.name} ${quantity(flat.ceiling_flops_per_s, f.narrow ? '' : 'FLOP/s')}${f.narrow ? '' : ' dense'}`, wide = label.length * charPx;
    /* Above the highest roof, below the others, between no two of them. */
    const at = i === flats.length - 1 ? y(flat.ceiling_flops_per_s) - 7 : y(flat.expected_flops_per_s || flat.ceiling_flops_per_s) + 15;
    g.append(svg('text', { class: 'halo', x: f.width - f.right - 4, y: at, 'text-anchor': 'end' }, label));
    map.take([f.width - f.right - 4 - wide, at - 12, f.width - f.right, at + 4]);
  });
  /* Along the slope, above it, where it is steepest in the open: a third of the way up. */
  const ridge = Math.min(top / hbm.ceiling_bytes_per_s, x.high), x0 = Math.max(x.low, y.low / hbm.ceiling_bytes_per_s);
  const px = [x(x0), x(ridge)], py = [y(x0 * hbm.ceiling_bytes_per_s), y(ridge * hbm.ceiling_bytes_per_s)];
  const t = f.narrow ? .5 : .42, cx = px[0] + t * (px[1] - px[0]), cy = py[0] + t * (py[1] - py[0]);
  const angle = Math.atan2(py[1] - py[0], px[1] - px[0]) * 180 / Math.PI;
  g.append(svg('text', { class: 'halo', x: cx, y: cy - 8, 'text-anchor': 'middle', transform: `rotate(${angle} ${cx} ${cy})` }, `memory ${quantity(hbm.ceiling_bytes_per_s, 'B/s')}`));
  for (let i = 0; i <= 24; i++) { /* labels keep off the slope and its name */
    const sx = px[0] + (px[1] - px[0]) * i / 24, sy = py[0] + (py[1] - py[0]) * i / 24;
    map.take([sx - 5, sy - 7, sx + 5, sy + 7]);
    if (Math.abs(sx - cx) < 70) map.take([sx - 8, sy - 26, sx + 4, sy]);
  }
}

function drawRidge(g, map, f, x, y, view) {
  const ridge = view.cost.ridge_flops_per_byte, at = x(ridge), bottom = f.height - f.bottom;
  const flat = mainFlat(view);
  g.append(svg('line', { class: 'ridge', x1: at, x2: at, y1: y(flat.ceiling_flops_per_s), y2: bottom }));
  const label = `ridge ${digits(ridge, 4)}`;
  g.append(svg('text', { class: 'soft halo', x: at + 5, y: bottom - 7 }, label));
  map.take([at + 2, bottom - 19, at + 8 + label.length * charPx, bottom - 3]);
  if (f.narrow) return;
  for (const [word, px, anchor] of [['memory-bound', at - 8, 'end'], ['compute-bound', at + 8, 'start']]) {
    if (anchor === 'start' && f.width - f.right - at < 110) continue;
    g.append(svg('text', { class: 'soft halo', x: px, y: f.top + 14, 'text-anchor': anchor }, word));
    map.take(anchor === 'end' ? [px - 90, f.top, px, f.top + 18] : [px, f.top, px + 90, f.top + 18]);
  }
}

const reached = (view) => view.cost.flops / view.cost.time_s;

function diamond(x, y, r, attributes) {
  return svg('path', { ...attributes, d: `M${x} ${y - r}L${x + r} ${y}L${x} ${y + r}L${x - r} ${y}Z` });
}

function drawTrail(g, map, x, y, trail) {
  if (trail.length < 2) return;
  const at = trail.map((step) => [x(step.intensity), y(step.flops_per_s)]);
  g.append(svg('path', { class: 'trail', d: 'M' + at.map((p) => p.join(' ')).join('L') }));
  for (const [px, py] of at) g.append(svg('circle', { class: 'trail-dot', cx: px, cy: py, r: 2.4 }));
  at.forEach(([px, py], i) => {
    const [qx, qy] = at[Math.min(i + 1, at.length - 1)];
    for (const t of [0, .33, .67]) map.take([px + t * (qx - px) - 3, py + t * (qy - py) - 3, px + t * (qx - px) + 3, py + t * (qy - py) + 3]);
  });
}

/* Batches whose dots stand apart get their number. */
function nameTrail(g, map, x, y, trail) {
  trail.forEach((step, i) => {
    if (i !== 0 && i !== trail.length - 1 && i % 3 !== 0) return;
    const text = (i === 0 ? 'batch ' : '') + step.batch;
    const label = map.place(x(step.intensity), y(step.flops_per_s), 3, text.length * charPx, fontPx + 2);
    if (label && !label.far) g.append(svg('text', { class: 'soft halo', x: label.x, y: label.y + 4 }, text));
  });
}

function pointLines(p, operator) {
  return [p.name, `${digits(p.intensity_flops_per_byte)} FLOP/byte, ${quantity(p.flops_per_s, 'FLOP/s')}`,
    `${percent(p.roof_frac)} of the roof there`, `${quantity(operator.time_s, 's')}, ${percent(p.share_frac)} of the step; ${operator.bound}-bound`];
}

/* One tab stop for all points; arrow keys walk through them, heaviest first. */
function walk(nodes, chart, show) {
  nodes.forEach((node, i) => {
    node.setAttribute('tabindex', i === 0 ? 0 : -1);
    node.addEventListener('keydown', (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (event.key === 'Escape') hideTip();
      if (!step) return;
      event.preventDefault();
      nodes[(i + step + nodes.length) % nodes.length].focus();
    });
    for (const event of ['pointerenter', 'focus']) node.addEventListener(event, () => show(i));
    for (const event of ['pointerleave', 'blur']) node.addEventListener(event, hideTip);
  });
}

function drawPoints(g, map, chart, f, x, y, view) {
  const operators = new Map(view.cost.operators.map((operator) => [operator.name, operator]));
  const points = view.roofline.points, nodes = [];
  const radius = (p) => 2.5 + (f.narrow ? 15 : 20) * Math.sqrt(p.share_frac);
  for (const p of points) {
    const operator = operators.get(p.name), px = x(p.intensity_flops_per_byte), py = y(p.flops_per_s);
    const lines = pointLines(p, operator);
    const node = svg('g', { class: 'at', role: 'img', 'aria-label': lines.join('; '), 'data-operator': p.name, 'data-x': p.intensity_flops_per_byte, 'data-y': p.flops_per_s },
      svg('circle', { class: `point ${operator.bound}`, r: radius(p) }));
    node.style.transform = `translate(${px}px, ${py}px)`;
    nodes.push(node);
    const r = radius(p) * .8;
    map.take([px - r, py - r, px + r, py + r]);
  }
  g.append(...nodes);
  walk(nodes, chart, (i) => showTip(chart, x(points[i].intensity_flops_per_byte), y(points[i].flops_per_s), pointLines(points[i], operators.get(points[i].name))));
  return radius;
}

function namePoints(g, map, f, x, y, view, radius) {
  for (const p of view.roofline.points.slice(0, f.narrow ? 5 : 9)) {
    if (p.share_frac < .01) continue;
    const px = x(p.intensity_flops_per_byte), py = y(p.flops_per_s);
    const label = map.place(px, py, radius(p), p.name.length * charPx, fontPx + 2);
    if (!label) continue;
    if (label.far) {
      const nearX = Math.min(Math.max(px, label.box[0]), label.box[2]);
      g.append(svg('line', { class: 'leader', x1: px, y1: py, x2: nearX, y2: label.y < py ? label.box[3] : label.box[1] }));
    }
    g.append(svg('text', { class: 'halo', x: label.x, y: label.y + 4 }, p.name));
  }
}

/* view: the answer; pinned: another one or null; trail: whole steps at growing batches. */
function drawRoofline(chart, width, view, pinned, trail) {
  const f = frame(width), views = pinned ? [view, pinned] : [view], { x, y } = scales(f, views);
  const map = labelMap(f.left + 2, f.top, f.width - f.right, f.height - f.bottom);
  const root = svg('svg', { viewBox: `0 0 ${f.width} ${f.height}`, role: 'group', 'aria-labelledby': 'roof-title' });
  const lines = svg('g'), words = svg('g'), marks = svg('g');
  root.append(axes(f, x, y, view.cost.ridge_flops_per_byte));
  if (pinned) {
    const ghost = svg('g', { class: 'ghost' }), hbm = slopeOf(pinned, 'hbm');
    for (const flat of pinned.roofline.flats) ghost.append(svg('path', { class: 'ceiling', d: roofPath(x, y, hbm.ceiling_bytes_per_s, flat.ceiling_flops_per_s) }));
    for (const p of pinned.roofline.points) ghost.append(svg('circle', { fill: 'none', class: 'axis', cx: x(p.intensity_flops_per_byte), cy: y(p.flops_per_s), r: 2.5 + 20 * Math.sqrt(p.share_frac) }));
    ghost.append(diamond(x(pinned.cost.intensity_flops_per_byte), y(reached(pinned)), 8, { class: 'pinned-step' }));
    root.append(ghost);
  }
  drawRoofs(lines, map, f, x, y, view);
  drawRidge(lines, map, f, x, y, view);
  drawTrail(lines, map, x, y, trail);
  const sx = x(view.cost.intensity_flops_per_byte), sy = y(reached(view));
  map.take([sx - 8, sy - 8, sx + 8, sy + 8]);
  const radius = drawPoints(marks, map, chart, f, x, y, view);
  marks.append(diamond(sx, sy, 8, { class: 'step', 'data-x': view.cost.intensity_flops_per_byte, 'data-y': reached(view) }));
  const own = map.place(sx, sy, 8, 10 * charPx, fontPx + 2);
  if (own) words.append(svg('text', { class: 'halo', x: own.x, y: own.y + 4, 'font-weight': 650 }, 'whole step'));
  namePoints(words, map, f, x, y, view, radius);
  nameTrail(words, map, x, y, trail);
  root.append(lines, marks, words);
  const focused = chart.contains(document.activeElement) ? document.activeElement.dataset.operator : null;
  chart.replaceChildren(root);
  if (focused) [...chart.querySelectorAll('[data-operator]')].find((node) => node.dataset.operator === focused)?.focus();
}

/* ---- where the time goes ---- */

function drawBounds(chart, width, view) {
  const height = 34, total = view.cost.time_s;
  const root = svg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img',
    'aria-label': bounds.map((bound) => `${bound} ${percent(view.cost.bound_s[bound] / total)}`).join(', ') });
  let from = 0;
  const sum = bounds.reduce((all, bound) => all + view.cost.bound_s[bound], 0);
  for (const bound of bounds) {
    const frac = view.cost.bound_s[bound] / sum, wide = frac * width;
    if (wide <= 0) continue;
    root.append(svg('rect', { class: `bar ${bound}`, x: from, y: 0, width: Math.max(0, wide - 1), height, rx: 3 }));
    const text = wide > 110 ? `${bound} ${percent(frac)}` : percent(frac);
    if (wide > text.length * charPx + 10)
      root.append(svg('text', { class: 'on-bar', x: from + wide / 2, y: height / 2 + 4, 'text-anchor': 'middle' }, text));
    from += wide;
  }
  chart.replaceChildren(root);
}

const barsShown = 14;

function barRows(view) {
  const sorted = [...view.cost.operators].sort((a, b) => b.time_s - a.time_s);
  const rows = sorted.slice(0, barsShown), rest = sorted.slice(barsShown);
  if (rest.length) {
    const sum = (key) => rest.reduce((all, operator) => all + operator[key], 0);
    rows.push({ name: `${rest.length} others`, time_s: sum('time_s'), ceiling_s: sum('ceiling_s'), share_frac: sum('share_frac'), bound: 'overhead' });
  }
  return rows;
}

function drawBars(chart, width, view) {
  const narrow = width < 560, rows = barRows(view), row = narrow ? 38 : 25;
  const names = narrow ? 0 : Math.min(240, 14 + charPx * Math.max(...rows.map((r) => r.name.length)));
  const figures = 118, room = width - names - figures, longest = Math.max(...rows.map((r) => r.time_s));
  const root = svg('svg', { viewBox: `0 0 ${width} ${rows.length * row + 2}`, role: 'list', 'aria-labelledby': 'time-title' });
  rows.forEach((r, i) => {
    const y = i * row, barY = y + (narrow ? 18 : 4), barH = narrow ? 13 : 16;
    const text = `${column3(r.time_s, 's')}, ${percent(r.share_frac)}`;
    const light = names + room * Math.min(1, r.ceiling_s / longest);
    root.append(svg('g', { role: 'listitem', 'aria-label': `${r.name}: ${text}, ceiling ${quantity(r.ceiling_s, 's', 3)}, ${r.bound}` },
      svg('text', { x: narrow ? 0 : names - 8, y: narrow ? y + 13 : y + 16, 'text-anchor': narrow ? 'start' : 'end' }, r.name),
      svg('rect', { class: 'track', x: names, y: barY, width: room, height: barH, rx: 2 }),
      svg('rect', { class: `bar ${r.bound}`, x: names, y: barY, width: Math.max(1, room * r.time_s / longest), height: barH, rx: 2 }),
      r.ceiling_s > 0 ? svg('line', { class: 'light', x1: light, x2: light, y1: barY - 2, y2: barY + barH + 2 }) : null,
      svg('text', { class: 'soft', x: width, y: barY + barH - 3, 'text-anchor': 'end' }, text)));
  });
  chart.replaceChildren(root);
}

/* ---- keys ---- */

function key(id, entries) {
  byId(id).replaceChildren(...entries.map(([mark, text]) => html('span', null, svg('svg', { viewBox: '0 0 22 12', 'aria-hidden': 'true' }, mark), text)));
}

function drawKeys(view) {
  const l2 = slopeOf(view, 'l2');
  const dot = (bound) => svg('circle', { class: bound, cx: 11, cy: 6, r: 5 });
  const words = { compute: 'waits for arithmetic', memory: 'waits for memory', network: 'waits for other devices', overhead: 'launches, latency, gaps' };
  key('roof-key', [
    ...bounds.map((bound) => [dot(bound), `operator, ${bound}-bound`]),
    [diamond(11, 6, 6, { class: 'step' }), 'whole step'],
    [svg('path', { class: 'trail', d: 'M1 6H21' }), 'whole step as the batch doubles'],
    [svg('path', { class: 'roof', d: 'M0 6H22' }), 'roof that kernels reach'],
    [svg('path', { class: 'ceiling', d: 'M0 6H22' }), 'datasheet'],
    ...(l2 ? [[svg('path', { class: 'slope', d: 'M0 6H22' }), `L2 cache ${quantity(l2.ceiling_bytes_per_s, 'B/s', 3)}`]] : []),
  ]);
  key('bound-key', bounds.map((bound) => [svg('rect', { class: bound, x: 3, y: 0, width: 14, height: 12, rx: 2 }), `${bound}: ${words[bound]}`]));
  key('bar-key', [[svg('line', { class: 'light', x1: 11, x2: 11, y1: -1, y2: 13 }), 'its ceiling: the speed of light']]);
}
