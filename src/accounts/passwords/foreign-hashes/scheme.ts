import { timingSafeEqual } from 'node:crypto'

/** A hash of a known form. */
export interface ForeignHash {
  verify(password: string): Promise<boolean>
}

/** Undefined: not of this form. @throws RefusedHash for one of this form that will not do */
export type Scheme = (hash: string) => ForeignHash | undefined

/** A hash together with what some systems keep beside it. */
export interface SaltedHash {
  hash: string
  /** Only for SHA-256: what was put before or behind the password. */
  salt?: string | undefined
  saltPosition?: 'prefix' | 'suffix' | undefined
}

/** Why a hash is not taken, to be read after the name of its field. */
export class RefusedHash extends Error {}

/** A positive whole number of a hash. @throws RefusedHash beyond `most` */
export function cost(text: string | undefined, what: string, most: number): number {
  const value = /^[1-9]\d{0,11}$/.test(text ?? '') ? Number(text) : Number.NaN
  if (Number.isNaN(value)) throw new RefusedHash(`is damaged: its ${what} is not a whole number`)
  if (value > most)
    throw new RefusedHash(
      `has a ${what} of ${value}, and more than ${most} would take the server too long at each try; let this person set a new password`,
    )
  return value
}

/** Takes the same time wherever two of one length differ. */
export const same = (one: Buffer, other: Buffer): boolean =>
  one.length === other.length && timingSafeEqual(one, other)

/** @throws RefusedHash unless it is hexadecimal of this many bytes */
export function fromHex(text: string | undefined, bytes: number): Buffer {
  if (text === undefined || text.length !== bytes * 2 || !/^[0-9a-f]*$/i.test(text))
    throw new RefusedHash(`is damaged: it should end in ${bytes * 2} hexadecimal digits`)
  return Buffer.from(text, 'hex')
}

/** @throws RefusedHash unless it is base64 of this many bytes */
export function fromBase64(text: string | undefined, bytes: number): Buffer {
  const value = Buffer.from(text ?? '', 'base64')
  if (text === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(text) || value.length !== bytes)
    throw new RefusedHash(`is damaged: it should end in ${bytes} bytes in base64`)
  return value
}

/** @throws RefusedHash for a salt that is missing or longer than 256 characters */
export function saltOf(text: string | undefined): string {
  if (!text || text.length > 256) throw new RefusedHash('is damaged: it has no salt, or one that is too long')
  return text
}
