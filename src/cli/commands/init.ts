import { Option, type Command } from 'commander';
import type { InitOptions } from '../init/init.ts';
import { below, configOption, jsonOption, type Registration } from './options.ts';

const help = `Asks four questions at a terminal; flags answer them beforehand. The file is one that \`countersign check\` accepts, with a comment wherever there is something to decide. Secrets are not asked for and not written.

  $ countersign init --registry verdaccio --upstream http://verdaccio:4873/ \\
      --url https://npm.acme.dev/ --ci github --repository acme/ui --package @acme/ui`;

/** `countersign init`. */
export function addInit(program: Command, { terminal, finish }: Registration): void {
  program
    .command('init')
    .description('write a first policy file')
    .addOption(configOption(terminal))
    .addOption(new Option('--registry <kind>', 'verdaccio, devpi, pypiserver, npm or pypi'))
    .option('--upstream <url>', 'address of that registry')
    .option('--url <url>', 'address under which clients will see it')
    .option('--ci <provider>', 'kind of CI, for example github')
    .option('--issuer <url>', 'issuer of its tokens, where it is a server of your own')
    .option('--repository <path>', 'repository or project that publishes, for example acme/ui')
    .option('--package <name>', 'package or project that it publishes')
    .option('--owner-id <id>', 'id of the owner; default: any, for `countersign pin` to fill in')
    .option('--repository-id <id>', 'id of the repository or project')
    .option('--workflow <file>', 'workflow file that publishes; default: release.yml')
    .option('--environment <name>', 'environment of the job; default: any')
    .option('--ref <pattern>', 'refs that may publish; default: refs/tags/v*')
    .option('--username <name>', 'account at the registry; default: svc')
    .option('--force', 'write over an existing file')
    .addOption(jsonOption())
    .addHelpText('after', below(help, terminal))
    .action((options: InitOptions) => finish(import('../init/init.ts').then(({ init }) => init(options, terminal))));
}
