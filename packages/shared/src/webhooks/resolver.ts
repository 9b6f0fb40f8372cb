import { lookup as systemLookup } from 'node:dns';

/** `dns.lookup` with `all`, as the connections of Node.js use it. */
export type Lookup = (
  hostname: string,
  options: { all: true; verbatim: true },
  callback: (
    error: NodeJS.ErrnoException | null,
    addresses: { address: string; family: number }[],
  ) => void,
) => void;

const keptMs = 30_000;
const maxKept = 1_000;
const timeoutMs = 2_000;
/** The system's lookups share a few threads, so a name server that hangs must not use them all up. */
const maxConcurrentLookups = 64;

/**
 * Looks up the addresses of host names for an early check. Answers are cached for half a minute, and concurrent lookups
 * of a name are merged. There are no addresses when the lookup fails or takes longer than two seconds.
 */
export function resolver({
  lookup = systemLookup,
  now = Date.now,
}: {
  lookup?: Lookup;
  now?: () => number;
}): { addressesOf: (host: string) => Promise<string[]> } {
  const kept = new Map<string, { addresses: Promise<string[]>; untilMs: number }>();
  let inFlight = 0;
  const ask = (host: string) => {
    inFlight += 1;
    return new Promise<string[]>((resolve) => {
      lookup(host, { all: true, verbatim: true }, (error, addresses) => {
        inFlight -= 1;
        // Without an answer nothing is rejected here. The sender checks again when it connects.
        resolve(error ? [] : addresses.map(({ address }) => address));
      });
    });
  };
  return {
    addressesOf: async (host) => {
      const known = kept.get(host);
      if (known && known.untilMs > now()) return withTimeout(known.addresses);
      if (inFlight >= maxConcurrentLookups) return [];
      const addresses = ask(host);
      kept.delete(host);
      const [oldest] = kept.keys();
      if (kept.size >= maxKept && oldest !== undefined) kept.delete(oldest);
      kept.set(host, { addresses, untilMs: now() + keptMs });
      return withTimeout(addresses);
    },
  };
}

async function withTimeout(addresses: Promise<string[]>): Promise<string[]> {
  const late = Promise.withResolvers<string[]>();
  const timer = setTimeout(() => late.resolve([]), timeoutMs);
  try {
    return await Promise.race([addresses, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
