// The made-up month's policy as the demo loads it.
import { join } from 'node:path';
import { historyPolicy } from '../../scripts/demo/history/policy.ts';
import type { Configuration } from '../../src/config/configuration.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { ROOT } from '../support/components.ts';
import { removeTempDir } from '../support/temp.ts';

/** Issuers are where the shipped policy has them; secrets are of no matter. */
export async function historyConfiguration(): Promise<Configuration> {
  const folder = historyPolicy(join(ROOT, 'config', 'countersign.yaml'));
  try {
    const loaded = await loadConfiguration(join(folder, 'countersign.yaml'), {
      COUNTERSIGN_NPM_PASSWORD: 'secret',
      COUNTERSIGN_PYPI_PASSWORD: 'secret',
    });
    if (!loaded.ok) throw new Error(loaded.diagnostics.map(({ message }) => message).join('; '));
    return loaded.configuration;
  } finally {
    removeTempDir(folder);
  }
}
