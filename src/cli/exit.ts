// The exit codes, once: commands return them, `--help` and docs/cli.md list them.

export const exitCode = { ok: 0, problem: 1, usage: 2, configuration: 3, outage: 4 } as const;
export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** What each code means, in their order. */
export const exitMeanings: readonly { readonly code: ExitCode; readonly means: string }[] = [
  { code: exitCode.ok, means: 'done: nothing wrong, token minted, publish would be granted' },
  { code: exitCode.problem, means: 'a problem was found, a test failed, or the request was refused' },
  { code: exitCode.usage, means: 'the command line, its input or the CI job lacks something' },
  { code: exitCode.configuration, means: 'the configuration or a test file is not valid, or this Node is too old' },
  { code: exitCode.outage, means: 'no answer: network, issuer, store or registry, or a fault of Countersign itself' },
];

/** Ends a command early with one sentence for stderr. Thrown by commands, caught by `run`. */
export class CommandFailed extends Error {
  readonly code: ExitCode;
  constructor(code: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
