// Installs the dependencies where they are missing or older than the lockfile, so that `npm start` and `npm test` work
// from a bare clone. With --browser it also sees to a Chromium.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ensureChromium } from './chromium.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = `${root}/node_modules/.installed-from`;

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Secateur needs Node 20.19 or newer; this is ${process.versions.node}.`);
  process.exit(1);
}

const lockfile = createHash('sha256')
  .update(readFileSync(`${root}/package-lock.json`))
  .digest('hex');
const installed = existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';
if (installed !== lockfile) {
  console.log('Installing the dependencies …');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(status ?? 1);
  writeFileSync(stamp, lockfile);
}

if (process.argv.includes('--browser')) ensureChromium();
