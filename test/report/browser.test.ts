import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Dataset, dataChapter, modelChapter, sampleRatings, sweepChart } from '../../src/index.js';
import { renderPage } from '../../src/report/page.js';
import { modelOf } from './fixtures.js';

const test = suite('report in a browser');
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'chrome'];
/** A first start on a busy machine takes a while. */
const START_MS = 60_000;

/** Chromium as PALATE_CHROMIUM names it, or as it is on PATH. */
function findChromium(): string | undefined {
  if (process.env.PALATE_CHROMIUM) return process.env.PALATE_CHROMIUM;
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  return folders.flatMap((folder) => NAMES.map((name) => path.join(folder, name))).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const executablePath = findChromium();
const inBrowser = executablePath === undefined ? test.skip : test;
if (executablePath === undefined) console.log('no chromium on PATH and no PALATE_CHROMIUM: the page is not looked at');

let folder: string;
let address: string;
let browser: Browser;
let complaints: string[];

test.before(async () => {
  if (executablePath === undefined) return;
  folder = mkdtempSync(path.join(tmpdir(), 'palate-browser-'));
  const model = modelOf({ numItems: 129, titles: (item) => `<b>Film</b> ${item} with a long name, or so (1999)` });
  const data = Dataset.fromTable(sampleRatings({ users: 100 }));
  const sweep = await sweepChart([
    { label: '0.1', losses: [5, 3, 2], diverged: false },
    { label: '1', losses: [5, 8e9], diverged: true },
  ]);
  const chapters = [await dataChapter(data), await modelChapter(model)];
  const report = {
    title: 'Films',
    notice: 'Simulated',
    chapters: [...chapters, { name: 'sweep', title: 'Sweep', parts: [{ charts: [sweep] }] }],
  };
  const file = path.join(folder, 'index.html');
  writeFileSync(file, renderPage(report));
  address = pathToFileURL(file).href;
  const args = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ];
  browser = await chromium.launch({ executablePath, args, timeout: START_MS });
});
test.after(async () => {
  if (executablePath === undefined) return;
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The report as someone sees it; what the page complains of, and what it asks of the network, is kept. */
async function open(options: Parameters<Browser['newPage']>[0]): Promise<Page> {
  const page = await browser.newPage(options);
  complaints = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (request.url() !== address && !request.url().startsWith('data:')) complaints.push(request.url());
  });
  await page.goto(address);
  return page;
}

/** Share of the pixels of a screenshot that are not of the colour of its corner, and the lightness of that corner, 0 to 1. */
async function look(page: Page): Promise<{ drawn: number; corner: number }> {
  const png = (await page.screenshot({ fullPage: true })).toString('base64');
  const eye = await browser.newPage();
  // As text: the tests are not compiled with the types of a browser.
  const seen = await eye.evaluate(`(async () => {
    const image = new Image();
    image.src = 'data:image/png;base64,${png}';
    await image.decode();
    const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
    context.drawImage(image, 0, 0);
    const pixels = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer);
    const drawn = pixels.reduce((sum, pixel) => sum + (pixel === pixels[0] ? 0 : 1), 0) / pixels.length;
    return { drawn, corner: (pixels[0] & 0xff) / 0xff };
  })()`);
  await eye.close();
  return seen as { drawn: number; corner: number };
}

inBrowser('on a desk: drawn, light or dark as asked for, and without a complaint', async () => {
  for (const [colorScheme, from, to] of [
    ['light', 0.95, 1],
    ['dark', 0, 0.2],
  ] as const) {
    const page = await open({ viewport: { width: 1200, height: 800 }, colorScheme });
    const { drawn, corner } = await look(page);
    assert.ok(drawn > 0.03 && drawn < 0.5, `${drawn} of the ${colorScheme} page is drawn on`);
    assert.ok(corner >= from && corner <= to, `the ${colorScheme} page has lightness ${corner}`);
    const bar = await page.evaluate(`getComputedStyle(document.querySelector('svg path[fill="#1f62a8"]')).fill`);
    assert.is(bar, colorScheme === 'light' ? 'rgb(31, 98, 168)' : 'rgb(114, 172, 235)');
    assert.equal(complaints, []);
    await page.close();
  }
});

inBrowser('on a phone: nothing is wider than the screen, tables scroll in their boxes', async () => {
  const page = await open({ viewport: { width: 360, height: 740 } });
  assert.is(await page.evaluate('document.documentElement.scrollWidth'), 360);
  const boxes = await page.locator('.scroll').evaluateAll((all) => all.map((box) => box.scrollWidth > box.clientWidth));
  assert.ok(boxes.includes(true), 'some table is wider than the screen');
  const charts = await page.locator('svg').evaluateAll((all) => all.map((svg) => svg.getBoundingClientRect().width));
  assert.ok(
    charts.every((width) => width > 280 && width <= 360),
    charts.join(' '),
  );
  await page.close();
});

inBrowser('hovering over a point names it, as text', async () => {
  const page = await open({ viewport: { width: 1200, height: 800 } });
  const tip = page.locator('.tip');
  assert.not.ok(await tip.isVisible());
  const point = page.locator('figure.wide .role-mark path').first();
  // Hovering scrolls the point into view, and a scroll event that arrives late hides the tip: point at it again.
  for (let tries = 0; tries < 10 && !(await tip.isVisible()); tries++) {
    await page.mouse.move(0, 0);
    await point.hover({ force: true });
    await tip.waitFor({ state: 'visible', timeout: 1000 }).catch(() => undefined);
  }
  assert.ok(await tip.isVisible());
  assert.match((await tip.textContent()) as string, /^<b>Film<\/b> \d+ with a long name, or so \(1999\)\n/);
  const { x, y, width, height } = (await tip.boundingBox()) as { x: number; y: number; width: number; height: number };
  assert.ok(x >= 0 && y >= 0 && x + width <= 1200 && y + height <= 800);
  await page.close();
});

inBrowser('without scripts the same is there', async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(address);
  assert.is(await page.locator('svg > title').count(), await page.locator('svg').count());
  assert.ok((await page.locator('figure.wide path > title').count()) > 100);
  await context.close();
});

inBrowser('on paper: a PDF of several pages', async () => {
  const page = await open({ colorScheme: 'dark' });
  const pdf = (await page.pdf({ format: 'A4' })).toString('latin1');
  assert.match(pdf, /^%PDF-/);
  assert.ok((pdf.match(/\/Type\s*\/Page\b/g) ?? []).length >= 2);
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  assert.is(await page.evaluate('getComputedStyle(document.body).backgroundColor'), 'rgb(255, 255, 255)');
  await page.close();
});

test.run();
