// The demo's policy with some more in it, so that a month has something to tell of: packages on their way, one that went back.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempDir } from '../../../test/support/temp.ts';

const more = `
  # The following are for the made-up month of \`npm run demo -- --history\`.
  - name: icons
    from:
      issuer: github
      repository: acme/icons
      repository_owner_id: 12
      repository_id: 4733
      workflow: release.yml
      environment: any
      ref: refs/tags/v*
    publish:
      npm: ["@acme/icons", "@acme/icons-react"]

  - name: charts
    from:
      issuer: github
      repository: acme/charts
      repository_owner_id: 12
      workflow: publish.yml
      environment: any
      ref: any
    publish:
      npm: ["@acme/charts", "@acme/chart-*"]

  - name: forms
    from:
      issuer: gitlab
      project_path: acme/forms
      namespace_id: 21
      environment: release
      ref: refs/tags/*
    publish:
      npm: ["@acme/forms"]
`;

/** Writes it as `countersign.yaml` into a folder of its own, and gives that. @param shipped path of the demo's policy */
export function historyPolicy(shipped: string): string {
  const folder = tempDir('history');
  const text = readFileSync(shipped, 'utf8').replace('trusted_only: ["@acme/*"]', 'trusted_only: ["@acme/ui", "@acme/ui-*"]');
  writeFileSync(join(folder, 'countersign.yaml'), `${text.trimEnd()}\n${more}`, { mode: 0o600 });
  return folder;
}
