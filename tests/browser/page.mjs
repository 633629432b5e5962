/* The page as people use it: figures against `gable cost`, sliders, keyboard, phone, print. */
import fs from 'node:fs';
import { check, cost, done, equal, run, work } from './tap.mjs';
import { collisions, desktop, figures, open, phone, points, settled } from './browser.mjs';

const file = `${work}/report.html`, moe = `${work}/moe.html`;
const base = ['--model', 'llama-3.1-70b', '--system', 'hgx-h100-8'];
run(['report', ...base, '--tp', '8', '--batch', '64', '--context', '4096', '-o', file]);
run(['report', '--model', 'deepseek-v3', '--system', 'hgx-h200-8', '--tp', '8', '--ep', '8', '--batch', '128', '--context', '8k', '-o', moe]);
check('less than 2 MB', fs.statSync(file).size < 2e6, fs.statSync(file).size);
run(['report', ...base, '--tp', '8', '--batch', '64', '--context', '4096', '-o', `${work}/again.html`]);
check('equal input, equal bytes', fs.readFileSync(file).equals(fs.readFileSync(`${work}/again.html`)));

const browser = await open();
const { page, complaints, close } = await browser.page(file, desktop);

/* Figures and points of the page against the program, to 1e-12. */
async function same(name, words) {
  const wanted = cost(words), shown = await figures(page), off = [];
  const near = (key, got, want) => { if (!(Math.abs(got - want) <= 1e-12 * Math.abs(want))) off.push(`${key}: ${got}, wanted ${want}`); };
  for (const key of ['time_s', 'ceiling_s', 'tokens_per_s']) near(key, Number(shown[key]), wanted[key]);
  near('total_bytes', Number(shown.total_bytes), wanted.memory.total_bytes);
  if (shown.bound !== wanted.bound) off.push(`bound ${shown.bound}, wanted ${wanted.bound}`);
  const operators = new Map(wanted.operators.map((operator) => [operator.name, operator])), seen = await points(page);
  for (const p of seen) {
    near(`${p.name} x`, p.x, operators.get(p.name).intensity_flops_per_byte);
    near(`${p.name} y`, p.y, operators.get(p.name).flops / operators.get(p.name).time_s);
  }
  check(`${name}: figures and ${seen.length} points as gable cost`, off.length === 0 && seen.length > 3, off.join('\n'));
}

/* As a hand does it: the slider has the focus, arrow keys move it. */
async function press(id, key, n) {
  await page.focus('#' + id);
  for (let i = 0; i < n; i++) await page.keyboard.press(key);
  await settled(page);
}

const decode = (batch, context, ...more) => [...base, '--batch', String(batch), '--context', String(context), ...more];
await same('as it opens', decode(64, 4096, '--tp', '8'));
const before = await points(page);
await press('batch', 'ArrowRight', 4);
equal('four steps to the right double the batch twice', await page.inputValue('#batch-exact'), '256');
await same('batch 256', decode(256, 4096, '--tp', '8'));
const after = await points(page), moved = after.filter((p) => before.some((q) => q.name === p.name && q.at !== p.at));
check('the slider moves the points', moved.length >= 4, JSON.stringify(after.slice(0, 3)));
const climbed = (list) => list.find((p) => p.name === 'gate_up_proj');
check('a weight product climbs the slope with the batch', climbed(after).x > 3 * climbed(before).x && climbed(after).y > climbed(before).y);
await press('context', 'ArrowRight', 2);
await same('context 8192', decode(256, 8192, '--tp', '8'));
await press('tp', 'ArrowLeft', 1);
await same('tp 4', decode(256, 8192, '--tp', '4'));
await page.fill('#batch-exact', '37');
await page.keyboard.press('Tab');
await settled(page);
await same('a batch between the steps', decode(37, 8192, '--tp', '4'));
await page.selectOption('#weights', 'fp8');
await settled(page);
await same('fp8 weights', decode(37, 8192, '--tp', '4', '--weights', 'fp8'));
await page.selectOption('#kv', 'fp8');
await page.selectOption('#stack', 'vllm');
await settled(page);
await same('fp8 cache, another stack', decode(37, 8192, '--tp', '4', '--weights', 'fp8', '--kv', 'fp8', '--stack', 'vllm'));
await page.selectOption('#system', 'gb200-nvl72');
await settled(page);
await same('another device', ['--model', 'llama-3.1-70b', '--system', 'gb200-nvl72', '--tp', '4', '--batch', '37', '--context', '8192', '--weights', 'fp8', '--kv', 'fp8', '--stack', 'vllm']);
await page.check('input[value=prefill]', { force: true });
await settled(page);
await same('prefill', ['--model', 'llama-3.1-70b', '--system', 'gb200-nvl72', '--tp', '4', '--phase', 'prefill', '--batch', '1', '--context', '0', '--new-tokens', '8192', '--weights', 'fp8', '--kv', 'fp8', '--stack', 'vllm']);
const words = (await page.textContent('#command')).split(' ');
equal('the command that it names gives the figure', String(cost(words.slice(2)).time_s), (await figures(page)).time_s);
await page.check('input[value=decode]', { force: true });
await page.selectOption('#system', 'h100-sxm');
await settled(page);
equal('one device alone has one rank', await page.inputValue('#tp-exact'), '1');

