import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Clock } from '../../shared/clock.ts'
import { epochSeconds } from '../../shared/clock.ts'
import { derivedKey } from '../../shared/secrets.ts'

const IV_BYTES = 12
const TAG_BYTES = 16
/** Characters of the largest cookie. */
const COOKIE_LENGTH = 4096

const envelopeSchema = z.object({ exp: z.number(), value: z.unknown() })

export interface SealedCookies {
  /** Characters; what is longer is not opened. */
  maxLength: number
  /**
   * @param purpose what the value is for; opening under another purpose fails
   * @param ttl seconds
   */
  seal(purpose: string, value: object, ttl: number): string
  /** The value, or undefined when it was forged, altered, sealed for another purpose, has expired or changed shape. */
  open<T>(purpose: string, sealed: string | undefined, schema: z.ZodType<T>): T | undefined
}

/**
 * Small pieces of state kept in the browser: unreadable and unalterable there, expiring, bound to one purpose.
 * AES-256-GCM with a random nonce; the purpose is associated data.
 * @param key any secret of at least 32 bytes; the encryption key is derived from it
 * @param maxLength characters; what is longer is not opened
 */
export function createSealedCookies(key: KeyObject, clock: Clock, maxLength = COOKIE_LENGTH): SealedCookies {
  const encryptionKey = derivedKey(key, '', 'latchkey sealed cookie v1')
  return {
    maxLength,
    seal(purpose, value, ttl) {
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv('aes-256-gcm', encryptionKey, iv, { authTagLength: TAG_BYTES })
      cipher.setAAD(Buffer.from(purpose))
      const text = JSON.stringify({ exp: epochSeconds(clock) + ttl, value })
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url')
    },
    open(purpose, sealed, schema) {
      if (sealed === undefined || sealed.length > maxLength) return undefined
      const envelope = decrypt(encryptionKey, purpose, sealed)
      if (envelope === undefined || envelope.exp <= epochSeconds(clock)) return undefined
      return schema.safeParse(envelope.value).data
    },
  }
}

function decrypt(key: KeyObject, purpose: string, sealed: string) {
  const bytes = Buffer.from(sealed, 'base64url')
  if (bytes.length <= IV_BYTES + TAG_BYTES) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES), {
    authTagLength: TAG_BYTES,
  })
  decipher.setAAD(Buffer.from(purpose))
  decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
  try {
    const body = decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES))
    const text = Buffer.concat([body, decipher.final()]).toString('utf8')
    return envelopeSchema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}
