// The registries of a stage. Each has a loopback address of its own, so that a client at its default settings finds each.
/** What is special about a registry; `main` is as it should be. */
export const rooms = {
  main: '127.0.0.1',
  /** Takes uploads of 16 KiB and no more. */
  small: '127.0.0.2',
  /** `refusals: brief`. */
  brief: '127.0.0.3',
  /** Nothing listens where its upstream should be. */
  unreachable: '127.0.0.4',
  /** Its upstream takes requests and never answers. */
  silent: '127.0.0.5',
  /** Its upstream answers what is not HTTP. */
  broken: '127.0.0.6',
  /** Its service credential is wrong. */
  credential: '127.0.0.7',
  /** Its upstream refuses uploads. */
  refusing: '127.0.0.8',
  /** Its address has a path, `/packages/`. */
  below: '127.0.0.9',
  /** Names one package `trusted_only`. */
  trusted: '127.0.0.10',
  /** Its proxy cannot reach its token store. */
  storeless: '127.0.0.11',
  /** The disk with the audit record of its proxy is full, and `audit.required` is set. */
  unrecorded: '127.0.0.12',
} as const;

export type RoomName = keyof typeof rooms;

/** Those that need a proxy of their own. */
export const apart = ['storeless', 'unrecorded'] as const satisfies readonly RoomName[];

export const roomNames = Object.keys(rooms) as RoomName[];

/** The path of a registry below its host. */
export const pathOf = (room: RoomName): string => (room === 'below' ? '/packages/' : '/');
