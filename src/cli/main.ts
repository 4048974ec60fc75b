#!/usr/bin/env node
// The command line's entry: the process's words in, its streams and exit status out.

import { execute } from './terminal.ts';

process.exitCode = await execute(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  onInterrupt: (listener) => process.once('SIGINT', listener),
  debug: process.env.DEBUG !== undefined,
});
