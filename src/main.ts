#!/usr/bin/env node
// argv → command → exit code. Nothing is loaded before it is known that this Node can run it.
import { nodeProblem } from './cli/node-version.ts';

// By default a SIGHUP ends a process. Whoever writes the policy may send one while the program is still being loaded; it is read afterwards.
if (process.argv.includes('serve')) process.on('SIGHUP', () => undefined);

const problem = nodeProblem(process.versions.node);
if (problem === undefined) {
  const { main } = await import('./cli/main.ts');
  process.exitCode = await main();
} else {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 3;
}
