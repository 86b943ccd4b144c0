// The log: JSON lines on stdout through pino, with a scrubber behind it as the last line against secrets (SEC-05, SEC-06).
import { pino, type DestinationStream, type Level, type Logger } from 'pino';
import { createLines } from './log/lines.ts';
import { loggable } from './log/value.ts';
import { createScrubber } from './log/scrubber.ts';

export type { Logger } from 'pino';

const levels: readonly string[] = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] satisfies Level[];

export interface Logging {
  readonly logger: Logger;
  /** Takes a literal secret (service credential, store password) out of every later line. */
  readonly protect: (secret: string) => void;
  /** What the scrubber makes of a finished line that goes elsewhere than to the log. */
  readonly scrub: (text: string) => string;
  /** Writes a finished line, scrubbed already. */
  readonly line: (line: string) => void;
  /** Whether everything logged so far was written (`Lines.written`). */
  readonly written: () => Promise<boolean>;
  /** Lines lost since the start. */
  readonly lost: () => number;
  /** Lines cannot be written at the moment. */
  readonly failing: () => boolean;
  /** Resolves when what is buffered was written, or cannot be; await it before the process ends. */
  readonly settle: () => Promise<void>;
}

export interface LoggingOptions {
  /** `COUNTERSIGN_LOG_LEVEL`; anything unknown means `info`. */
  readonly level?: string | undefined;
  /** Where lines go; stdout unless said. */
  readonly destination?: DestinationStream;
}

/**
 * Makes the log. Redaction is not the design, it is the net below it: secrets are wrapped in `Secret`, errors are
 * reduced to what they say, and then every finished line is scrubbed as text.
 */
export function createLogging(options: LoggingOptions = {}): Logging {
  const stdout = options.destination === undefined ? createLines(1) : undefined;
  const destination = options.destination ?? stdout;
  const scrubber = createScrubber();
  const logger = pino(
    {
      level: levels.find((known) => known === options.level) ?? 'info',
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: (fields) => loggable(fields) },
      // pino's own would run on what `loggable` made of an error and take it for another one.
      serializers: { err: (value: unknown) => value },
    },
    { write: (line) => destination?.write(scrubber.scrub(line)) },
  );
  if (stdout !== undefined) process.once('exit', stdout.flush);
  return {
    logger,
    protect: scrubber.protect,
    scrub: scrubber.scrub,
    line: (line) => {
      destination?.write(line);
    },
    written: async () => (await stdout?.written()) ?? true,
    lost: () => stdout?.lost() ?? 0,
    failing: () => stdout?.failing() ?? false,
    settle: async () => stdout?.settle(),
  };
}
