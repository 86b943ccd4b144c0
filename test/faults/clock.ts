// Time for tests that cannot wait: modules which the program under test loads before its own.

const preload = (code: string): string[] => ['--import', `data:text/javascript,${encodeURIComponent(code)}`];

/** Timers of 400 ms and more, and the time that sockets may be idle, pass thirty times as fast: 120 s of silence take 4 s. */
export const hurried = preload(`
  import net from 'node:net';
  const wait = globalThis.setTimeout;
  globalThis.setTimeout = Object.assign((f, ms, ...more) => wait(f, ms >= 400 ? ms / 30 : ms, ...more), wait);
  const idle = net.Socket.prototype.setTimeout;
  net.Socket.prototype.setTimeout = function (ms, f) { return idle.call(this, ms / 30, f); };
  const elapsed = performance.now.bind(performance);
  performance.now = () => elapsed() * 30;
`);

/** Each SIGUSR2 puts the program's clock 31 seconds forward. */
export const adjustable = preload(`
  const now = Date.now;
  let ahead = 0;
  process.on('SIGUSR2', () => { ahead += 31_000; });
  Date.now = () => now() + ahead;
`);
