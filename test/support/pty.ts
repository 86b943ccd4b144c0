// Runs a program at a real terminal of a given width: what it prints, and what a person types. Python's pty module makes it.
import { spawn } from 'node:child_process';
import { adopt } from './process.ts';
import { requires } from './components.ts';

export interface PtyOptions {
  readonly columns: number;
  /** The whole environment. */
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** What is typed, each line once the prompt before it is there. */
  readonly typed?: readonly string[];
  /** What the program prints when it waits for a line. */
  readonly prompt?: string;
}

export interface PtyRun {
  readonly code: number;
  /** Everything on the screen, stdout and stderr alike, with line breaks as `\n`. */
  readonly screen: string;
}

// The child gets the terminal as all three streams; its parent types each line when the prompt has come once more.
const script = `
import fcntl, json, os, pty, select, struct, sys, termios
job = json.loads(sys.argv[1])
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 24, job['columns'], 0, 0))
    os.execvpe(job['line'][0], job['line'], dict(os.environ))
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 24, job['columns'], 0, 0))
screen, typed, answered = b'', list(job['typed']), 0
while True:
    try:
        part = os.read(fd, 65536)
    except OSError:
        break
    if not part:
        break
    screen += part
    sys.stdout.buffer.write(part)
    sys.stdout.flush()
    if typed and screen.count(job['prompt'].encode()) > answered:
        answered = screen.count(job['prompt'].encode())
        os.write(fd, typed.pop(0).encode() + b'\\r')
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status) & 255)
`;

/** Runs it and waits for its end. */
export function runAtTerminal(line: readonly string[], options: PtyOptions): Promise<PtyRun> {
  const { columns, env, typed = [], prompt = '> ' } = options;
  const job = JSON.stringify({ line, columns, typed, prompt });
  const child = spawn(requires('python'), ['-c', script, job], {
    env: { TERM: 'xterm-256color', ...env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  adopt(child);
  let screen = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (screen += text));
  return new Promise((resolve) => {
    child.once('close', (code) => resolve({ code: code ?? -1, screen: screen.replaceAll('\r\n', '\n') }));
  });
}

/** The screen without colours and cursor movements. */
export function plainScreen(screen: string): string {
  return screen.replaceAll(/\u001b\[[0-9;?]*[A-Za-z]/g, '').replaceAll('\r', '');
}
