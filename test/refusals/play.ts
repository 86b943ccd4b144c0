// Plays one scenario with one client, and sees to it that the refusal it is about was really the cause.
import { refusalKinds, type RefusalCode } from '../../src/core/refusal.ts';
import type { ClientRun } from '../support/clients.ts';
import { removeTempDir } from '../support/temp.ts';
import { mask, shows } from './mask.ts';
import { longest, named } from './words.ts';
import { apart, rooms } from './rooms.ts';
import type { Recording, Scenario, Scene, Situation } from './scenario.ts';
import type { Stage } from './stage.ts';

/** A scene that a client can run in, with the folders that its output may name. */
export interface Playable extends Scene {
  readonly folders: { readonly home: string; readonly project: () => string };
  readonly publish: () => Promise<ClientRun>;
}

/** Throws when the refusal that the scenario is about neither came up in the output nor in the audit record. */
export async function play<C extends string, S extends Playable, T extends Scenario<C, S>>(
  stage: Stage<T>,
  scenario: T,
  scene: S,
): Promise<Recording> {
  const before = stage.decisions(scenario.code).length;
  const run = await (scenario.cause ?? ((at: S) => at.publish()))(scene);
  const { home, project } = scene.folders;
  const texts = [...places(project(), home), ...hosts(stage)];
  const masked = (text: string): string => mask(text, { id: scene.id, texts });
  const output = [run.stdout, run.stderr]
    .map(masked)
    .filter((text) => text !== '')
    .join('\n');
  removeTempDir(home);
  const shown = [`(${scenario.code}, request`, `code:${scenario.code}`, sentence(scenario.code)].some((words) => shows(output, words));
  const decision = await stage.decision(scenario.code, before, scenario.sampled === true ? 0 : shown ? 1000 : 5000);
  const status = scenario.sampled === true && new RegExp(`\\b${refusalKinds[scenario.code].status}\\b`).test(output);
  if (!shown && !status && decision === undefined) throw new Error(`${scenario.code} did not come up (exit ${run.code}):\n${output}`);
  return { kind: 'ran', did: scenario.did, output, succeeded: run.code === 0, message: masked(decision?.message ?? '') };
}

/** The longest part of the sentence that is the same whatever the values are. */
function sentence(code: RefusalCode): string {
  return longest(refusalKinds[code].sentence(named));
}

function places(project: string, home: string): [string, string][] {
  const inside: [string, string][] = project === '' ? [] : [[project, '~/ui']];
  return [...inside, [home, '~']];
}

function hosts(stage: Pick<Stage<Situation>, 'url' | 'issuer' | 'tokens' | 'called'>): [string, string][] {
  const port = new URL(stage.url()).port;
  const own = Object.values(rooms).toSorted((a, b) => b.length - a.length);
  return [
    [stage.issuer.issuer, 'https://ci.acme.example'],
    [`http://127.0.0.1:${stage.tokens.port}`, 'https://ci.acme.example'],
    ['http://127.0.0.1:9', 'https://ci-down.acme.example'],
    ...[port, ...apart.map((room) => new URL(stage.url(room)).port)].flatMap((at): [string, string][] => [
      ...own.flatMap((address): [string, string][] => [
        [`http://${address}:${at}`, `https://${stage.called}`],
        [`https://${address}:${at}`, `https://${stage.called}`],
        [`${address}:${at}`, stage.called],
      ]),
      [`http://localhost:${at}`, `https://other.acme.example`],
      [`https://localhost:${at}`, `https://other.acme.example`],
      [`localhost:${at}`, `other.acme.example`],
    ]),
    ...own.map((address): [string, string] => [address, stage.called]),
  ];
}
