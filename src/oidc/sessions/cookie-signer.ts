import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'

/** What the library signs its cookies with; the shape is that of its package for it, keygrip. */
export interface CookieSigner {
  sign(data: string): string
  verify(data: string, signature: string): boolean
  /** 0, the only key there is; -1 of a signature that is not its. */
  index(data: string, signature: string): number
}

/**
 * HMAC-SHA-1 (RFC 2104), base64url, as keygrip makes it by the text of the key, so that cookies stay good; with one HMAC to verify where keygrip
 * makes three, since it compares two of the two that it compares.
 * @param key 32 bytes
 */
export function createCookieSigner(key: KeyObject): CookieSigner {
  const text = createSecretKey(key.export().toString('base64url'), 'utf8')
  const mac = (data: string): Buffer => createHmac('sha1', text).update(data).digest()
  const verify = (data: string, signature: string): boolean => {
    const given = Buffer.from(signature, 'base64url')
    const right = mac(data)
    // What decodes to the same bytes is not the same text (RFC 4648 §3.5).
    return (
      given.length === right.length &&
      timingSafeEqual(given, right) &&
      given.toString('base64url') === signature
    )
  }
  return {
    sign: (data) => mac(data).toString('base64url'),
    verify,
    index: (data, signature) => (verify(data, signature) ? 0 : -1),
  }
}
