// `countersign snippet`: the CI file with which a publisher's job publishes, from the policy alone.
import type { Configuration, Issuer } from '../config/configuration.ts';
import { isWild } from '../core/pattern.ts';
import type { TrustedPublisher } from '../core/publisher.ts';
import type { Script, SnippetFile } from '../core/snippet.ts';
import type { RegistrySettings } from '../registries/registry.ts';
import { didYouMean, quote } from '../config/did-you-mean.ts';
import { configurationFor } from './configuration.ts';
import { CommandFailed, exitCode, type ExitCode } from './exit.ts';
import { painter, print, printJson } from './output.ts';
import type { Terminal } from './terminal.ts';

export interface SnippetOptions {
  readonly config: string;
  readonly registry?: string;
  readonly client?: string;
  readonly json?: boolean;
}

/** What one client runs to publish to one registry, and the files that say so. */
export interface Snippet {
  readonly registry: string;
  readonly client: string;
  readonly audience: string;
  readonly files: readonly SnippetFile[];
}

/** Prints a snippet for each registry of the publisher, or for the one asked for. */
export async function snippet(name: string, options: SnippetOptions, terminal: Terminal): Promise<ExitCode> {
  const configuration = await configurationFor(options.config, terminal, { policyOnly: true });
  const publisher = find(name, 'publisher', new Map(configuration.publishers.map((each) => [each.name, each])));
  const names = options.registry === undefined ? registriesFor(configuration, publisher, options.client) : [options.registry];
  const snippets = names.map((registry) =>
    snippetFor(
      configuration,
      publisher,
      find(registry, 'registry of this publisher', registriesOf(configuration, publisher)),
      options.client,
    ),
  );
  if (options.json) printJson(terminal, { publisher: publisher.name, snippets });
  else
    print(
      terminal,
      snippets.flatMap((each) => textOf(each, terminal.colour.out)),
    );
  return exitCode.ok;
}

/**
 * The snippet for one registry.
 * @throws CommandFailed (`usage`) where this client cannot publish from this CI
 */
export function snippetFor(configuration: Configuration, publisher: TrustedPublisher, registry: RegistrySettings, asked?: string): Snippet {
  const issuer = find(publisher.issuer, 'issuer', configuration.issuers);
  const { clients } = registry.protocol.snippet;
  const client = asked ?? clients[0] ?? '';
  if (!clients.includes(client)) throw unknown(client, `client of ${registry.protocol.title}`, clients);
  const part = issuer.provider.snippet;
  if (part === undefined)
    throw failure(`there is no CI file for ${issuer.provider.title}; docs/ci/${issuer.provider.id}.md says how its jobs publish`);
  const script = scriptFor(client, issuer, publisher, registry);
  const files = part.files({ publisher: publisher.name, from: publisher.from, issuer: issuer.url, script });
  return { registry: registry.name, client, audience: script.audience, files };
}

function scriptFor(client: string, issuer: Issuer, publisher: TrustedPublisher, registry: RegistrySettings): Script {
  const { provider } = issuer;
  const native = provider.snippet?.native?.(issuer.url);
  const fixed = provider.audience === 'fixed' ? issuer.audiences[0] : undefined;
  if (provider.audience === 'fixed' && fixed === undefined)
    throw failure(`every token of ${provider.title} has the same audience: list it under \`audiences:\` of issuer ${issuer.name}`);
  const [entry, ...more] = publisher.publish.get(registry.name) ?? [];
  const script = registry.protocol.snippet.script({
    client,
    url: registry.url,
    audiences: registry.audiences,
    audience: registry.audience,
    actions: provider.snippet?.actions === true,
    ...(entry === undefined || more.length > 0 || isWild(entry) ? {} : { scope: `publish:${registry.name}:${entry}` }),
    ...(native === undefined ? {} : { native }),
    ...(fixed === undefined ? {} : { fixed }),
  });
  if (typeof script === 'string') throw failure(`no snippet for ${client} on ${provider.title}: ${script}`);
  return fixed === undefined ? script : { ...script, notes: [...script.notes, `Every token of this CI is for the audience ${fixed}.`] };
}

function registriesOf({ registries }: Configuration, { publish }: TrustedPublisher): Map<string, RegistrySettings> {
  return new Map([...registries].filter(([name]) => publish.has(name)));
}

/** All registries of the publisher, or those whose protocol has the client. */
function registriesFor(configuration: Configuration, publisher: TrustedPublisher, client: string | undefined): string[] {
  const all = [...registriesOf(configuration, publisher)];
  const spoken = all.filter(([, { protocol }]) => client === undefined || protocol.snippet.clients.includes(client));
  return (spoken.length === 0 ? all : spoken).map(([name]) => name);
}

function find<T>(name: string, what: string, among: ReadonlyMap<string, T>): T {
  const found = among.get(name);
  if (found !== undefined) return found;
  throw unknown(name, what, [...among.keys()]);
}

function unknown(name: string, what: string, known: readonly string[]): CommandFailed {
  return failure(`${quote(name)} is no ${what}${didYouMean(name, known) || '.'} There are ${known.join(', ') || 'none'}`);
}

function failure(sentence: string): CommandFailed {
  return new CommandFailed(exitCode.usage, `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`);
}

function textOf({ registry, client, files }: Snippet, colour: boolean): string[] {
  const paint = painter(colour);
  return files.flatMap(({ path, text, language }) => [
    paint('dim', `${language === 'groovy' ? '//' : '#'} ${path}: ${client} to ${registry}`),
    text,
  ]);
}
