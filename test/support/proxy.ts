// Countersign itself as a program, run on a policy that the test writes.
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { AuditEvent } from '../../src/audit/event.ts';
import { freePorts } from './ports.ts';
import { plainEnv, startServer, type RunningServer } from './process.ts';
import { requires, ROOT } from './components.ts';
import { removeTempDir, tempDir } from './temp.ts';

/** A policy as YAML would have it; `server` is filled in. */
export type Policy = Readonly<Record<string, unknown>>;

export type ProxyOptions = {
  /** Gets the proxy's own port, which public URLs contain, and that of its admin listener. */
  readonly policy: (port: number, admin: number) => Policy;
  readonly env?: Readonly<Record<string, string>>;
  /** Arguments for Node, such as `--max-old-space-size=96`. */
  readonly node?: readonly string[];
  readonly port?: number;
  /** A command to put in front, such as `['setpriv', '--reuid', '65534']`. */
  readonly through?: readonly string[];
  /** Whether it is up; by default, whether its admin listener answers on 127.0.0.1. */
  readonly ready?: () => Promise<boolean>;
};

export type Proxy = {
  /** `http://127.0.0.1:<port>/` */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly admin: string;
  readonly pid: number;
  /** Path of the policy file. */
  readonly config: string;
  /** Every audit event so far. */
  audit(): AuditEvent[];
  /** The audit event of a decision that satisfies the test (intents to forward are none); waits up to 5 s for it. */
  event(test: (event: AuditEvent) => boolean): Promise<AuditEvent>;
  output(): string;
  server(): RunningServer;
  /** Puts another policy in force (SIGHUP) and waits until it is. */
  reload(policy: (port: number, admin: number) => Policy): Promise<void>;
  close(): Promise<void>;
};

/** Starts `countersign serve` and waits until it is ready. */
export async function startProxy(options: ProxyOptions): Promise<Proxy> {
  const dir = tempDir('countersign');
  const [free = 0, adminPort = 0] = await freePorts(2);
  const port = options.port ?? free;
  const config = join(dir, 'countersign.yaml');
  const write = (policy: (port: number, admin: number) => Policy): void => {
    // All clients of a test are at one address: its limits are far away unless the test is about them.
    const limits = { refused_exchanges: 100_000, packages_per_minute: 10_000, exchanges_per_package: 100_000 };
    const listeners = { listen: `127.0.0.1:${port}`, admin: `127.0.0.1:${adminPort}`, limits };
    const { server, ...rest } = policy(port, adminPort) as { server?: object };
    writeFileSync(config, stringify({ server: { ...listeners, ...server }, ...rest }, { aliasDuplicateObjects: false }));
  };
  write(options.policy);
  const admin = `http://127.0.0.1:${adminPort}/`;
  const line = [
    ...(options.through ?? []),
    requires('node'),
    ...(options.node ?? []),
    join(ROOT, 'src', 'main.ts'),
    'serve',
    '--config',
    config,
  ];
  const server = await startServer({
    name: 'countersign',
    command: line[0] ?? '',
    args: line.slice(1),
    cwd: dir,
    env: plainEnv(options.env),
    ready: options.ready ?? (async () => (await fetch(`${admin}healthz`)).ok),
  });
  const events = (): AuditEvent[] => auditEvents(server.lines());
  const event = async (test: (event: AuditEvent) => boolean): Promise<AuditEvent> => {
    for (const deadline = Date.now() + 5000; Date.now() < deadline; await new Promise((resolve) => setTimeout(resolve, 20))) {
      const found = events().findLast((entry) => entry.outcome !== 'forwarding' && test(entry));
      if (found !== undefined) return found;
    }
    throw new Error(
      `no such audit event:\n${events()
        .map((e) => JSON.stringify(e))
        .join('\n')}`,
    );
  };
  return {
    url: `http://127.0.0.1:${port}/`,
    host: `127.0.0.1:${port}`,
    port,
    admin,
    pid: server.pid,
    config,
    audit: events,
    event,
    output: () => server.output(),
    server: () => server,
    async reload(policy) {
      const before = events().filter((e) => e.event === 'policy').length;
      write(policy);
      server.signal('SIGHUP');
      for (const deadline = Date.now() + 5000; events().filter((e) => e.event === 'policy').length === before;) {
        if (Date.now() > deadline) throw new Error(`not reloaded:\n${server.output()}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async close() {
      await server.stop();
      removeTempDir(dir);
    },
  };
}

function auditEvents(lines: readonly string[]): AuditEvent[] {
  return lines.filter((line) => line.includes('"audit":true')).map((line) => JSON.parse(line) as AuditEvent);
}

/** The embedded store refuses identity tokens of the second in which it started: waits that second out. */
export async function pastEpoch(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1000 - (Date.now() % 1000) + 10));
}

export type RawAnswer = {
  readonly status: number;
  readonly reason: string;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
};

/** One request with exactly these headers and this target; nothing is normalised, nothing followed. `localAddress`: whom it comes from. */
export function raw(
  { port, localAddress }: { readonly port: number; readonly localAddress?: string },
  method: string,
  target: string,
  headers: Record<string, string | string[]> = {},
  body?: string | Uint8Array,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const req = request({ host: '127.0.0.1', port, localAddress, method, path: target, headers, agent: false }, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('end', () =>
        resolve({
          status: res.statusCode ?? 0,
          reason: res.statusMessage ?? '',
          headers: res.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
      res.on('error', reject);
    });
    req.on('error', reject);
    req.end(body);
  });
}

/** SHA-256 in hex. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
