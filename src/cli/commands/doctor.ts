import { Option, type Command } from 'commander';
import type { DoctorOptions } from '../doctor/doctor.ts';
import { ecosystems } from '../doctor/job.ts';
import { below, jsonOption, type Registration } from './options.ts';

const help = `Run it in the step before the one that publishes, in its folder and with its variables. It looks at the CI, the identity token and its audience, the clients on the path, static tokens in variables and files, the registry's address in all its spellings, the connection, and tries the exchange without a token being made. Nothing is published, and no token is shown. Exit code 1 when something stands in the way, 4 when only something does not answer.

  $ countersign doctor --url https://npm.acme.dev/ --package npm:@acme/ui`;

/** `countersign doctor`. */
export function addDoctor(program: Command, { terminal, finish }: Registration): void {
  program
    .command('doctor')
    .description('in a CI job: look whether everything is in place to publish')
    .addOption(
      new Option('-u, --url <url>', "a registry's URL on Countersign; or COUNTERSIGN_URL; default: where the job's settings publish to"),
    )
    .option('-p, --package <package>', 'what is to be published, for example npm:@acme/ui; default: the name in package.json')
    .addOption(new Option('--client <name>', 'the client that publishes; default: those on the path').choices(Object.keys(ecosystems)))
    .option('--audience <audience>', 'audience of the identity token; default: the one that the client asks for')
    .option('--id-token-file <file>', 'take the identity token from a file; - is stdin')
    .option('--id-token-variable <name>', 'take the identity token from this environment variable')
    .option('--allow-http', 'allow plain http to another machine')
    .addOption(jsonOption())
    .addHelpText('after', below(help, terminal))
    .action((options: DoctorOptions) => finish(import('../doctor/doctor.ts').then(({ doctor }) => doctor(options, terminal))));
}
