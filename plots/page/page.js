/* Controls, the question that they ask, and what its answer changes. */
const formats = ['bf16', 'fp16', 'fp8', 'fp8_block', 'mxfp8', 'int8', 'nvfp4', 'mxfp4', 'int4'];
const cacheFormats = ['bf16', 'fp8', 'int8', 'nvfp4'];

/* 1 2 3 4 6 8 12 … : two steps an octave. */
function octaves(from, to) {
  const values = [];
  for (let v = from; v <= to; v *= 2) {
    values.push(v);
    if (v >= 2 && v * 1.5 <= to) values.push(v * 1.5);
  }
  return values;
}
const doublings = (to) => Array.from({ length: Math.floor(Math.log2(to)) + 1 }, (_, i) => 2 ** i);

const state = { question: null, view: null, pinned: null, trail: [] };

/* ---- controls ---- */

function control(id, label, ...children) {
  return html('div', { class: 'control', id: id + '-control' }, html('label', { for: id }, label), ...children);
}

/* A slider over `values` and a field for any number between; both say the same. */
function slider(id, label, values, unit) {
  const range = html('input', { type: 'range', id, min: 0, max: values.length - 1, step: 1 });
  const field = html('input', { type: 'number', id: id + '-exact', min: values[0], max: 1 << 24, step: 1, 'aria-label': label + ', exact' });
  let list = values;
  const nearest = (value) => list.reduce((best, v, i) => (Math.abs(Math.log((v + 1) / (value + 1))) < Math.abs(Math.log((list[best] + 1) / (value + 1))) ? i : best), 0);
  const show = (value) => {
    range.value = nearest(value);
    field.value = value;
    range.setAttribute('aria-valuetext', `${count(value)} ${unit}`);
  };
  range.addEventListener('input', () => {
    show(list[range.value]);
    change(id, list[range.value]);
  });
  field.addEventListener('change', () => {
    const value = Math.round(Number(field.value));
    if (!Number.isFinite(value) || value < list[0]) return show(state.question[id]);
    show(value);
    change(id, value);
  });
  return {
    node: control(id, label, field, range),
    show,
    limit(next) {
      list = next;
      range.max = next.length - 1;
      range.disabled = next.length < 2;
    },
  };
}

function choice(id, label, groups) {
  const options = ([value, text]) => html('option', { value }, text);
  const select = html('select', { id }, ...groups.flatMap(([title, rows]) => (title && rows.length ? [html('optgroup', { label: title }, ...rows.map(options))] : rows.map(options))));
  select.addEventListener('change', () => change(id, select.value || undefined));
  return { node: control(id, label, select), show: (value) => { select.value = value || ''; } };
}

function phases() {
  const radio = (value, text) => html('label', null, html('input', { type: 'radio', name: 'phase', value }), text);
  const node = html('fieldset', { class: 'control' }, html('legend', { class: 'name' }, 'Step'), html('div', { class: 'phases' }, radio('decode', 'decode'), radio('prefill', 'prefill')));
  node.addEventListener('change', (event) => change('phase', event.target.value));
  return { node, show: (value) => { node.querySelector(`[value=${value}]`).checked = true; } };
}

const named = (rows) => rows.map((row) => [row.name, row.name]);
const titled = (rows) => rows.map((row) => [row.name, typeof row.value.title === 'string' ? row.value.title : row.name]);

