// Runs a module of ours in a real Chromium, on an empty page that may use WebGPU, and calls its functions from here.
// For tests and benches that ask what only a browser can answer.

import { type Browser, chromium, type Page } from 'playwright-core';
import { build, type Rolldown } from 'vite';
import { findChromium } from './chromium.mjs';

/** A page needs a secure origin for WebGPU; nothing listens there, every request is answered here. */
const ORIGIN = 'http://127.0.0.1:1/';

export interface InChromium<Module> {
  readonly page: Page;
  /** Calls an exported function; arguments and results are plain data. */
  call<Name extends keyof Module & string>(
    name: Name,
    ...args: Module[Name] extends (...args: infer A) => unknown ? A : never
  ): Promise<Module[Name] extends (...args: never[]) => infer R ? Awaited<R> : never>;
  close(): Promise<void>;
}

async function bundle(entry: string): Promise<string> {
  const built = (await build({
    configFile: false,
    logLevel: 'error',
    build: { write: false, minify: false, lib: { entry, formats: ['iife'], name: 'ours' } },
  })) as Rolldown.RolldownOutput[];
  return built[0].output[0].code;
}

/** @param gpu whether a real graphics processor is used where there is one; the software adapter otherwise */
export async function inChromium<Module>(entry: string, gpu = false): Promise<InChromium<Module>> {
  const browser: Browser = await chromium.launch({
    executablePath: findChromium(),
    args: [
      '--no-sandbox',
      '--enable-unsafe-webgpu',
      ...(gpu ? [] : ['--use-webgpu-adapter=swiftshader', '--enable-unsafe-swiftshader']),
      '--disable-background-networking',
    ],
  });
  const page = await browser.newPage();
  await page.route('**/*', (route) =>
    route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>Secateur</title>' }),
  );
  await page.goto(ORIGIN);
  await page.addScriptTag({ content: await bundle(entry) });
  return {
    page,
    call: (name, ...args) =>
      page.evaluate(
        ([method, given]) => {
          const { ours } = globalThis as unknown as { ours: Record<string, (...a: unknown[]) => unknown> };
          return ours[method](...given);
        },
        [name, args] as [string, unknown[]],
      ) as never,
    close: () => browser.close(),
  };
}
