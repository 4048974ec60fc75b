// Where the Chromium for browser tests is: named by CHROMIUM, installed on the system, or fetched from Debian's packages.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const places = [
  process.env.CHROMIUM ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/** The path of a Chromium, or `undefined` where there is none. */
export const findChromium = () => places.find((path) => path !== '' && existsSync(path));

/** Finds a Chromium or installs one; where neither works, says what to do and returns `undefined`. */
export function ensureChromium() {
  const found = findChromium();
  if (found) return found;
  console.log('No Chromium found; installing it with apt-get …');
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  const apt = (...args) => {
    const [command, ...rest] = [...asRoot, 'apt-get', ...args];
    return spawnSync(command, rest, { stdio: 'inherit' }).status === 0;
  };
  if (apt('update', '-qq')) apt('install', '-y', '-qq', '--no-install-recommends', 'chromium');
  const installed = findChromium();
  if (!installed)
    console.log(
      'The browser tests need Chromium, which is not on this machine and could not be installed. ' +
        'Install Chromium or Chrome, or name one: CHROMIUM=/path/to/chromium npm test',
    );
  return installed;
}
