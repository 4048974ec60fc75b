// The command line as a file that Node runs: our sources in one module, the libraries as they are installed.

import { defineConfig } from 'vite';

export default defineConfig({
  publicDir: false,
  build: { ssr: 'src/cli/main.ts', outDir: 'dist/cli', target: 'node20' },
});
