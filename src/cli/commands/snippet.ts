import type { Command } from 'commander';
import type { SnippetOptions } from '../snippet.ts';
import { configOption, jsonOption, type Registration } from './options.ts';

/** `countersign snippet`. */
export function addSnippet(program: Command, { terminal, finish }: Registration): void {
  program
    .command('snippet')
    .description('print the CI file with which the job of a publisher publishes')
    .argument('<publisher>', 'name of the publisher in the policy file')
    .addOption(configOption(terminal))
    .option('--registry <name>', 'for this registry only; default: each that the publisher has')
    .option('--client <name>', 'npm, pnpm, yarn, bun; uv, pdm, maturin, twine, poetry, hatch, flit, gh-action; default: npm, uv')
    .addOption(jsonOption())
    .action((name: string, options: SnippetOptions) =>
      finish(import('../snippet.ts').then(({ snippet }) => snippet(name, options, terminal))),
    );
}
