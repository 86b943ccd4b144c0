// Real Redis servers for tests: alone, as a cluster of three masters, or watched by a Sentinel; each in a folder of its own.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort, freePorts } from './ports.ts';
import { plainEnv, startServer } from './process.ts';
import type { RunningServer } from './process.ts';
import { requires } from './components.ts';
import { removeTempDir, tempDir } from './temp.ts';

const run = promisify(execFile);

export type RedisServer = {
  readonly port: number;
  /** `redis://127.0.0.1:<port>/0` */
  readonly url: string;
  /** Runs redis-cli against this server and gives what it prints, trimmed. */
  cli(...args: readonly string[]): Promise<string>;
  /** Stops the process in its tracks (SIGSTOP): connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
  /** SIGKILL, as a crash: what was not on disk is gone. */
  kill(): Promise<void>;
  /** Starts again on the same port and folder, after `kill` or instead of it. */
  restart(): Promise<void>;
  output(): string;
  close(): Promise<void>;
};

export type RedisOptions = {
  /** Keeps every write on disk (append-only file, fsync always); default: nothing is kept. */
  readonly persist?: boolean;
  readonly port?: number;
  /** More settings as command-line arguments, such as `['--maxmemory-policy', 'allkeys-lru']`. */
  readonly args?: readonly string[];
};

/** One redis-server on a free loopback port. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const port = options.port ?? (await freePort());
  const dir = tempDir('redis');
  const persistence = options.persist === true ? ['yes', '--appendfsync', 'always'] : ['no'];
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', ...persistence];
  const cli = async (...command: readonly string[]): Promise<string> => redisCli(port, command);
  const start = (): Promise<RunningServer> =>
    startServer({
      name: 'redis-server',
      command: requires('redis-server'),
      args: [...args, ...(options.args ?? [])],
      // A server with an ACL file answers nobody who has no account.
      ready: async () => /^(PONG$|NOAUTH )/.test(await cli('ping')),
    });
  let server = await start();
  const kill = async (): Promise<void> => {
    server.signal('SIGKILL');
    await server.exited;
  };
  return {
    port,
    url: `redis://127.0.0.1:${port}/0`,
    cli,
    pause: () => server.signal('SIGSTOP'),
    resume: () => server.signal('SIGCONT'),
    kill,
    async restart() {
      await kill();
      server = await start();
    },
    output: () => server.output(),
    async close() {
      // Killed and not asked to end: a paused process does not hear SIGTERM, and there is nothing to save.
      await kill();
      removeTempDir(dir);
    },
  };
}

async function redisCli(port: number, command: readonly string[]): Promise<string> {
  const args = ['-h', '127.0.0.1', '-p', `${port}`, ...command];
  const { stdout } = await run(requires('redis-cli'), args, { env: plainEnv(), timeout: 5000 });
  return stdout.trim();
}

export type RedisCluster = {
  readonly nodes: readonly RedisServer[];
  readonly addresses: readonly { host: string; port: number }[];
  close(): Promise<void>;
};

/** Three masters that share the slots, ready to answer. */
export async function startRedisCluster(): Promise<RedisCluster> {
  const nodes = await Promise.all(
    (await freePorts(3)).map(async (port) => {
      const bus = await freePort();
      const cluster = ['--cluster-enabled', 'yes', '--cluster-port', `${bus}`, '--cluster-node-timeout', '2000'];
      return startRedis({ port, args: cluster });
    }),
  );
  const close = async (): Promise<void> => void (await Promise.all(nodes.map((node) => node.close())));
  try {
    const members = nodes.map((node) => `127.0.0.1:${node.port}`);
    const create = ['--cluster', 'create', ...members, '--cluster-yes'];
    await run(requires('redis-cli'), create, { env: plainEnv(), timeout: 30_000 });
    await until(async () => {
      const infos = await Promise.all(nodes.map((node) => node.cli('cluster', 'info')));
      return infos.every((info) => info.includes('cluster_state:ok'));
    }, 'the Redis cluster');
  } catch (error) {
    await close();
    throw error;
  }
  return { nodes, addresses: nodes.map(({ port }) => ({ host: '127.0.0.1', port })), close };
}

export type RedisSentinel = {
  readonly primary: RedisServer;
  readonly replica: RedisServer;
  readonly address: { readonly host: string; readonly port: number };
  /** The name the primary is watched under. */
  readonly name: string;
  /** The port Sentinel now gives as the primary's. */
  primaryPort(): Promise<number>;
  close(): Promise<void>;
};

/** A primary, one replica and one Sentinel (quorum 1) that fails over about a second after the primary is gone. */
export async function startSentinel(): Promise<RedisSentinel> {
  const name = 'countersign';
  const primary = await startRedis();
  const replica = await startRedis({ args: ['--replicaof', `127.0.0.1 ${primary.port}`] });
  const port = await freePort();
  const dir = tempDir('sentinel');
  const config = join(dir, 'sentinel.conf');
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${dir}`,
    `sentinel monitor ${name} 127.0.0.1 ${primary.port} 1`,
    `sentinel down-after-milliseconds ${name} 1000`,
    `sentinel failover-timeout ${name} 3000`,
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  await until(async () => (await primary.cli('info', 'replication')).includes('state=online'), 'the replica');
  const sentinel = await startServer({
    name: 'redis-sentinel',
    command: requires('redis-server'),
    args: [config, '--sentinel'],
    ready: async () => (await redisCli(port, ['sentinel', 'replicas', name])).includes(`${replica.port}`),
  });
  return {
    primary,
    replica,
    address: { host: '127.0.0.1', port },
    name,
    async primaryPort() {
      const answer = await redisCli(port, ['sentinel', 'get-master-addr-by-name', name]);
      return Number(answer.split('\n')[1]);
    },
    async close() {
      await sentinel.stop();
      await Promise.all([primary.close(), replica.close()]);
      removeTempDir(dir);
    },
  };
}

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition().catch(() => false))) {
    if (Date.now() > deadline) throw new Error(`${what} did not become ready`);
    await sleep(100);
  }
}
