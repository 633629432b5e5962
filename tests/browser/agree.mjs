/* The recorded scenarios, priced by every build of the program that is there and by the engine of the page. The
 * operations that IEEE 754 defines give the same bits everywhere (no contraction, no fast math); exp, log and pow are those
 * of glibc here and of musl there, and may differ in the last place: hence 1e-12, and a count of what is equal to the bit. */
import fs from 'node:fs';
import { check, compare, cost, done, gable, openEngine } from './tap.mjs';

const words = (scenario) => Object.entries(scenario).flatMap(([key, value]) => ['--' + key.replaceAll('_', '-'), String(value)]);

const programs = (process.env.PROGRAMS || '').split(' ').filter(Boolean); // `make agree` builds them anew
const ask = await openEngine();
const totals = {};
for (const name of fs.readdirSync('configs/ci').filter((file) => file.endsWith('.json'))) {
  const { scenario } = JSON.parse(fs.readFileSync(`configs/ci/${name}`, 'utf8'));
  const wanted = cost(words(scenario)), off = [];
  const others = [['wasm', () => ask(scenario).cost], ...programs.map((program) => [program, () => cost(words(scenario), program)])];
  for (const [who, price] of others) {
    const found = compare(price(), wanted), total = (totals[who] ??= { worst: 0, numbers: 0, exact: 0 });
    total.worst = Math.max(total.worst, found.worst);
    total.numbers += found.numbers;
    total.exact += found.exact;
    off.push(...found.differs.map((line) => `${who}: ${line}`));
    if (who !== 'wasm' && found.exact !== found.numbers) off.push(`${who}: ${found.numbers - found.exact} numbers differ in the last digits`);
  }
  check(`${name}: ${others.map(([who]) => who).join(', ')} as ${gable}`, off.length === 0, off.slice(0, 8).join('\n'));
}
for (const [who, total] of Object.entries(totals))
  console.log(`# ${who}: ${total.exact} of ${total.numbers} numbers equal to the last digit, worst ${total.worst.toExponential(1)}`);
done();
