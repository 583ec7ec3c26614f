// SPDX-License-Identifier: Apache-2.0
//
// Opens pages in a headless Chromium without a network, wide and as on a phone, and asserts that each is whole by itself:
// nothing is asked for but the file, the console stays empty, nothing is wider than the page, no text of a chart is cut or
// runs into another.
//
//   node .ci/pages.mjs CHROMIUM PAGE.html… [--screenshots DIR]

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const SIZES = { wide: [1280, 900], phone: [390, 844] };

const args = process.argv.slice(2);
const at = args.indexOf('--screenshots');
const screenshots = at < 0 ? null : args.splice(at, 2)[1];
const [chromium, ...pages] = args;

const profile = mkdtempSync(join(tmpdir(), 'pages-'));
const browser = spawn(chromium, [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--hide-scrollbars', `--user-data-dir=${profile}`,
    '--remote-debugging-pipe',
], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
browser.on('error', (e) => { console.log(`cannot start ${chromium}: ${e.message}`); process.exit(1); });
const deadline = setTimeout(() => { console.log('the browser does not answer'); browser.kill(); process.exit(1); }, 300_000);

// The DevTools protocol over pipes 3 and 4: messages of JSON, each ended by a zero byte.
let last = 0;
const answers = new Map();
let onEvent = () => {};
let rest = '';
browser.stdio[4].on('data', (data) => {
    const messages = (rest + data.toString('utf8')).split('\0');
    rest = messages.pop();
    for (const text of messages) {
        const m = JSON.parse(text);
        if (m.id === undefined) {
            onEvent(m);
        } else {
            const { done, failed } = answers.get(m.id);
            answers.delete(m.id);
            m.error ? failed(new Error(m.error.message)) : done(m.result);
        }
    }
});
function ask(method, params = {}, sessionId = undefined) {
    const id = ++last;
    browser.stdio[3].write(JSON.stringify({ id, method, params, sessionId }) + '\0');
    return new Promise((done, failed) => answers.set(id, { done, failed }));
}

// Runs inside the page; gives what is wrong with its layout, a line each.
function faults() {
    const found = [];
    const root = document.documentElement;
    if (root.scrollWidth > root.clientWidth) {
        found.push(`the page is ${root.scrollWidth} wide, of ${root.clientWidth}`);
    }
    for (const svg of document.querySelectorAll('figure > svg')) {
        const frame = svg.getBoundingClientRect();
        const texts = [...svg.querySelectorAll('text')].map((t) => [t.firstChild.data, t.getBoundingClientRect()]);
        for (const [text, box] of texts) {
            if (box.left < frame.left - 1 || box.right > frame.right + 1
                || box.top < frame.top - 1 || box.bottom > frame.bottom + 1) {
                found.push(`'${text}' is cut in '${svg.getAttribute('aria-label')}'`);
            }
        }
        for (let i = 0; i < texts.length; i++) {
            for (let j = 0; j < i; j++) {
                const [a, b] = [texts[i][1], texts[j][1]];
                if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 2 && b.top < a.bottom - 2) {
                    found.push(`'${texts[i][0]}' runs into '${texts[j][0]}' in '${svg.getAttribute('aria-label')}'`);
                }
            }
        }
    }
    if (document.querySelectorAll('h1').length !== 1) {
        found.push('not one heading');
    }
    return found;
}

async function check(page, size) {
    const url = pathToFileURL(resolve(page)).href;
    const wrong = [];
    let loaded = () => {};
    const whole = new Promise((done) => { loaded = done; });
    onEvent = ({ method, params }) => {
        if (method === 'Network.requestWillBeSent' && params.request.url !== url) {
            wrong.push(`asks for ${params.request.url}`);
        } else if (method === 'Log.entryAdded') {
            wrong.push(`console: ${params.entry.text}`);
        } else if (method === 'Runtime.consoleAPICalled' || method === 'Runtime.exceptionThrown') {
            wrong.push(`runs a script: ${JSON.stringify(params).slice(0, 200)}`);
        } else if (method === 'Page.loadEventFired') {
            loaded();
        }
    };
    const { targetId } = await ask('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await ask('Target.attachToTarget', { targetId, flatten: true });
    const tell = (method, params) => ask(method, params, sessionId);
    await Promise.all(['Network', 'Log', 'Runtime', 'Page'].map((domain) => tell(`${domain}.enable`)));
    await tell('Network.emulateNetworkConditions', { offline: true, latency: 0, downloadThroughput: 0, uploadThroughput: 0 });
    const [width, height] = SIZES[size];
    const mobile = size === 'phone';
    await tell('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile });
    const { errorText } = await tell('Page.navigate', { url });
    if (errorText) {
        wrong.push(`cannot be opened: ${errorText}`);
    } else {
        await whole;
        const { result } = await tell('Runtime.evaluate', { expression: `(${faults})()`, returnByValue: true });
        wrong.push(...(result.value ?? [`layout cannot be looked at: ${result.description}`]));
    }
    if (screenshots) {
        const { data } = await tell('Page.captureScreenshot', { captureBeyondViewport: true });
        writeFileSync(join(screenshots, `${basename(page, '.html')}-${size}.png`), Buffer.from(data, 'base64'));
    }
    await ask('Target.closeTarget', { targetId });
    return wrong;
}

let failed = 0;
for (const page of pages) {
    for (const size of Object.keys(SIZES)) {
        const wrong = await check(page, size);
        wrong.slice(0, 10).forEach((w) => console.log(`${page}, ${size}: ${w}`));
        failed += wrong.length === 0 ? 0 : 1;
    }
}
console.log(`${pages.length * Object.keys(SIZES).length - failed} of ${pages.length * Object.keys(SIZES).length} views of pages are whole`);
clearTimeout(deadline);
browser.once('exit', () => { rmSync(profile, { recursive: true, force: true }); process.exit(failed === 0 ? 0 : 1); });
ask('Browser.close').catch(() => {});
