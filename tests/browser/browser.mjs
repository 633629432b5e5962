/* A page in Debian's Chromium, off line, with all that it complains about. */
import { chromium } from 'playwright-core';
import path from 'node:path';

export async function open() {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox', '--font-render-hinting=none'] });
  return {
    close: () => browser.close(),
    async page(file, options) {
      const context = await browser.newContext(options), page = await context.newPage();
      const complaints = [];
      page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) complaints.push(message.text()); });
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('request', (request) => { if (request.url() !== 'file://' + path.resolve(file)) complaints.push('asks for ' + request.url()); });
      page.on('dialog', (dialog) => { complaints.push('dialog ' + dialog.message()); dialog.dismiss(); });
      await page.goto('file://' + path.resolve(file));
      await page.waitForSelector('html[data-ready]', { timeout: 30000 });
      return { page, complaints, close: () => context.close() };
    },
  };
}

export const desktop = { viewport: { width: 1360, height: 900 } };
export const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

/* The page is drawn once a frame. */
export const settled = (page) => page.evaluate(() => new Promise((good) => requestAnimationFrame(() => requestAnimationFrame(good))));

/* What the page shows, digits and all. */
export const figures = (page) => page.evaluate(() => Object.fromEntries(
  [...document.querySelectorAll('output[data-value]')].map((node) => [node.id.replace('figure-', ''), node.dataset.value])));
export const points = (page) => page.evaluate(() => [...document.querySelectorAll('#roof [data-operator]')].map((node) => ({
  name: node.dataset.operator, x: Number(node.dataset.x), y: Number(node.dataset.y), at: node.style.transform })));

/* Texts of a picture that stand on each other, and texts that leave it. */
export const collisions = (page, id) => page.evaluate((id) => {
  const chart = document.getElementById(id).getBoundingClientRect(), wrong = [];
  const texts = [...document.querySelectorAll(`#${id} svg text`)].filter((node) => node.getAttribute('transform') === null)
    .map((node) => ({ text: node.textContent, box: node.getBoundingClientRect() }));
  const cross = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1.5 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3.5;
  texts.forEach(({ text, box }, i) => {
    if (box.left < chart.left - 3 || box.right > chart.right + 3) wrong.push(`"${text}" leaves the picture`);
    for (const other of texts.slice(i + 1)) if (cross(box, other.box)) wrong.push(`"${text}" on "${other.text}"`);
  });
  return wrong;
}, id);