/* As a shell takes it; where a file lies is not in the page. */
function shellWord(path) {
  const shown = path.replace(/^given\//, 'path/to/');
  return /^[\w./:@%+=,-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", "'\\''")}'`;
}

/* Files that were given by their path; the question names them by it. */
function given(path, schema) {
  if (!path.startsWith('given/')) return [];
  const is = engine.describe('given').find((row) => row.path === path);
  const text = is && (is.value.title || is.value.name) || path.slice(6);
  return is && (!schema || is.value.schema === schema) ? [[path, String(text)]] : [];
}

const systems = new Map(), models = new Map();

function makeControls(start) {
  const hardware = engine.describe('hw/systems'), devices = engine.describe('hw/accelerators'), known = engine.describe('workloads/models');
  for (const row of hardware) systems.set(row.name, row.value.devices?.count || 1);
  for (const row of engine.describe('given')) systems.set(row.path, row.value.devices?.count || 1);
  for (const row of known) models.set(row.name, row.value);
  const controls = {
    model: choice('model', 'Model', [['From a file', given(start.model)], ['Models', named(known)]]),
    system: choice('system', 'Device', [['From a file', given(start.system)], ['Systems', titled(hardware)], ['One device alone', titled(devices)]]),
    phase: phases(),
    batch: slider('batch', 'Batch', octaves(1, 1024), 'sequences'),
    context: slider('context', 'Context', [0, ...octaves(128, 1 << 20)], 'tokens cached of each sequence'),
    new_tokens: slider('new_tokens', 'New tokens', octaves(16, 1 << 17), 'tokens of each prompt'),
    tp: slider('tp', 'Tensor parallel', [1], 'devices'),
    ep: slider('ep', 'Expert parallel', [1], 'devices'),
    weights: choice('weights', 'Weights', [[null, [['', 'checkpoint'], ...formats.map((f) => [f, f])]]]),
    kv: choice('kv', 'Cache', [[null, [['', 'checkpoint'], ...cacheFormats.map((f) => [f, f])]]]),
    stack: choice('stack', 'Software', [[null, engine.describe('hw/stacks').map((row) => [row.name, row.name === 'ideal' ? 'ideal: the ceiling' : row.name])]]),
  };
  byId('controls').append(...Object.values(controls).map((c) => c.node));
  return controls;
}

let controls = null;
const remembered = { decode: {}, prefill: {} };

/* What follows from a change: a smaller machine holds fewer ranks, a prompt is not one token. */
function settle(id, value) {
  const q = { ...state.question, [id]: value };
  if (id === 'phase') {
    remembered[state.question.phase] = { batch: state.question.batch, context: state.question.context, new_tokens: state.question.new_tokens };
    const fresh = value === 'decode' ? { context: state.question.new_tokens, new_tokens: undefined } : { batch: 1, context: 0, new_tokens: Math.max(16, state.question.context || 1024) };
    Object.assign(q, fresh, remembered[value]);
  }
  if (id === 'model') q.checkpoint = undefined;
  const devices = (systems.get(q.system) || 1) * (q.nodes || 1);
  if (q.tp * (q.pp || 1) * (q.cp || 1) * (q.dp || 1) * (q.attn_dp || 1) > devices) q.pp = q.cp = q.dp = q.attn_dp = 1;
  while (q.tp > 1 && q.tp > devices) q.tp = Math.max(1, Math.floor(q.tp / 2));
  while (q.ep > 1 && (q.ep > q.tp * q.cp * q.attn_dp || (q.tp * q.cp * q.attn_dp) % q.ep)) q.ep = Math.max(1, Math.floor(q.ep / 2));
  for (const key of Object.keys(q)) if (q[key] === undefined) delete q[key];
  return q;
}

function change(id, value) {
  state.question = settle(id, value);
  schedule();
}

let waiting = false;
function schedule() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    answer();
    draw();
  });
}

/* ---- asking ---- */

function trailOf(question) {
  const trail = [];
  if (question.phase !== 'decode') return trail;
  for (const batch of doublings(512)) {
    try {
      const { cost } = engine.ask({ ...question, batch });
      trail.push({ batch, intensity: cost.intensity_flops_per_byte, flops_per_s: cost.flops / cost.time_s, time_s: cost.time_s, tokens_per_s: cost.tokens_per_s });
    } catch { /* such a batch cannot be laid out */ }
  }
  return trail;
}

function answer() {
  const refused = byId('refused');
  try {
    state.view = engine.ask(state.question);
    state.trail = trailOf(state.question);
    refused.hidden = true;
  } catch (why) {
    refused.textContent = 'Not possible: ' + why.message;
    refused.hidden = false;
  }
  for (const id of ['tiles', 'verdict', 'roof', 'bounds', 'bars', 'numbers']) byId(id).classList.toggle('stale', !refused.hidden);
}

/* ---- showing ---- */

function showControls() {
  const q = state.question, moe = state.view && state.view.cost.operators.some((o) => o.kind.includes('moe'));
  const devices = (systems.get(q.system) || 1) * (q.nodes || 1);
  controls.tp.limit([...new Set([...doublings(devices), devices])]);
  controls.ep.limit(doublings(q.tp));
  byId('ep-control').hidden = !moe;
  byId('new_tokens-control').hidden = q.phase === 'decode';
  for (const [id, c] of Object.entries(controls)) c.show(q[id] ?? '');
}

function tile(id, name, value, figure, more, pinned) {
  return html('div', { class: 'tile' }, html('dt', null, name),
    html('dd', null, html('output', { class: 'figure', id: 'figure-' + id, 'data-value': value }, figure)),
    more ? html('dd', { class: 'more' }, more) : null, pinned ? html('dd', { class: 'pinned' }, pinned) : null);
}

function memoryTile(memory, pinned) {
  const capacity = memory.capacity_bytes, scale = Math.max(capacity, memory.total_bytes);
  const bar = svg('svg', { viewBox: '0 0 100 10', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  let from = 0;
  for (const [key, paint] of [['weights_bytes', 'memory'], ['kv_bytes', 'compute'], ['state_bytes', 'network'], ['activation_bytes', 'overhead']]) {
    const wide = 100 * memory[key] / scale;
    bar.append(svg('rect', { class: paint, x: from, y: 0, width: wide, height: 10 }));
    from += wide;
  }
  const more = `of ${quantity(capacity, 'B', 3)}; weights ${quantity(memory.weights_bytes, 'B', 3)}, cache ${quantity(memory.kv_bytes, 'B', 3)}`;
  const node = tile('total_bytes', memory.fits ? 'Memory: fits' : 'Memory: does not fit', memory.total_bytes, quantity(memory.total_bytes, 'B', 3), more, pinned);
  node.classList.toggle('lacking', !memory.fits);
  node.children[1].after(html('dd', { class: 'meter' }, bar));
  return node;
}

function energyWords(c) {
  const usd = c.phase === 'decode' ? c.usd_per_million_output_tokens : c.usd_per_million_input_tokens;
  return `${quantity(c.power_w, 'W', 3)} a device${typeof usd === 'number' ? `; $${digits(usd, 3)} a million tokens` : ''}`;
}

function showTiles() {
  const c = state.view.cost, p = state.pinned && state.pinned.view.cost;
  const against = (now, then) => (p ? `${times(now / then)} of the pinned` : null);
  byId('tiles').replaceChildren(...[
    tile('time_s', 'Expected step', c.time_s, quantity(c.time_s, 's'), `p10–p90 ${range(c.p10_s, c.p90_s, 's')}`, against(c.time_s, p?.time_s)),
    tile('ceiling_s', 'Ceiling', c.ceiling_s, quantity(c.ceiling_s, 's'), `expected is ${times(c.time_s / c.ceiling_s)} of it`, against(c.ceiling_s, p?.ceiling_s)),
    tile('bound', 'Bound by', c.bound, c.bound, `${percent(c.bound_s[c.bound] / c.time_s)} of the time`, null),
    tile('tokens_per_s', 'Tokens a second', c.tokens_per_s, count(c.tokens_per_s), `${count(c.tokens_per_s / c.batch)} per sequence, ${count(c.tokens_per_s / c.devices)} per device`, against(c.tokens_per_s, p?.tokens_per_s)),
    c.joules_per_token === undefined ? null : tile('joules_per_token', 'Energy a token', c.joules_per_token, quantity(c.joules_per_token, 'J'), energyWords(c), against(c.joules_per_token, p?.joules_per_token)),
    memoryTile(c.memory, against(c.memory.total_bytes, p?.memory.total_bytes)),
  ].filter(Boolean));
}

function showWords() {
  const c = state.view.cost, q = state.question, text = state.view.verdict;
  const doubled = state.trail.find((step) => step.batch === 2 * c.batch);
  const more = c.phase === 'decode' && doubled ? ` Twice the batch would take ${times(doubled.time_s / c.time_s)} of the time and give ${times(doubled.tokens_per_s / c.tokens_per_s)} of the tokens.` : '';
  byId('title').textContent = `${c.phase === 'decode' ? 'Decode' : 'Prefill'} step of ${c.model} on ${c.system}`;
  document.title = `${c.model} on ${c.system} – Gable report`;
  const ranks = ['tp', 'ep', 'pp', 'cp', 'dp', 'attn_dp'].filter((rank) => rank === 'tp' || c[rank] > 1).map((rank) => `${rank.replace('_', '-')} ${c[rank]}`);
  byId('settings').textContent = [`batch ${count(q.batch)}`, `context ${count(q.context)}`, c.new_tokens > 1 ? `new tokens ${count(c.new_tokens)}` : null,
    ...ranks, q.checkpoint ? `checkpoint ${q.checkpoint}` : null, q.weights ? `weights ${q.weights}` : null, q.kv ? `cache ${q.kv}` : null, `stack ${c.stack}`].filter(Boolean).join(' · ');
  byId('mini').textContent = `${quantity(c.time_s, 's')} · ${c.bound}-bound · ${c.memory.fits ? count(c.tokens_per_s) + ' tok/s' : 'does not fit'}`;
  byId('verdict').textContent = `Bound by ${text}.${more}`;
  const words = ['gable cost', `--model ${shellWord(q.model)}`, `--system ${shellWord(q.system)}`, `--phase ${q.phase}`, `--batch ${q.batch}`, `--context ${q.context}`, q.new_tokens ? `--new-tokens ${q.new_tokens}` : null,
    ...ranks.map((rank) => '--' + rank), q.nodes > 1 ? `--nodes ${q.nodes}` : null, q.experts_skew ? `--experts-skew ${q.experts_skew}` : null,
    ...['checkpoint', 'weights', 'activations', 'kv'].map((f) => (q[f] ? `--${f} ${q[f]}` : null)), `--stack ${q.stack}`];
  byId('command').textContent = words.filter(Boolean).join(' ');
  const seconds = {};
  for (const o of c.operators) seconds[o.source] = (seconds[o.source] || 0) + o.time_s;
  const all = Object.values(seconds).reduce((a, b) => a + b, 0);
  byId('provenance').textContent = 'Where the constants come from, by time: ' + Object.entries(seconds).sort((a, b) => b[1] - a[1]).map(([source, s]) => `${source} ${percent(s / all)}`).join(', ') + '.';
}

const columns = [
  ['operator', (o) => o.name, true], ['calls', (o) => count(o.calls)], ['FLOP', (o) => quantity(o.flops, '')], ['memory', (o) => quantity(o.hbm_bytes, 'B')],
  ['wire', (o) => quantity(o.wire_bytes, 'B')], ['FLOP/byte', (o) => (o.intensity_flops_per_byte === null ? '–' : digits(o.intensity_flops_per_byte))],
  ['ceiling', (o) => quantity(o.ceiling_s, 's')], ['expected', (o) => quantity(o.time_s, 's')], ['share', (o) => percent(o.share_frac)], ['bound by', (o) => o.bound, true], ['constants', (o) => o.source, true],
];

function showTable() {
  const c = state.view.cost, sum = { ...c, name: 'step', calls: 1, share_frac: 1 };
  const cells = (o) => columns.map(([, show, word]) => html('td', { class: word ? 'word' : null }, show(o)));
  byId('table').replaceChildren(
    html('thead', null, html('tr', null, ...columns.map(([name, , word]) => html('th', { scope: 'col', class: word ? 'word' : null }, name)))),
    html('tbody', null, ...c.operators.map((o) => html('tr', null, ...cells(o)))),
    html('tfoot', null, html('tr', null, ...cells({ ...sum, intensity_flops_per_byte: c.intensity_flops_per_byte }))));
}

function drawCharts(wide) {
  hideTip();
  drawKeys(state.view);
  for (const [id, paint] of [['roof', (chart, width) => drawRoofline(chart, width, state.view, state.pinned?.view, state.trail)],
    ['bounds', (chart, width) => drawBounds(chart, width, state.view)], ['bars', (chart, width) => drawBars(chart, width, state.view)]])
    paint(byId(id), wide || Math.max(280, byId(id).clientWidth));
}

function draw() {
  showControls();
  if (!state.view) return;
  showTiles();
  showWords();
  showTable();
  drawCharts();
}

/* ---- tools ---- */

function togglePin() {
  state.pinned = state.pinned ? null : { view: state.view };
  byId('pin').setAttribute('aria-pressed', String(Boolean(state.pinned)));
  byId('pin').textContent = state.pinned ? 'Pinned: press to let go' : 'Pin this for comparison';
  draw();
}

const darkNow = () => (document.documentElement.dataset.theme || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
function nameTheme() {
  byId('theme').textContent = darkNow() ? 'Light' : 'Dark';
}

async function begin() {
  const start = JSON.parse(byId('start').textContent);
  await engine.open();
  state.question = start;
  for (const key of ['tp', 'ep', 'pp', 'cp', 'dp', 'attn_dp', 'nodes']) state.question[key] ??= 1;
  controls = makeControls(start);
  nameTheme();
  byId('pin').addEventListener('click', togglePin);
  byId('theme').addEventListener('click', () => {
    document.documentElement.dataset.theme = darkNow() ? 'light' : 'dark';
    nameTheme();
  });
  byId('controls').addEventListener('submit', (event) => event.preventDefault());
  answer();
  draw();
  let width = innerWidth;
  addEventListener('resize', () => {
    if (innerWidth === width) return;
    width = innerWidth;
    if (state.view) drawCharts();
  });
  addEventListener('beforeprint', () => {
    byId('numbers').open = true;
    if (state.view) drawCharts(680);
  });
  addEventListener('afterprint', () => state.view && drawCharts());
  document.documentElement.dataset.ready = 'true';
}

begin().catch((why) => {
  byId('refused').textContent = 'This page could not start: ' + why.message;
  byId('refused').hidden = false;
});
