/** Another `pnpm start` is using the data directory. Two servers on the same data would destroy it. */
export class DataInUse extends Error {
  constructor(what: string, ownerPid: number) {
    super(
      `${what} is in use by another pnpm start (process ${ownerPid}). ` +
        'Stop that one, or set REDIS_URL to a different Redis.',
    );
  }
}
