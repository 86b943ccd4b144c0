// Switches of Node that show what is in the process's memory, past the log and its scrubber: every secret is in there.

const switches = /^--(?:inspect(?:$|[-=])|heapsnapshot-|heap-prof|report-|abort-on-uncaught-exception)/;

/** Only whoever runs the program can set these, by mistake most likely: a line left over from looking for a fault. */
export interface Surroundings {
  /** `process.execArgv` */
  readonly nodeArguments: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Sentences about each switch that opens a debugger, writes memory to a disk, or prints headers as they are sent (SEC-07,
 * SUP-12); none is the way to run a proxy that holds a registry's one credential.
 */
export function openMemory({ nodeArguments, env }: Surroundings): string[] {
  const fromOptions = (env['NODE_OPTIONS'] ?? '').split(/\s+/);
  const found = [
    ...new Set([...nodeArguments, ...fromOptions].map((each) => each.replaceAll('_', '-')).filter((each) => switches.test(each))),
  ];
  const debug = env['NODE_DEBUG'] === undefined || env['NODE_DEBUG'] === '' ? [] : ['NODE_DEBUG'];
  return [...found, ...debug].map((each) => `${each} lets secrets out of the memory of this process, past the log`);
}
