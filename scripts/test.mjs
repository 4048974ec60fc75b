// Everything a change must pass: types, lint and format, floors, unit, conformance, browser. Runs them all, whatever
// fails, and closes with the counts.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { findChromium } from './chromium.mjs';

const reports = mkdtempSync(join(tmpdir(), 'secateur-test-'));
const counts = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
const failedTests = [];

const run = (command, args) =>
  spawnSync('npx', ['--no-install', command, ...args], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  }).status === 0;

function stage(name, work) {
  const start = Date.now();
  console.log(`\n── ${name}`);
  const ok = work();
  console.log(`── ${name}: ${ok ? 'ok' : 'FAILED'} in ${Math.round((Date.now() - start) / 1000)} s`);
  if (!ok) failures.push(name);
  return ok;
}

/** A check that is one test by itself. */
const check = (name, command, args) =>
  stage(name, () => {
    const ok = run(command, args);
    counts[ok ? 'passed' : 'failed']++;
    return ok;
  });

const tests = (project) =>
  stage(project, () => {
    const file = join(reports, `${project}.json`);
    const ok = run('vitest', [
      'run',
      '--project',
      project,
      `--reporter=${process.stdout.isTTY ? 'dot' : 'minimal'}`,
      '--silent=passed-only',
      '--reporter=json',
      `--outputFile.json=${file}`,
    ]);
    try {
      const report = JSON.parse(readFileSync(file, 'utf8'));
      counts.passed += report.numPassedTests;
      counts.failed += report.numFailedTests;
      counts.skipped += report.numPendingTests + report.numTodoTests;
      for (const { name, message, assertionResults } of report.testResults) {
        const file = relative(process.cwd(), name);
        const failed = assertionResults.filter(({ status }) => status === 'failed');
        if (message && failed.length === 0) failedTests.push(`${file}\n${message}`);
        for (const { fullName, failureMessages } of failed)
          failedTests.push(`${file}: ${fullName}\n${failureMessages.join('\n')}`);
      }
    } catch {
      counts.failed++;
      return false;
    }
    return ok;
  });

for (const floor of ['src', 'app', 'tests']) check(`types of ${floor}`, 'tsc', ['-p', floor]);
check('lint and format', 'biome', ['check', '.']);
for (const project of ['floors', 'unit', 'conformance']) tests(project);
if (findChromium()) tests('browser');
else if (process.env.CI) failures.push('browser (no Chromium)');
else console.log('\n── browser: left out, there is no Chromium on this machine');

rmSync(reports, { recursive: true });
for (const failed of failedTests) console.log(`\n${failed}`);
if (failures.length > 0) console.log(`\nFailed: ${failures.join(', ')}`);
if (failures.length > counts.failed) counts.failed = failures.length;
console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(failures.length === 0 ? 0 : 1);
