import { isIP } from 'node:net';

/**
 * Whose an address is, as far as that can be told: an IPv4 address itself, the /64 network of an IPv6 address, which is what one
 * customer has at least, however it is written. Null for what is no address.
 */
export function networkOf(address: string): string | null {
  const version = isIP(address);
  if (version !== 6) return version === 4 ? address : null;
  const groups = groupsOf(address.replace(/%.*$/s, ''));
  const isMapped = groups.slice(0, 6).join(':') === '0:0:0:0:0:ffff';
  if (!isMapped) return `${groups.slice(0, 4).join(':')}::/64`;
  const [high = 0, low = 0] = groups.slice(6).map((group) => Number.parseInt(group, 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** The eight groups, without leading zeros. */
function groupsOf(address: string): string[] {
  const plain = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = '', tail] = plain.split('::');
  const split = (part: string) => part.split(':').filter((group) => group !== '');
  if (tail === undefined) return split(head);
  const zeros = Array<string>(8 - split(head).length - split(tail).length).fill('0');
  return [...split(head), ...zeros, ...split(tail)];
}
