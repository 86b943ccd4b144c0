// The thread of `aside.ts`: reads and checks the files that it was started for, and hands over what it found.
import { parentPort, workerData } from 'node:worker_threads';
import { post } from './hand-over.ts';
import { findPolicy } from './load.ts';
import type { Environment } from './variables.ts';

const { path, env } = workerData as { readonly path: string; readonly env: Environment };
if (parentPort !== null) post(findPolicy(path, { env, policyOnly: false }), parentPort);