/* What cannot be is refused in words, and the last picture stays, faded. */
await page.selectOption('#system', 'hgx-h100-8');
await settled(page); // else the answer that is on its way may set the field anew
await page.fill('#tp-exact', '7');
await page.keyboard.press('Tab');
await settled(page);
check('a rank that divides nothing is refused in words', /^Not possible: .*7/.test(await page.textContent('#refused')) && await page.isVisible('#refused'), await page.textContent('#refused'));
check('the last picture is faded meanwhile', await page.evaluate(() => document.getElementById('roof').classList.contains('stale')));
await page.fill('#tp-exact', '8');
await page.keyboard.press('Tab');
await settled(page);
check('and comes back', !(await page.isVisible('#refused')));

/* Keyboard: every control is named and can be reached; the points have one stop and arrow keys. */
const nameless = await page.evaluate(() => [...document.querySelectorAll('input, select, button')].filter((node) =>
  !node.labels?.length && !node.getAttribute('aria-label') && !node.textContent.trim()).map((node) => node.outerHTML));
equal('every control has a name', nameless.join(), '');
await page.evaluate(() => document.activeElement.blur());
const stops = [];
for (let i = 0; i < 40; i++) {
  await page.keyboard.press('Tab');
  stops.push(await page.evaluate(() => document.activeElement.id || document.activeElement.dataset?.operator || document.activeElement.name || document.activeElement.tagName));
}
const reached = ['batch', 'context', 'tp', 'weights', 'kv', 'stack', 'system', 'model', 'phase', 'pin', 'theme'].filter((id) => !stops.includes(id));
equal('Tab reaches every control', reached.join(), '');
const first = (await points(page))[0].name;
const round = stops.slice(stops.indexOf('pin'), stops.indexOf('pin', stops.indexOf('pin') + 1));
check('Tab reaches the points, once a round', round.filter((stop) => stop === first).length === 1, stops.join(' '));
await page.focus(`[data-operator="${first}"]`);
await page.keyboard.press('ArrowRight');
const second = await page.evaluate(() => document.activeElement.dataset.operator);
check('an arrow key goes to the next point and tells about it', second !== first && (await page.textContent('.tip')).includes(second) && await page.isVisible('.tip'));

/* Comparison. */
await page.click('#pin');
await press('batch', 'ArrowRight', 2);
check('what is pinned stays beside what is now', await page.locator('.pinned-step').count() === 1 && (await page.textContent('#tiles')).includes('of the pinned'));
await page.screenshot({ path: `${work}/pinned.png`, fullPage: true });
await page.click('#pin');
equal('nothing is complained about', complaints.join('\n'), '');
await close();

/* How it looks: no text on another, nothing wider than the screen, in both themes; pictures are kept. */
const looks = [['desktop', desktop], ['dark', { ...desktop, colorScheme: 'dark' }], ['phone', phone], ['narrow', { ...phone, viewport: { width: 320, height: 640 } }]];
for (const [name, options] of looks)
  for (const [which, path] of [['dense', file], ['moe', moe]]) {
    const view = await browser.page(path, options);
    await view.page.screenshot({ path: `${work}/${which}-${name}.png`, fullPage: true });
    const wide = await view.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    check(`${which}, ${name}: no wider than the screen`, wide <= 0, wide);
    for (const id of ['roof', 'bars', 'bounds']) equal(`${which}, ${name}: ${id} without collisions`, (await collisions(view.page, id)).join('; '), '');
    if (name === 'desktop' && which === 'dense') {
      const paper = await view.page.pdf({ path: `${work}/print.pdf`, preferCSSPageSize: true });
      const pages = (paper.toString('latin1').match(/\/Type\s*\/Page[^s]/g) || []).length;
      check('print: at most three pages', pages >= 1 && pages <= 3, pages);
      await view.page.emulateMedia({ media: 'print' });
      check('print: no controls', !(await view.page.isVisible('#controls')) && await view.page.isVisible('#settings'));
    }
    equal(`${which}, ${name}: nothing is complained about`, view.complaints.join('\n'), '');
    await view.close();
  }
await browser.close();
done();
