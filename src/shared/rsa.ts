import { type Message, message } from './locales/texts.ts'

/**
 * RSA keys of others are taken from 2,048 bits (NIST SP 800-131A) to 4,096: each doubling makes a signature check about four times
 * as dear, and anybody can send one.
 */
export const RSA_BITS = { least: 2048, most: 4096 } as const

/** The length of the modulus of an RSA key in bits; 0: it is none. */
function modulusBits(modulus: unknown): number {
  const bytes = Buffer.from(typeof modulus === 'string' ? modulus : '', 'base64url')
  const first = bytes.findIndex((byte) => byte !== 0)
  return first < 0 ? 0 : (bytes.length - first) * 8 - (Math.clz32(bytes[first] ?? 0) - 24)
}

/** Whether a public exponent is odd and 3 or more (RFC 8017 §3.1): by 1, anybody makes signatures. */
function isExponent(exponent: unknown): boolean {
  const bytes = Buffer.from(typeof exponent === 'string' ? exponent : '', 'base64url')
  const last = bytes.at(-1) ?? 0
  return last % 2 === 1 && (last > 1 || bytes.subarray(0, -1).some((byte) => byte !== 0))
}

/** Why the size or the exponent of a JWK (RFC 7517) is not accepted; undefined: it is, or the key is no RSA key. */
export function rsaSizeProblem(jwk: unknown): Message | undefined {
  if (typeof jwk !== 'object' || jwk === null) return undefined
  const { kty, n, e } = jwk as { kty?: unknown; n?: unknown; e?: unknown }
  if (kty !== 'RSA') return undefined
  if (!isExponent(e)) return message('admin.client_errors.jwks.exponent')
  const bits = modulusBits(n)
  if (bits >= RSA_BITS.least && bits <= RSA_BITS.most) return undefined
  return message('admin.client_errors.jwks.size', {
    bits: String(bits),
    least: String(RSA_BITS.least),
    most: String(RSA_BITS.most),
  })
}

/**
 * A JWK Set as it was fetched, without the keys of a size or an exponent that is not accepted: they are ignored, as RFC 7517 §5 has it for
 * values out of range. What is no JWK Set comes back as it was, for its reader to refuse.
 */
export function withoutUnfitKeys(text: string): string {
  try {
    const set: unknown = JSON.parse(text)
    if (typeof set !== 'object' || set === null || !Array.isArray((set as { keys?: unknown }).keys))
      return text
    const { keys } = set as { keys: unknown[] }
    const fit = keys.filter((key) => rsaSizeProblem(key) === undefined)
    return fit.length === keys.length ? text : JSON.stringify({ ...set, keys: fit })
  } catch {
    return text
  }
}
