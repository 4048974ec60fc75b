// A thread for WebAssembly kernels in Node: it is handed its team's memory and computes until the process ends.

import { parentPort, workerData } from 'node:worker_threads';
import { serveTeam, type ThreadSetup } from '../execution/wasm/team.ts';

parentPort?.postMessage('ready');
serveTeam(workerData as ThreadSetup);
