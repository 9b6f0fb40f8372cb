import { isIP } from 'node:net';
import { z } from 'zod';
import { isIn, readNetwork, type Address, type Network } from './public-address.ts';

/** The webhook receivers that the operator allows although they have a private address or use plain HTTP. */
export interface AllowedHosts {
  names: ReadonlySet<string>;
  networks: readonly Network[];
}

/** The setting WEBHOOK_ALLOWED_HOSTS: host names, IP addresses and CIDRs, separated by commas. The default is empty. */
export const webhookAllowedHosts = z
  .string()
  .default('')
  .transform((list, context): AllowedHosts => {
    const names = new Set<string>();
    const networks: Network[] = [];
    const entries = list.trim() === '' ? [] : list.split(',').map((entry) => entry.trim());
    entries.forEach((entry, at) => {
      const network = readNetwork(entry);
      const name = network ? null : readName(entry);
      if (network) networks.push(network);
      else if (name !== null) names.add(name);
      else {
        context.issues.push({
          code: 'custom',
          message:
            `entry ${at + 1} must be a host name, an IP address or a CIDR, ` +
            'as in receiver.internal,10.0.0.5,192.168.0.0/16, without scheme, port or path',
          input: undefined,
        });
      }
    });
    return { names, networks };
  });

/** A host name as `URL` normalizes it, or `null` when the text is not a name or is an address in disguise. */
function readName(entry: string): string | null {
  if (!/^[^\s/:@?#\\[\]%*]+$/.test(entry)) return null;
  const url = URL.parse(`https://${entry}/`);
  const name = url ? hostOf(url) : '';
  return name === '' || isIP(name) !== 0 ? null : name;
}

/** The host of a URL without its brackets and trailing dots. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '').replace(/\.+$/, '');
}

export function isNameAllowed({ names }: AllowedHosts, host: string): boolean {
  return names.has(host);
}

export function isAddressAllowed({ networks }: AllowedHosts, address: Address): boolean {
  return networks.some((network) => isIn(address, network));
}
