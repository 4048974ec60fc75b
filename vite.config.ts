// How the page is served and built: one static folder that works from any host and any sub-path, under a policy that lets
// nothing in and nothing out.

import { createHash, randomUUID } from 'node:crypto';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** Style elements that libraries insert, by their exact text; a browser test fails when one of them changes. */
const insertedStyles = [
  // cytoscape
  '.__________cytoscape_container { position: relative; }',
  // react-aria: pressable elements
  '@layer {\n  [data-react-aria-pressable] {\n    touch-action: pan-x pan-y pinch-zoom;\n  }\n}',
  // react-aria: scrolling under a dialog, on iOS
  '@layer {\n  * {\n    overscroll-behavior: contain;\n  }\n}',
];
const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

const contentSecurityPolicy = ({ scripts = '', styles = '', connections = '' } = {}): string =>
  [
    "default-src 'self'",
    `script-src 'self' 'wasm-unsafe-eval' blob: ${scripts}`,
    "worker-src 'self' blob:",
    `connect-src 'self' blob: data: ${connections}`,
    "img-src 'self' data: blob:",
    `style-src 'self' ${insertedStyles.map(hash).join(' ')} ${styles}`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ]
    .map((rule) => rule.trim())
    .join('; ');

/** Cross-origin isolation: what threads in WebAssembly ask for. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** The built page carries its policy itself, since a static host sends no headers of ours. */
const policyInPage: Plugin = {
  name: 'secateur:policy-in-page',
  apply: 'build',
  transformIndexHtml: () => [
    {
      tag: 'meta',
      attrs: { 'http-equiv': 'Content-Security-Policy', content: contentSecurityPolicy() },
      injectTo: 'head-prepend',
    },
  ],
};

export default defineConfig(({ command }) => {
  // The development server writes scripts and styles into the page; this start's nonce lets exactly those through.
  const nonce = randomUUID();
  const serving = contentSecurityPolicy({
    scripts: `'nonce-${nonce}'`,
    styles: `'nonce-${nonce}'`,
    connections: 'ws:',
  });
  return {
    base: './',
    plugins: [react(), policyInPage],
    html: command === 'serve' ? { cspNonce: nonce } : {},
    server: { headers: { ...isolation, 'Content-Security-Policy': serving } },
    preview: { headers: { ...isolation, 'Content-Security-Policy': contentSecurityPolicy() } },
    worker: { format: 'es' },
    build: { target: 'es2023', chunkSizeWarningLimit: 4096 },
    optimizeDeps: {
      // The worker's imports are not found by scanning the page; a late discovery would reload it under the person's hands.
      entries: ['index.html', 'app/engine/engine.worker.ts'],
      include: [
        '@tensorflow/tfjs',
        '@tensorflow/tfjs-core',
        '@tensorflow/tfjs-backend-wasm',
        '@tensorflow/tfjs-backend-webgpu',
        'elkjs/lib/elk-api.js',
      ],
    },
  };
});
