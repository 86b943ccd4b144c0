// The four questions, and the flags that answer them beforehand. What has no flag is asked; where nobody sits, it is said.
import { wrap } from '../../core/wrap.ts';
import { providers } from '../../providers/index.ts';
import { CommandFailed, exitCode } from '../exit.ts';
import type { Conversation, Terminal } from '../terminal.ts';
import {
  isProblem,
  readJob,
  readPackage,
  readRegistry,
  readUrl,
  registryKinds,
  type Answers,
  type Read,
  type RegistryKind,
} from './answers.ts';

export interface AnswerFlags {
  readonly registry?: string;
  readonly upstream?: string;
  readonly url?: string;
  readonly ci?: string;
  readonly issuer?: string;
  readonly repository?: string;
  readonly package?: string;
}

interface Question<T> {
  readonly ask: string;
  readonly example: string;
  /** What the flags say, as one line; undefined: they do not answer it. */
  readonly given: string | undefined;
  /** The flags, for whoever cannot be asked. */
  readonly flags: string;
  readonly read: (line: string) => Read<T>;
}

/** @throws CommandFailed (`usage`) when a flag is wrong, or one is missing and nobody can be asked */
export async function answersFor(flags: AnswerFlags, terminal: Terminal): Promise<Answers> {
  const asking = new Asking(terminal);
  try {
    const registry = await asking.answer(registryQuestion(flags));
    const url = await asking.answer(urlQuestion(flags, registry.kind));
    const job = await asking.answer(jobQuestion(flags));
    const name = await asking.answer(packageQuestion(flags, registry.kind));
    return { ...registry, url, ...job, package: name };
  } finally {
    asking.close();
  }
}

function registryQuestion({ registry, upstream }: AnswerFlags): Question<Pick<Answers, 'kind' | 'upstream'>> {
  return {
    ask: `Which registry do you run, and at which address does Countersign reach it? Kinds: ${registryKinds.join(', ')}.`,
    example: 'verdaccio http://verdaccio:4873/',
    given: registry === undefined && upstream === undefined ? undefined : `${registry ?? ''} ${upstream ?? ''}`,
    flags: '--registry and --upstream',
    read: readRegistry,
  };
}

function urlQuestion({ url }: AnswerFlags, kind: RegistryKind): Question<URL> {
  const examples = {
    verdaccio: 'https://npm.acme.dev/',
    npm: 'https://npm.acme.dev/',
    devpi: 'https://pypi.acme.dev/acme/prod/',
    pypiserver: 'https://pypi.acme.dev/',
    pypi: 'https://pypi.acme.dev/',
  };
  return {
    ask: 'Under which address will people and CI jobs see it?',
    example: examples[kind],
    given: url,
    flags: '--url',
    read: (line) => readUrl(line, examples[kind]),
  };
}

function jobQuestion({ ci, issuer, repository }: AnswerFlags): Question<Pick<Answers, 'provider' | 'issuer' | 'anchor'>> {
  const given = [ci, issuer, repository].filter((part) => part !== undefined);
  return {
    ask: `Which CI publishes, and from which repository or project? With a server of your own, its issuer in between. CIs: ${providers.map(({ id }) => id).join(', ')}.`,
    example: 'github acme/ui, or gitlab https://gitlab.acme.dev acme/tools/ui',
    given: given.length === 0 ? undefined : given.join(' '),
    flags: '--ci and --repository (and --issuer)',
    read: readJob,
  };
}

function packageQuestion({ package: name }: AnswerFlags, kind: RegistryKind): Question<string> {
  const npm = kind === 'verdaccio' || kind === 'npm';
  return {
    ask: npm ? 'Which package?' : 'Which project?',
    example: npm ? '@acme/ui' : 'acme-ui',
    given: name,
    flags: '--package',
    read: (line) => readPackage(line, kind),
  };
}

class Asking {
  readonly #terminal: Terminal;
  #conversation: Conversation | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  async answer<T>(question: Question<T>): Promise<T> {
    if (question.given !== undefined) {
      const read = question.read(question.given);
      if (isProblem(read)) throw new CommandFailed(exitCode.usage, `${question.flags}: ${read.problem}`);
      return read;
    }
    this.#conversation ??= this.#terminal.converse?.();
    if (this.#conversation === undefined)
      throw new CommandFailed(exitCode.usage, `Say it with ${question.flags}: ${question.ask} For example: ${question.example}`);
    return this.#ask(this.#conversation, question);
  }

  async #ask<T>(conversation: Conversation, question: Question<T>): Promise<T> {
    const { err, width } = this.#terminal;
    err(`${[...wrap(question.ask, width.err), ...wrap(`For example: ${question.example}`, width.err)].join('\n')}\n`);
    for (;;) {
      const line = await conversation.ask('> ');
      if (line === undefined) throw new CommandFailed(exitCode.usage, 'Nothing was written.');
      const read = question.read(line);
      if (!isProblem(read)) {
        err('\n');
        return read;
      }
      err(`${wrap(read.problem, width.err).join('\n')}\n`);
    }
  }

  close(): void {
    this.#conversation?.close();
  }
}
