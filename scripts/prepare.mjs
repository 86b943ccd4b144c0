// Makes a fresh machine ready: `node scripts/prepare.mjs` for the demo, `--test` for the tests, `--deployment` for the tests of
// deployments, `--with buildah` for a program more. Plain Node 20 or newer, no dependency; silent, fast and without network when there is nothing to do.
import { parseArgs } from 'node:util';
import { prepareGoTools, prepareServers } from './prepare/deployment.mjs';
import { prepareClients, prepareModules } from './prepare/modules.mjs';
import { preparePrograms } from './prepare/programs.mjs';
import { preparePython } from './prepare/python.mjs';
import { Missing, StepFailed } from './prepare/step.mjs';

const { values } = parseArgs({
  options: {
    test: { type: 'boolean', default: false },
    deployment: { type: 'boolean', default: false },
    with: { type: 'string', multiple: true, default: [] },
  },
});

/** @type {string[]} sentences about real components that could not be had */
const missing = [];

async function attempt(part) {
  try {
    await part();
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    missing.push(error.message);
  }
}

try {
  await prepareModules();
  const deployment = values.deployment ? ['nginx', 'haproxy', 'systemd-analyze', 'openssl'] : [];
  const programs = [...(values.test ? ['redis-server', 'redis-cli', 'curl'] : []), ...deployment, ...values.with];
  await attempt(() => preparePrograms(programs));
  await attempt(() => preparePython({ forTests: values.test }));
  if (values.test) await attempt(prepareClients);
  for (const part of values.deployment ? [prepareServers, prepareGoTools] : []) await attempt(part);
} catch (error) {
  if (!(error instanceof StepFailed)) throw error;
  console.error(error.message);
  process.exit(1);
}

for (const sentence of missing) console.error(`prepare: ${sentence}`);
// Elsewhere the suites that need a missing component are skipped and counted; CI must never pass without them.
if (missing.length > 0 && process.env.CI === 'true' && (values.test || values.deployment || values.with.length > 0)) process.exit(1);
