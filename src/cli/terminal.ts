// What a command may touch of the process: its streams, its environment and folder, the clock. Tests pass their own.
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** All of stdin; undefined when it is a terminal: a secret typed there would stay on the screen. */
  readonly stdin: () => Promise<string | undefined>;
  /** Begins to put questions to a person; undefined when nobody sits there. */
  readonly converse: (() => Conversation) | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** The working folder. */
  readonly cwd: string;
  readonly colour: { readonly out: boolean; readonly err: boolean };
  /** Columns of each stream that is a terminal; undefined: a pipe or a file, where nothing is wrapped. */
  readonly width: { readonly out: number | undefined; readonly err: number | undefined };
  /** Milliseconds. */
  readonly now: () => number;
}

export interface Conversation {
  /** Asks one question and gives the line that was typed; undefined when the person ended the input instead. */
  readonly ask: (question: string) => Promise<string | undefined>;
  readonly close: () => void;
}

/** The process itself. */
export function processTerminal(): Terminal {
  const { env, stdin, stdout, stderr } = process;
  return {
    out: (line) => void stdout.write(line),
    err: (line) => void stderr.write(line),
    stdin: async () => (stdin.isTTY ? undefined : await text(stdin)),
    converse: stdin.isTTY && stderr.isTTY ? converse : undefined,
    env,
    cwd: process.cwd(),
    colour: { out: wantsColour(env, stdout.isTTY), err: wantsColour(env, stderr.isTTY) },
    width: { out: widthOf(stdout), err: widthOf(stderr) },
    now: Date.now,
  };
}

/** Colour only on a terminal, never with `NO_COLOR` set to anything but nothing (no-color.org) or `TERM=dumb`. */
export function wantsColour(env: NodeJS.ProcessEnv, isTerminal: boolean | undefined): boolean {
  return isTerminal === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
}

/** A terminal that does not know its size says 0; narrower than 40 columns nothing can be laid out. */
function widthOf({ isTTY, columns }: NodeJS.WriteStream): number | undefined {
  return isTTY && columns > 0 ? Math.max(40, columns) : undefined;
}

/** Questions go to stderr: stdout is for results. Lines that were typed ahead are kept for the next question. */
function converse(): Conversation {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const typed = lines[Symbol.asyncIterator]();
  return {
    ask: async (question) => {
      lines.setPrompt(question);
      lines.prompt();
      const next = await typed.next();
      return next.done === true ? undefined : next.value;
    },
    close: () => lines.close(),
  };
}
