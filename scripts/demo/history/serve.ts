// `countersign serve` with a made-up month in its record: what the demo runs with --history, in the folder of its policy.
import { serve } from '../../../src/cli/serve.ts';
import { processTerminal } from '../../../src/cli/terminal.ts';
import { sampleMonth } from './month.ts';

// Into the store that the dashboard reads, and not into the log: there it would be taken for what happened.
process.exitCode = await serve('countersign.yaml', processTerminal(), ({ store }, configuration) => {
  for (const entry of sampleMonth(configuration, Date.now())) store.add(entry);
});
