#!/usr/bin/env node
// The command line's entry: the process's words in, its streams and exit status out.

import { execute } from './terminal.ts';

// A reader that has seen enough, such as `head`, ends neither the command nor what it was to write.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });

process.exitCode = await execute(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  onInterrupt: (listener) => process.once('SIGINT', listener),
  debug: process.env.DEBUG !== undefined,
});
