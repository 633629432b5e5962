/* TAP, the program, and the engine of the page outside of a browser. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

export const work = process.env.WORK || 'build/browser';
export const gable = process.env.GABLE || 'build/gable';

let n = 0, failed = 0;
export function check(name, good, why) {
  n++;
  if (good) return console.log(`ok ${n} - ${name}`);
  failed++;
  console.log(`not ok ${n} - ${name}`);
  if (why !== undefined) for (const line of String(why).split('\n')) console.log(`# ${line}`);
}
export function equal(name, got, wanted) {
  check(name, got === wanted, `got ${JSON.stringify(got)}, wanted ${JSON.stringify(wanted)}`);
}
export function done() {
  console.log(`1..${n}`);
  process.exitCode = failed ? 1 : 0;
}

export const run = (words, options) => execFileSync(gable, words, { encoding: 'utf8', maxBuffer: 1 << 26, ...options });
export const cost = (words, program = gable) => JSON.parse(execFileSync(program, ['cost', ...words, '--format', 'json'], { encoding: 'utf8' }));

/* Leaves of a tree as [path, value]. */
export function leaves(value, at = '') {
  if (value === null || typeof value !== 'object') return [[at, value]];
  return Object.entries(value).flatMap(([key, child]) => leaves(child, at ? `${at}.${key}` : key));
}

/* Largest relative difference of the numbers of two answers, and what differs at all. */
export function compare(got, wanted) {
  const other = new Map(leaves(wanted)), differs = [];
  let worst = 0, numbers = 0, exact = 0;
  for (const [key, value] of leaves(got)) {
    const expected = other.get(key);
    other.delete(key);
    if (typeof value !== 'number' || typeof expected !== 'number') {
      if (value !== expected) differs.push(`${key}: ${value}, wanted ${expected}`);
      continue;
    }
    numbers++;
    exact += Object.is(value, expected);
    const off = value === expected ? 0 : Math.abs(value - expected) / Math.max(Math.abs(expected), 1e-300);
    worst = Math.max(worst, off);
    if (off > 1e-12) differs.push(`${key}: ${value}, wanted ${expected}`);
  }
  for (const key of other.keys()) differs.push(`${key}: absent`);
  return { worst, numbers, exact, differs };
}

/* The WebAssembly module with the files of this tree. */
export async function openEngine(file = 'build/page.wasm') {
  const { instance } = await WebAssembly.instantiate(fs.readFileSync(file), {});
  const room = instance.exports, encoder = new TextEncoder(), decoder = new TextDecoder();
  const put = (text) => {
    const bytes = encoder.encode(text + '\0'), at = room.room(bytes.length);
    new Uint8Array(room.memory.buffer).set(bytes, at);
    return [at, bytes.length - 1];
  };
  const add = (folder) => {
    for (const name of fs.readdirSync(folder)) {
      const file = path.join(folder, name);
      if (fs.statSync(file).isDirectory()) add(file);
      else if (/\.(json|csv)$/.test(name)) {
        const [at] = put(file), [text, length] = put(fs.readFileSync(file, 'utf8'));
        room.add_file(at, text, length);
      }
    }
  };
  add('hw');
  add('workloads');
  return (question) => {
    const [at, length] = put(JSON.stringify({ schema: 'gable.page/1', ...question }));
    const status = room.ask(at, length), bytes = new Uint8Array(room.memory.buffer), from = room.answer_text();
    const text = decoder.decode(bytes.subarray(from, bytes.indexOf(0, from)));
    if (status !== 0) throw new Error(text);
    return JSON.parse(text);
  };
}
