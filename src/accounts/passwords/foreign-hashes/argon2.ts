import { argon2 } from '../threads/argon2.ts'
import { cost, RefusedHash, type Scheme } from './scheme.ts'

/** KiB. Four may be computed at once. */
const MAX_MEMORY = 262_144
/** Memory × passes, KiB: about two seconds. */
const MAX_WORK = 2_097_152

/** Parameters in any order, as they are written in any. */
const PHC =
  /^\$argon2(?:i|d|id)(?:\$v=(\d+))?\$([mtp]=\d+,[mtp]=\d+,[mtp]=\d+)\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{16,172}$/

/**
 * argon2 i, d or id (RFC 9106) in the PHC string format, under Django's name: `argon2$argon2id$v=19$m=…`
 * (django.contrib.auth.hashers). A string without that name gets it before it is stored.
 */
export const argon2Hash: Scheme = (hash) => {
  if (!hash.startsWith('argon2$')) return undefined
  const phc = hash.slice('argon2'.length)
  const [, version, parameters] = PHC.exec(phc) ?? []
  if (parameters === undefined)
    throw new RefusedHash('is damaged: it is no whole argon2 hash in the PHC format')
  if (version !== '19')
    throw new RefusedHash('is of an old version of argon2; only version 19 (0x13) is known')
  const { m, t, p } = Object.fromEntries(parameters.split(',').map((text) => text.split('=')))
  const memory = cost(m, 'argon2 memory in KiB', MAX_MEMORY)
  const passes = cost(t, 'number of argon2 passes', 64)
  const lanes = cost(p, 'number of argon2 lanes', 32)
  if (memory < 8 * lanes) throw new RefusedHash('is damaged: argon2 needs 8 KiB of memory a lane')
  if (memory * passes > MAX_WORK)
    throw new RefusedHash(
      `has the argon2 costs m ${memory}, t ${passes}, which would take the server too long at each try; let this person set a new password`,
    )
  return { verify: (password) => argon2.verify(phc, password) }
}
