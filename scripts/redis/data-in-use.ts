/** The data directory belongs to a start that is still running: two servers on the same data would destroy it. */
export class DataInUse extends Error {
  constructor(what: string, ownerPid: number) {
    super(
      `${what} belongs to another start that is running (process ${ownerPid}). ` +
        'Stop that one, or give this one a Redis of its own with REDIS_URL.',
    );
  }
}
