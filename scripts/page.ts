// The built page, served as a static host would, and a Chromium to open it in: for scripts that walk through it as a
// person does.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { build, preview } from 'vite';
import { ensureChromium } from './chromium.mjs';

export interface ServedPage {
  readonly address: string;
  readonly browser: Browser;
  close(): Promise<void>;
}

/** @param flags further ones for Chromium */
export async function servePage(flags: readonly string[] = []): Promise<ServedPage> {
  const outDir = mkdtempSync(join(tmpdir(), 'secateur-page-'));
  await build({ logLevel: 'error', build: { outDir, emptyOutDir: true } });
  const server = await preview({
    logLevel: 'error',
    build: { outDir },
    preview: { host: '127.0.0.1', port: 0 },
  });
  const browser = await chromium.launch({
    executablePath: ensureChromium(),
    args: ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', ...flags],
  });
  return {
    address: server.resolvedUrls?.local[0] ?? '',
    browser,
    async close() {
      await browser.close();
      await server.close();
      rmSync(outDir, { recursive: true, force: true });
    },
  };
}
