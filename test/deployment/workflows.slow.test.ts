// Workflows, action, component and Renovate's file, read by the tools that exist for them.
import { execFile } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { plainEnv } from '../support/process.ts';
import { describeWith, requires, ROOT } from '../support/requirement.ts';
import { tempDir } from '../support/temp.ts';

const run = promisify(execFile);
type Tool = 'zizmor' | 'actionlint' | 'check-jsonschema';
const tool = (name: Tool, ...args: string[]) => run(requires(name), args, { cwd: ROOT, env: plainEnv() });

describeWith(
  'zizmor',
  'actionlint',
  'check-jsonschema',
)('the tools for workflows', () => {
  test('SUP-07 zizmor finds nothing in workflows and action, and would', async () => {
    await tool('zizmor', '--offline', '--no-progress', '.github', 'deploy/github-action');
    const bad = join(tempDir('workflow'), 'bad.yaml');
    const file = readFileSync(join(ROOT, '.github/workflows/ci.yaml'), 'utf8');
    writeFileSync(bad, file.replace('  pull_request:', '  pull_request_target:').replace('persist-credentials: false', 'fetch-depth: 1'));
    await expect(tool('zizmor', '--offline', '--no-progress', bad)).rejects.toThrow(/Command failed/);
  });

  test('actionlint finds nothing in the workflows', async () => {
    await tool('actionlint', ...globSync('.github/workflows/*.yaml', { cwd: ROOT }));
  });

  test.each([
    ['vendor.renovate', '.github/renovate.json'],
    ['vendor.github-actions', 'deploy/github-action/action.yaml'],
    ['vendor.github-workflows', '.github/workflows/release.yaml'],
    ['vendor.github-workflows', '.github/workflows/ci.yaml'],
  ])('%s: %s', async (schema, path) => {
    await tool('check-jsonschema', '--builtin-schema', schema, path);
  });

  test('vendor.gitlab-ci: the job of the component, which comes after its inputs', async () => {
    const [, hidden = ''] = readFileSync(join(ROOT, 'deploy/gitlab-component/templates/upload-token.yml'), 'utf8').split('\n---\n');
    // As a job that extends it: the schema does not look into hidden ones.
    const job = hidden.replace('.countersign:', 'publish:\n  script: [twine upload dist/*]');
    const file = join(tempDir('gitlab'), 'job.yaml');
    writeFileSync(file, job);
    await tool('check-jsonschema', '--builtin-schema', 'vendor.gitlab-ci', file);
    writeFileSync(file, job.replace('before_script:', 'before_scripts:'));
    await expect(tool('check-jsonschema', '--builtin-schema', 'vendor.gitlab-ci', file)).rejects.toThrow(/Command failed/);
  });
});
