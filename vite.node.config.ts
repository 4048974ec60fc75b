// What Node runs: the command line and the library, our sources bundled, the libraries they use as they are installed.

import { defineConfig } from 'vite';

export default defineConfig({
  publicDir: false,
  build: {
    ssr: true,
    outDir: 'lib',
    target: 'node20',
    rolldownOptions: {
      input: {
        cli: 'src/cli/main.ts',
        secateur: 'src/secateur.ts',
        node: 'src/node/threads.ts',
        'thread.worker': 'src/node/thread.worker.ts',
      },
      // Side by side: threads look for their script beside what starts them.
      output: { chunkFileNames: '[name]-[hash].js' },
    },
  },
});
