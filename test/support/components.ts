// Where the real servers and clients are that the tests and the demo run.
import { accessSync, constants } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's root folder. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const PYTHON = join(ROOT, '.cache', 'python', 'bin');
const DEPLOYMENT = join(ROOT, '.cache', 'deployment');
const CLIENTS = join(ROOT, 'test', 'clients', 'node_modules');

const COMPONENTS = {
  node: join(ROOT, 'node_modules', 'node', 'bin', 'node'),
  // The npm of the demo; those that the tests publish with are in test/clients.
  npm: join(ROOT, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
  verdaccio: join(ROOT, 'node_modules', 'verdaccio', 'bin', 'verdaccio'),
  'redis-server': 'redis-server',
  'redis-cli': 'redis-cli',
  curl: 'curl',
  buildah: 'buildah',
  nginx: 'nginx',
  haproxy: 'haproxy',
  openssl: 'openssl',
  'systemd-analyze': 'systemd-analyze',
  caddy: join(DEPLOYMENT, 'python', 'bin', 'caddy'),
  traefik: join(DEPLOYMENT, 'python', 'bin', 'traefik'),
  'kubernetes-validate': join(DEPLOYMENT, 'python', 'bin', 'kubernetes-validate'),
  'check-jsonschema': join(DEPLOYMENT, 'python', 'bin', 'check-jsonschema'),
  pyspdxtools: join(DEPLOYMENT, 'python', 'bin', 'pyspdxtools'),
  zizmor: join(DEPLOYMENT, 'python', 'bin', 'zizmor'),
  helm: join(DEPLOYMENT, 'bin', 'helm'),
  kustomize: join(DEPLOYMENT, 'bin', 'kustomize'),
  actionlint: join(DEPLOYMENT, 'bin', 'actionlint'),
  // `docker compose config`, with docker compose's own library (test/deployment/tools/compose).
  compose: join(DEPLOYMENT, 'bin', 'compose'),
  // The types of the Prometheus operator (test/deployment/tools/monitoring).
  monitoring: join(DEPLOYMENT, 'bin', 'monitoring'),
  prometheus: 'prometheus',
  promtool: 'promtool',
  chromium: 'chromium',
  python: join(PYTHON, 'python'),
  'devpi-init': join(PYTHON, 'devpi-init'),
  'devpi-server': join(PYTHON, 'devpi-server'),
  'pypi-server': join(PYTHON, 'pypi-server'),
  twine: join(PYTHON, 'twine'),
  uv: join(PYTHON, 'uv'),
  pdm: join(PYTHON, 'pdm'),
  maturin: join(PYTHON, 'maturin'),
  'npm-11.5': join(CLIENTS, 'npm-11.5', 'bin', 'npm-cli.js'),
  'npm-11.19': join(CLIENTS, 'npm-11.19', 'bin', 'npm-cli.js'),
  'npm-12': join(CLIENTS, 'npm-12', 'bin', 'npm-cli.js'),
  'pnpm-11': join(CLIENTS, 'pnpm-11', 'bin', 'pnpm.mjs'),
  'pnpm-12': join(CLIENTS, 'pnpm-12', 'pnpm'),
  'yarn-4': join(CLIENTS, 'yarn-4', 'bin', 'yarn.js'),
} as const;

/** A real server or client that tests run. */
export type Component = keyof typeof COMPONENTS;

/** The component's path, or undefined when `scripts/prepare.mjs` could not bring it. */
export function locate(component: Component): string | undefined {
  const known = COMPONENTS[component];
  const places = known.includes('/') ? [known] : (process.env['PATH'] ?? '').split(delimiter).map((at) => join(at, known));
  return places.find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, /\.m?js$/.test(path) ? constants.R_OK : constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The component's path; throws a sentence that says how to get it. */
export function requires(component: Component): string {
  const path = locate(component);
  if (path === undefined) throw new Error(missing([component]));
  return path;
}

/** A sentence that says how to get what is not there. */
export function missing(components: readonly Component[]): string {
  const browser = components.includes('chromium') ? ' --with chromium' : '';
  return `${components.join(', ')} not found; run: node scripts/prepare.mjs --test --deployment${browser}`;
}
