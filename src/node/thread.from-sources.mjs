// A thread where the sources run as they are: Node's workers do not inherit the loader that reads TypeScript.

import { tsImport } from 'tsx/esm/api';

await tsImport('./thread.worker.ts', import.meta.url);
