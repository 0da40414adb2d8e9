const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Base32 without padding (RFC 4648 §6). Of whole groups of five bytes, as all here are, there is none to leave out. */
export function toBase32(bytes: Uint8Array): string {
  let bits = ''
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0')
  return (bits.match(/.{1,5}/g) ?? [])
    .map((five) => ALPHABET[Number.parseInt(five.padEnd(5, '0'), 2)])
    .join('')
}

/** In groups of four, for people: “ABCD-EFGH”. */
export const inGroups = (base32: string, separator = '-'): string =>
  (base32.match(/.{1,4}/g) ?? []).join(separator)

/**
 * What a person typed, without separators and in capitals. Digits that are not of the alphabet are taken for the letters
 * that look like them.
 */
export const fromTyped = (typed: string): string =>
  typed
    .toUpperCase()
    .replaceAll('0', 'O')
    .replaceAll('1', 'I')
    .replaceAll('8', 'B')
    .replaceAll(/[^A-Z2-7]/g, '')
