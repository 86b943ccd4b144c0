import type { Command } from 'commander';
import type { TestOptions } from '../policy-tests/run.ts';
import { below, configOption, jsonOption, type Registration } from './options.ts';

const help = `Each test is a job by its claims, what it would publish, and what should come of it; the code that decides at run time decides. Nothing is asked of anybody. Run it in the CI of the repository that holds the policy. Exit code 1 when a test fails, 3 when the policy or the tests are not valid.`;

/** `countersign test`. */
export function addTest(program: Command, { terminal, finish }: Registration): void {
  program
    .command('test')
    .description('run policy unit tests')
    .argument('[file]', 'the tests', 'policy-tests.yaml')
    .addOption(configOption(terminal))
    .addOption(jsonOption())
    .addHelpText('after', below(help, terminal))
    .action((file: string, options: Omit<TestOptions, 'file'>) =>
      finish(import('../policy-tests/run.ts').then(({ runPolicyTests }) => runPolicyTests({ ...options, file }, terminal))),
    );
}
