// A thread for WebAssembly kernels: it is handed its team's memory and computes from then on.

import { serveTeam, type ThreadSetup } from '../../src/execution/wasm/team.ts';

self.onmessage = ({ data }: MessageEvent<ThreadSetup>) => {
  self.postMessage('ready');
  serveTeam(data);
};
