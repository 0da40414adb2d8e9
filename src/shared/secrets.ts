import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import { chmodSync, existsSync, linkSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from './errors.ts'
import { makeFolder } from './make-folder.ts'

const ALGORITHM = 'aes-256-gcm'

/** Keys and sealing under the one secret of an installation. */
export interface Secrets {
  /**
   * 32 bytes for one purpose (HKDF-SHA-256, RFC 5869); the same bytes for the same purpose, always. As a key of `node:crypto`: given the bytes, an
   * HMAC costs six times as much there.
   */
  key(purpose: string): KeyObject
  /** Encrypts a text at rest (AES-256-GCM). `context` must be the same when it is opened. */
  seal(plaintext: string, context: string): string
  /** @throws AppError secret_key_mismatch when sealed under another secret, or tampered with */
  open(sealed: string, context: string): string
}

/** 32 bytes (HKDF-SHA-256, RFC 5869). */
export const derivedKey = (from: string | KeyObject, salt: string, info: string): KeyObject =>
  createSecretKey(Buffer.from(hkdfSync('sha256', from, salt, info, 32)))

/** @param secretKey at least 32 characters of random text */
export function createSecrets(secretKey: string): Secrets {
  const key = (purpose: string) => derivedKey(secretKey, 'latchkey', `latchkey/v1/${purpose}`)
  const sealingKey = key('seal')
  return {
    key,
    seal(plaintext, context) {
      const iv = randomBytes(12)
      const cipher = createCipheriv(ALGORITHM, sealingKey, iv).setAAD(Buffer.from(context))
      const text = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()])
      return `v1.${Buffer.concat([iv, cipher.getAuthTag(), text]).toString('base64url')}`
    },
    open(sealed, context) {
      try {
        if (!sealed.startsWith('v1.')) throw new Error('unknown version of a sealed value')
        const bytes = Buffer.from(sealed.slice(3), 'base64url')
        const decipher = createDecipheriv(ALGORITHM, sealingKey, bytes.subarray(0, 12), { authTagLength: 16 })
        decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(12, 28))
        return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8')
      } catch (cause) {
        throw new AppError('secret_key_mismatch', 500, 'The server cannot read its stored keys.', {
          cause,
          detail: `cannot open ${context}: SECRET_KEY (or DATA_DIR/secret.key) is not the one it was sealed under. Put the right one back; if it is lost for good, see what “npm run -s latchkey -- doctor” names`,
        })
      }
    },
  }
}

/** The file that holds the secret of an installation without SECRET_KEY. */
export const secretKeyFile = (dataDir: string): string => join(dataDir, 'secret.key')

/**
 * The secret of an installation without SECRET_KEY: `secret.key` in the data directory, made on first use with
 * mode 0600. Two processes that start at once end up with the same one.
 */
export function loadSecretKeyFile(dataDir: string): string {
  const path = secretKeyFile(dataDir)
  makeFolder(dataDir)
  if (!existsSync(path)) {
    const draft = `${path}.${process.pid}`
    writeFileSync(draft, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 })
    try {
      linkSync(draft, path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    } finally {
      unlinkSync(draft)
    }
  }
  chmodSync(path, 0o600)
  const text = readFileSync(path, 'utf8').trim()
  if (Buffer.byteLength(text) < 32)
    throw new AppError('secret_key_invalid', 500, 'The secret key file is damaged.', {
      detail: `${path} must hold at least 32 characters of random text`,
    })
  return text
}
