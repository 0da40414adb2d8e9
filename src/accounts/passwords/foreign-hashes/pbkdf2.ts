import { pbkdf2 } from 'node:crypto'
import { promisify } from 'node:util'
import { cost, fromBase64, fromHex, RefusedHash, type Scheme, saltOf, same } from './scheme.ts'

const derive = promisify(pbkdf2)
const MAX_ITERATIONS = 5_000_000
/** The length of each digest in bytes, which both systems derive. */
const DIGESTS: Readonly<Record<string, number>> = { sha1: 20, sha256: 32, sha512: 64 }

/**
 * PBKDF2 (RFC 8018 §5.2) as Django writes it, `pbkdf2_sha256$iterations$salt$base64` (django.contrib.auth.hashers), and
 * as Werkzeug does, `pbkdf2:sha256:iterations$salt$hex` (werkzeug.security). The salt is text in both.
 */
export const pbkdf2Hash: Scheme = (hash) => {
  if (/^pbkdf2_/.test(hash)) {
    const [name = '', iterations, salt, value, more] = hash.split('$')
    return scheme(name.slice('pbkdf2_'.length), iterations, salt, more, (bytes) => fromBase64(value, bytes))
  }
  if (/^pbkdf2:/.test(hash)) {
    const [method = '', salt, value, more] = hash.split('$')
    const [, digest = '', iterations] = method.split(':')
    return scheme(digest, iterations, salt, more, (bytes) => fromHex(value, bytes))
  }
  return undefined
}

function scheme(
  digest: string,
  iterations: string | undefined,
  salt: string | undefined,
  more: string | undefined,
  value: (bytes: number) => Buffer,
) {
  const bytes = Object.hasOwn(DIGESTS, digest) ? DIGESTS[digest] : undefined
  if (bytes === undefined)
    throw new RefusedHash(`uses PBKDF2 with a digest other than ${Object.keys(DIGESTS).join(', ')}`)
  if (more !== undefined) throw new RefusedHash('is damaged: it has a part too many')
  const rounds = cost(iterations, 'number of PBKDF2 iterations', MAX_ITERATIONS)
  const text = saltOf(salt)
  const expected = value(bytes)
  return {
    verify: async (password: string) => same(await derive(password, text, rounds, bytes, digest), expected),
  }
}
