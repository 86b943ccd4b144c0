// Reads a token record from the text that a store kept. Whoever can write to Redis can write anything there (RED-14).
import { actions, type Grant, type Run, type TokenRecord } from '../core/grant.ts';
import { isJsonObject, own, type Json } from '../core/json.ts';
import { unpack } from './packed.ts';

/** Bytes of the longest record that is written or read. */
export const maxRecordBytes = 256 * 1024;

type Shape = Readonly<Record<string, (value: Json | undefined) => boolean>>;
/** A shape with its members listed once: it is held against every record that is written or read. */
type Members = readonly (readonly [string, Shape[string]])[];

const known: readonly string[] = actions;
const isText = (value: Json | undefined): boolean => typeof value === 'string' && value !== '';
const isTextIfThere = (value: Json | undefined): boolean => value === undefined || typeof value === 'string';
const isTime = (value: Json | undefined): boolean => typeof value === 'number' && Number.isSafeInteger(value) && value > 0;

const recordShape = {
  version: (value) => value === 1,
  id: (value) => typeof value === 'string' && /^[0-9a-f]{12}$/.test(value),
  issuer: isText,
  claims: isJsonObject,
  grants: (value) => Array.isArray(value) && value.length > 0 && value.every((grant) => has(grant, grantMembers)),
  run: (value) => has(value, runMembers),
  minted: isTime,
  expires: isTime,
  maxUploads: (value) => value === undefined || isTime(value),
} satisfies Record<keyof TokenRecord, Shape[string]>;

const grantShape = {
  registry: isText,
  publisher: isText,
  packages: (value) => Array.isArray(value) && value.length > 0 && value.every(isText),
  allow: (value) => Array.isArray(value) && value.every((action) => typeof action === 'string' && known.includes(action)),
} satisfies Record<keyof Grant, Shape[string]>;

const runShape = {
  anchor: isText,
  actor: isTextIfThere,
  commit: isTextIfThere,
  ref: isTextIfThere,
  workflow: isTextIfThere,
  environment: isTextIfThere,
  run: isTextIfThere,
  runUrl: isTextIfThere,
} satisfies Record<keyof Run, Shape[string]>;

const recordMembers: Members = Object.entries(recordShape);
const grantMembers: Members = Object.entries(grantShape);
const runMembers: Members = Object.entries(runShape);

/** An object with these own members and no other. */
function has(value: Json | undefined, members: Members): boolean {
  if (!isJsonObject(value)) return false;
  let known = 0;
  for (const [key, holds] of members) {
    const member = own(value, key);
    if (!holds(member)) return false;
    if (member !== undefined || Object.hasOwn(value, key)) known += 1;
  }
  return Object.keys(value).length === known;
}

/**
 * The record, or undefined when the text is not a record of exactly the form that this version or the one before writes, or
 * not the record of this token. A version that came before this form takes it for no record, and refuses its token.
 * @param tokenHash SHA-256 (hex) under which the text was found
 */
export function readRecord(text: string, tokenHash: string): TokenRecord | undefined {
  const value = unpack(text, maxRecordBytes);
  return isRecordOf(value, tokenHash) ? value : undefined;
}

/** True for a record of this form and this token: one copied to another key names the token that it was minted for. */
export function isRecordOf(value: unknown, tokenHash: string): value is TokenRecord {
  return isJsonObject(value) && has(value, recordMembers) && own(value, 'id') === tokenHash.slice(0, 12);
}

/** The record until its own expiry: how long something is kept is housekeeping, not the decision (TOK-10, RED-18). */
export function current(record: TokenRecord | undefined, now: number): TokenRecord | undefined {
  return record !== undefined && now < record.expires * 1000 ? record : undefined;
}
