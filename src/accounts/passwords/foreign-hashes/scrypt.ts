import { type ScryptOptions, scrypt } from 'node:crypto'
import { cost, fromBase64, fromHex, RefusedHash, type Scheme, saltOf, same } from './scheme.ts'

/** Three may be computed at once: 128 MiB each, which is what OWASP's N = 2^17, r = 8 takes. */
const MAX_MEMORY = 128 * 1024 * 1024
/** N × r × p: four times what OWASP advises. */
const MAX_WORK = 4 * 2 ** 17 * 8
/** Both systems derive 64 bytes. */
const BYTES = 64

/**
 * scrypt (RFC 7914) as Django writes it, `scrypt$N$salt$r$p$base64` (django.contrib.auth.hashers), and as Werkzeug does,
 * `scrypt:N:r:p$salt$hex` (werkzeug.security). The salt is text in both.
 */
export const scryptHash: Scheme = (hash) => {
  if (/^scrypt\$/.test(hash)) {
    const [, n, salt, r, p, value, more] = hash.split('$')
    if (more !== undefined) throw new RefusedHash('is damaged: it has a part too many')
    return scheme([n, r, p], salt, fromBase64(value, BYTES))
  }
  if (/^scrypt:/.test(hash)) {
    const [method = '', salt, value, more] = hash.split('$')
    const [, n, r, p, another] = method.split(':')
    if ((more ?? another) !== undefined) throw new RefusedHash('is damaged: it has a part too many')
    return scheme([n, r, p], salt, fromHex(value, BYTES))
  }
  return undefined
}

function scheme(numbers: readonly (string | undefined)[], salt: string | undefined, expected: Buffer) {
  const N = cost(numbers[0], 'scrypt N', 2 ** 20)
  const r = cost(numbers[1], 'scrypt r', 64)
  const p = cost(numbers[2], 'scrypt p', 64)
  if ((N & (N - 1)) !== 0 || N < 2) throw new RefusedHash('is damaged: its scrypt N is not a power of two')
  // RFC 7914 §6: N < 2^(128·r/8); OpenSSL throws. With r of 2 the bound is beyond what is affordable.
  if (r === 1 && N >= 2 ** 16) throw new RefusedHash('is damaged: its scrypt N is too large for its r')
  if (128 * N * r > MAX_MEMORY || N * r * p > MAX_WORK)
    throw new RefusedHash(
      `has the scrypt costs N ${N}, r ${r}, p ${p}, which would take the server too much memory or time at each try; let this person set a new password`,
    )
  const text = saltOf(salt)
  // OpenSSL counts a little beside the 128·N·r bytes of the big table.
  const options = { N, r, p, maxmem: 128 * r * (N + p + 2) + 1024 * 1024 }
  return { verify: async (password: string) => same(await derive(password, text, options), expected) }
}

const derive = (password: string, salt: string, options: ScryptOptions): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    scrypt(password, salt, BYTES, options, (error, key) => (error ? reject(error) : resolve(key)))
  })
