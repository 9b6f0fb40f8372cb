import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

export type Address = ipaddr.IPv4 | ipaddr.IPv6;
export type Network = [Address, number];

/**
 * The only block from which IANA assigns unicast addresses; the rest of IPv6 is special or reserved (RFC 4291, 2.4).
 */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * A public address that leads to the Azure host:
 * https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
 */
const azureHost = ipaddr.IPv4.parseCIDR('168.63.129.16/32');

/** Parses an address. An IPv4-mapped IPv6 address becomes the IPv4 address. `null`: the text is not an address. */
export function readAddress(text: string): Address | null {
  // ipaddr.js alone also accepts 0x7f.1 and 10.1.
  return isIP(text) === 0 ? null : unmapped(ipaddr.parse(text));
}

function unmapped(address: Address): Address {
  return address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress()
    ? address.toIPv4Address()
    : address;
}

/** Whether an address is on the public internet and does not lead to another address (NAT64, 6to4, Teredo, ...). */
export function isPublicAddress(address: Address): boolean {
  if (address.range() !== 'unicast') return false;
  return address instanceof ipaddr.IPv6 ? address.match(globalUnicast) : !isIn(address, azureHost);
}

export function isIn(address: Address, [network, bits]: Network): boolean {
  return address.kind() === network.kind() && address.match(network, bits);
}

const mappedBits = 96;

/** Parses an address or a CIDR. `null`: the text is neither. */
export function readNetwork(text: string): Network | null {
  const [start = '', length, ...more] = text.split('/');
  if (isIP(start) === 0 || more.length > 0) return null;
  const address = ipaddr.parse(start);
  const all = address instanceof ipaddr.IPv4 ? 32 : 128;
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return null;
  const bits = length === undefined ? all : Number(length);
  if (bits > all) return null;
  const plain = unmapped(address);
  if (plain === address) return [address, bits];
  return bits < mappedBits ? null : [plain, bits - mappedBits];
}
