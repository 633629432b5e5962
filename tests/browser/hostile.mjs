/* Names and texts of data files that would like to be markup or script. */
import fs from 'node:fs';
import path from 'node:path';
import { check, done, equal, run, work } from './tap.mjs';
import { desktop, open, settled } from './browser.mjs';

const bad = '</script><script>window.pwned = 1</script><img src=x onerror="window.pwned = 2"><!--<script> ]]> & \' " \u2028 end';
const root = path.resolve(work, 'hostile');
fs.rmSync(root, { recursive: true, force: true });
for (const folder of ['hw', 'workloads']) fs.cpSync(folder, path.join(root, folder), { recursive: true });
fs.mkdirSync(path.join(root, 'plots'));
fs.copyFileSync('build/page.html', path.join(root, 'plots/page.html')); // where an installed program has it

function edit(file, change) {
  const value = JSON.parse(fs.readFileSync(path.join(root, file), 'utf8'));
  change(value);
  fs.writeFileSync(path.join(root, file), JSON.stringify(value));
}
edit('hw/systems/hgx-h100-8.json', (value) => { value.title = bad; value.remark = bad; });
edit('hw/accelerators/h100-sxm.json', (value) => { value.title = bad; });
edit('hw/generations/hopper.json', (value) => { value['x-note'] = bad; });

/* A model whose file is called like a tag. */
const model = path.join(root, '"><img src=x onerror=alert(1)>.json');
fs.copyFileSync('workloads/models/llama-3.1-8b.json', model);
const file = path.join(root, 'report.html');
run(['report', '--model', model, '--system', 'hgx-h100-8', '--tp', '2', '-o', file], { env: { ...process.env, GABLE_DATA: root } });

const text = fs.readFileSync(file, 'utf8');
check('no tag of theirs in the file', !text.includes('<img') && !text.includes('window.pwned = 1</script>'));
check('nor where their files are', !text.includes(root));
const browser = await open(), { page, complaints, close } = await browser.page(file, desktop);
equal('nothing of it ran', String(await page.evaluate(() => window.pwned)), 'undefined');
equal('it made no element', await page.evaluate(() => document.querySelectorAll('img, iframe, object, embed').length), 0);
equal('its text is text', await page.evaluate(() => [...document.querySelectorAll('#system option')].find((node) => node.value === 'hgx-h100-8').textContent), bad);
check('the model from the strange file is priced', /llama-3\.1-8b/.test(await page.textContent('#title')), await page.textContent('#title'));
check('the command that it names is one for a shell', (await page.textContent('#command')).startsWith(`gable cost --model 'path/to/"><img src=x onerror=alert(1)>.json' --system hgx-h100-8 `), await page.textContent('#command'));
await page.selectOption('#system', 'hgx-h200-8');
await settled(page);
await page.selectOption('#system', 'hgx-h100-8');
await settled(page);
check('and again after a change', !(await page.isVisible('#refused')) && /hgx-h100-8/.test(await page.textContent('#title')));
equal('nothing is complained about', complaints.join('\n'), '');

/* The policy holds even against what is already in the page. */
const blocked = await page.evaluate(async () => {
  const violations = [];
  document.addEventListener('securitypolicyviolation', (event) => violations.push(event.violatedDirective));
  const script = document.createElement('script');
  script.textContent = 'window.pwned = 3';
  document.body.append(script);
  const image = document.createElement('img');
  image.setAttribute('onerror', 'window.pwned = 4');
  image.src = 'https://example.invalid/x.png';
  document.body.append(image);
  let fetched = true;
  try { await fetch('https://example.invalid/'); } catch { fetched = false; }
  await new Promise((good) => setTimeout(good, 200));
  return { pwned: window.pwned, fetched, violations: violations.sort().join() };
});
check('the policy stops scripts, pictures and requests', blocked.pwned === undefined && !blocked.fetched && /connect-src/.test(blocked.violations) && /img-src/.test(blocked.violations) && /script-src/.test(blocked.violations), JSON.stringify(blocked));
await close();
await browser.close();
done();
